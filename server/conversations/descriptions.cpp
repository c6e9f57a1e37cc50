#include "conversations/conversations.hpp"

namespace hermod::conversations {

static constexpr std::string_view history_text =
    "What one who joins sees of what was before: nothing (`join`), or all (`start`)";

// A participant's own settings.
static constexpr FieldText marked_unread_text{"marked_unread", "It is shown as unread"};
static constexpr FieldText archived_text{"archived", "It is put away"};
static constexpr FieldText pinned_text{"pinned", "It is kept at the top"};

FieldTexts field_texts(OwnView const*)
{
    static constexpr auto texts = describe<OwnView>({
        {"mentions", "How many unread messages mention the person"},
        marked_unread_text,
        archived_text,
        pinned_text,
        {"muted_until", "Until when nothing in it notifies the person"},
    });
    return texts;
}

FieldTexts field_texts(Conversation const*)
{
    static constexpr auto texts = describe<Conversation>({
        {"id", "The conversation"},
        {"kind",
            "`direct`: two people, in-app; `group`: several, in-app; `external`: a person "
            "reached through an account"},
        {"title", "Its title, where it was given one"},
        {"account_id", "Of an external conversation: the account it is on"},
        {"seq", "The `seq` of its newest message; 0 where there is none"},
        {"rev", "Rises with every change in it: a client that has this one is up to date"},
        {"unread",
            "How many messages of others the caller has not read; null for a caller who is "
            "no participant, and in events"},
        {"history", history_text},
        {"me", "The caller's own settings; null for a caller who is no participant, and in events"},
        {"created_at", "When it was opened"},
        {"updated_at", "When anything in it last changed"},
    });
    return texts;
}

FieldTexts field_texts(Participant const*)
{
    static constexpr auto texts = describe<Participant>({
        {"person_id", "Who"},
        {"role", "What they may do in the conversation"},
        {"joined_seq", "The newest message when they joined; what is older they do not see"},
        {"recv_seq", "The newest message that has reached them"},
        {"read_seq", "The newest message that they have read"},
    });
    return texts;
}

FieldTexts field_texts(ConversationTombstone const*)
{
    static constexpr auto texts = describe<ConversationTombstone>({
        {"id", "The conversation that was deleted"},
        {"deleted_at", "When it was"},
    });
    return texts;
}

FieldTexts field_texts(ConversationEvent const*)
{
    static constexpr auto texts =
        describe<ConversationEvent>({{"conversation", "The conversation as it is now"}});
    return texts;
}

FieldTexts field_texts(ConversationDeletedEvent const*)
{
    static constexpr auto texts =
        describe<ConversationDeletedEvent>({{"conversation", "What is left of it"}});
    return texts;
}

FieldTexts field_texts(ParticipantEvent const*)
{
    static constexpr auto texts =
        describe<ParticipantEvent>({{"participant", "Who joined, changed or left"}});
    return texts;
}

FieldTexts field_texts(Receipt const*)
{
    static constexpr auto texts = describe<Receipt>({
        {"person_id", "Who"},
        {"recv_seq", "The newest message that has reached them"},
        {"read_seq", "The newest message that they have read"},
    });
    return texts;
}

FieldTexts field_texts(OwnViewEvent const*)
{
    static constexpr auto texts = describe<OwnViewEvent>({
        {"person_id", "Whose settings they are"},
        {"me", "The settings as they are now"},
    });
    return texts;
}

FieldTexts field_texts(NewParticipant const*)
{
    static constexpr auto texts = describe<NewParticipant>({
        {"person_id", "Who takes part"},
        {"role", "What they may do in the conversation"},
    });
    return texts;
}

FieldTexts field_texts(CreateConversation const*)
{
    static constexpr auto texts = describe<CreateConversation>({
        {"kind",
            "`direct`: two people, in-app; `group`: up to 500 people, in-app; `external`: a "
            "person reached through an account"},
        {"title", "Of a group: its title"},
        {"participants",
            "Of a direct conversation the other person, or both; of a group whoever "
            "is in it from the beginning"},
        {"account_id", "Of an external conversation, which needs it: the account it is on"},
        {"to",
            "Of an external conversation, which needs it: the address to reach, such as "
            "`+12025550100`"},
        {"history", history_text},
    });
    return texts;
}

FieldTexts field_texts(UpdateConversation const*)
{
    static constexpr auto texts = describe<UpdateConversation>({
        {"title", "Its new title; null takes the title away"},
        {"history", history_text},
    });
    return texts;
}

FieldTexts field_texts(SetParticipant const*)
{
    static constexpr auto texts =
        describe<SetParticipant>({{"role", "What they may do in the conversation"}});
    return texts;
}

FieldTexts field_texts(ListConversations const*)
{
    static constexpr auto texts = describe<ListConversations>({
        {"kind", "Only those of this kind"},
        {"account_id", "Only those on this account"},
        {"person_id", "Only those that this person is in"},
    });
    return texts;
}

FieldTexts field_texts(MarkRead const*)
{
    static constexpr auto texts = describe<MarkRead>({
        {"seq", "The newest message that was read"},
        {"recv_seq", "The newest message that has arrived"},
    });
    return texts;
}

FieldTexts field_texts(UpdateOwnView const*)
{
    static constexpr auto texts = describe<UpdateOwnView>({
        {"muted_until", "Until when nothing in it notifies you; null: it does"},
        archived_text,
        pinned_text,
        marked_unread_text,
    });
    return texts;
}

FieldTexts field_texts(SyncQuery const*)
{
    static constexpr auto texts = describe<SyncQuery>({
        {"after", "`cursor` of the answer before; without it everything is told"},
        {"limit", "How many conversations there may be in an answer"},
    });
    return texts;
}

FieldTexts field_texts(SyncedConversation const*)
{
    static constexpr auto texts = describe<SyncedConversation>({
        {"id", "The conversation"},
        {"seq", "The `seq` of its newest message"},
        {"rev", "Where it is: the changes after an earlier `rev` have to be loaded"},
        {"unread",
            "How many messages of others the caller has not read; null for a caller who is "
            "no participant"},
    });
    return texts;
}

FieldTexts field_texts(SyncedPerson const*)
{
    static constexpr auto texts = describe<SyncedPerson>({
        {"person_id", "An id that messages you hold may name"},
        {"merged_into", "Whom it stands for; null: a person of their own"},
        {"name", "How whom it stands for is called"},
    });
    return texts;
}

FieldTexts field_texts(Synced const*)
{
    static constexpr auto texts = describe<Synced>({
        {"person_id",
            "Whom you act as. Another than the last time, where you were merged or told apart: "
            "what you hold is that person's, so begin anew, without `after`"},
        {"conversations", "Those that changed, oldest change first"},
        {"left", "Those the caller left, was removed from, or that were deleted"},
        {"people",
            "Who was merged, told apart, renamed or deleted since; without `after`, your own other "
            "ids. Of each message that such a "
            "`person_id` wrote (its `written_as`, else `from.person_id`): `from` is now "
            "`merged_into`, else the person, called `name`, and `written_as` is set where it is "
            "`merged_into`"},
        {"cursor", "Give it as `after` the next time"},
        {"has_more", "There are more: ask again at once"},
    });
    return texts;
}

}
