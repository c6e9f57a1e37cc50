#include "messages/messages.hpp"

namespace hermod::messages {

static constexpr std::string_view content_text =
    "What the message says, by its type: a `text` has `TextContent`, a `location` "
    "`LocationContent`, `contacts` have `ContactsContent`";

FieldTexts field_texts(MessageError const*)
{
    static constexpr auto texts = describe<MessageError>({
        {"code",
            "What kind of error it is: `retryable` and `pace` pass, `recipient` and `content` "
            "are final, `auth` and `account_blocked` are the account's, `outcome_unknown` "
            "says that it may have been sent"},
        {"reason", "What happened, in words"},
        {"provider_code", "The network's own code, where it gave one"},
        {"retryable", "It is tried again, or trying again may help"},
    });
    return texts;
}

FieldTexts field_texts(Party const*)
{
    static constexpr auto texts = describe<Party>({
        {"person_id", "Who"},
        {"address", "Where they were reached, or wrote from; null in an in-app conversation"},
        {"name", "Their name when the message was written"},
    });
    return texts;
}

FieldTexts field_texts(Reaction const*)
{
    static constexpr auto texts = describe<Reaction>({
        {"person_id", "Who reacted"},
        {"emoji", "With what"},
    });
    return texts;
}

FieldTexts field_texts(Message const*)
{
    static constexpr auto texts = describe<Message>({
        {"id", "The message"},
        {"conversation_id", "The conversation it stands in"},
        {"seq", "Its place in the conversation: 1, 2, 3, without gaps"},
        {"rev", "The conversation's `rev` when the message last changed"},
        {"direction", "Whether it came in or goes out; null in an in-app conversation"},
        {"account_id", "The account it crosses; null in an in-app conversation"},
        {"provider_id", "The network's id of it, once it has one"},
        {"from", "Who wrote it, as they are now"},
        {"written_as",
            "Set where who wrote it was merged into `from` since: the id it was written under"},
        {"to", "Whom it goes to; null in an in-app conversation"},
        {"type", "What kind of content it has"},
        {"content", content_text},
        {"subject", "The subject of a mail"},
        {"status",
            "How far it came: `queued`, `sending`, `sent`, `delivered`, `read`, or "
            "`failed`. It never goes back, but for a resent message. Null in an in-app "
            "conversation"},
        {"error", "Why it failed, or why it was not sent yet"},
        {"visibility", "Whether it is a note among members, which never leaves Hermod"},
        {"client_id", "The `client_id` it was sent with"},
        {"reply_to", "The message of the same conversation that it answers"},
        {"forwarded_from", "The message that it repeats"},
        {"mentions", "The people it mentions"},
        {"reactions", "How people reacted, oldest first"},
        {"silent", "Nobody is notified of it, and it counts for nobody as unread"},
        {"metadata", "What it was sent with: given back in every event about it"},
        {"created_at", "When it was accepted, or came in"},
        {"send_at", "It is not sent before; null: at once"},
        {"edited_at", "When it was last edited"},
        {"pinned_at", "When it was pinned; null where it is not"},
        {"deleted_at", "When it was deleted: what is left has no content"},
    });
    return texts;
}

FieldTexts field_texts(MessageEvent const*)
{
    static constexpr auto texts = describe<MessageEvent>({{"message", "The message as it is now"}});
    return texts;
}

FieldTexts field_texts(MessageStatusEvent const*)
{
    static constexpr auto texts = describe<MessageStatusEvent>({
        {"message", "The message as it is now"},
        {"previous_status", "Its status before"},
    });
    return texts;
}

FieldTexts field_texts(ReactionEvent const*)
{
    static constexpr auto texts = describe<ReactionEvent>({
        {"message_id", "The message it is about"},
        {"person_id", "Who reacted, or took it back"},
        {"emoji", "With what"},
        {"message", "The message as it is now"},
    });
    return texts;
}

FieldTexts field_texts(Edit const*)
{
    static constexpr auto texts = describe<Edit>({
        {"n", "The first is 1"},
        {"content", "What the message said before"},
        {"written_at", "When it was written"},
        {"replaced_at", "When it was edited"},
        {"replaced_by", "Who edited it"},
    });
    return texts;
}

FieldTexts field_texts(EditMessage const*)
{
    static constexpr auto texts = describe<EditMessage>({
        {"text", "The new text: short for `content: {\"text\": …}`, and instead of it"},
        {"content",
            "The new content, of the type the message has: `TextContent`, "
            "`LocationContent` or `ContactsContent`"},
        {"mentions", "Instead of the people it mentioned"},
    });
    return texts;
}

FieldTexts field_texts(ForwardMessage const*)
{
    static constexpr auto texts = describe<ForwardMessage>({
        {"conversation_id", "Where to"},
        {"client_id",
            "Your own id of the new message. Sent again with it within 24 hours, by the "
            "same author, the first message is answered and nothing is sent"},
    });
    return texts;
}

FieldTexts field_texts(ChangesQuery const*)
{
    static constexpr auto texts = describe<ChangesQuery>({
        {"after_rev",
            "The `rev` you are at: `rev` of the answer before, or of the conversation "
            "when you loaded it"},
        {"limit", "How many messages there may be in an answer"},
    });
    return texts;
}

FieldTexts field_texts(Changes const*)
{
    static constexpr auto texts = describe<Changes>({
        {"messages",
            "The messages that changed, as they are now, oldest change first; deleted "
            "ones without content"},
        {"conversation", "The conversation as it is now"},
        {"participants", "Who is in it now"},
        {"rev", "Where you are now: ask with it as `after_rev` the next time"},
        {"has_more", "There are more changes: ask again at once"},
    });
    return texts;
}

FieldTexts field_texts(Attempt const*)
{
    static constexpr auto texts = describe<Attempt>({
        {"n", "The first is 1"},
        {"started_at", "When it began"},
        {"duration_ms", "How long it took"},
        {"outcome", "What came of it"},
        {"error", "What went wrong; null where it was sent"},
    });
    return texts;
}

FieldTexts field_texts(Author const*)
{
    static constexpr auto texts = describe<Author>({
        {"person_id", "The participant; or `external_id`"},
        {"external_id", "Your own id of the participant; or `person_id`"},
    });
    return texts;
}

// What both ways of sending take.
static constexpr FieldText text_text{
    "text", "The text: short for `type: text` with `content: {\"text\": …}`, and instead of them"};
static constexpr FieldText type_text{"type",
    "What kind of content there is; a text unless given. `text`, `location` and "
    "`contacts` can be sent"};
static constexpr FieldText subject_text{
    "subject", "The subject of a mail; only where the account's capabilities have `subject`"};
static constexpr FieldText reply_to_text{
    "reply_to", "The message of the same conversation that this one answers"};
static constexpr FieldText client_id_text{"client_id",
    "Your own id of the message. Sent again with it within 24 hours, by the same author, "
    "the first message is answered and nothing is sent"};
static constexpr FieldText priority_text{"priority",
    "What is more urgent never waits for what is less: `otp` before `conversation` "
    "before `campaign`"};
static constexpr FieldText send_at_text{
    "send_at", "When to send it; until then it is `queued`. At once unless given"};
static constexpr FieldText metadata_text{"metadata",
    "Anything of yours, at most 16 KiB: given back with the message and in every "
    "event about it"};

FieldTexts field_texts(SendMessage const*)
{
    static constexpr auto texts = describe<SendMessage>({
        text_text,
        type_text,
        {"content", content_text},
        subject_text,
        reply_to_text,
        {"from", "Another participant as the author; needs the scope `messages:send_as`"},
        client_id_text,
        {"visibility",
            "`internal` makes it a note among members of an external conversation, "
            "which is not sent"},
        priority_text,
        send_at_text,
        {"mentions", "Participants it mentions; of an internal note, people of the team"},
        {"silent", "Nobody is notified of it, and it counts for nobody as unread"},
        metadata_text,
    });
    return texts;
}

FieldTexts field_texts(SendAddressed const*)
{
    static constexpr auto texts = describe<SendAddressed>({
        {"to",
            "An address such as `+12025550100` or `ana@example.com`, or an object with exactly "
            "one of `phone`, `email`, `whatsapp`, `person_id` and `external_id`. An address "
            "that is not known yet makes a person"},
        {"account_id",
            "The account to send through; the workspace's default for this kind of "
            "address unless given"},
        {"connector", "Instead of `account_id`: any account of this connector"},
        text_text,
        type_text,
        {"content", content_text},
        subject_text,
        reply_to_text,
        client_id_text,
        priority_text,
        send_at_text,
        metadata_text,
    });
    return texts;
}

FieldTexts field_texts(ListMessages const*)
{
    static constexpr auto texts = describe<ListMessages>({
        {"before_seq", "Those below this `seq`, newest first"},
        {"after_seq", "Those above this `seq`, oldest first"},
        {"pinned", "Only those that are pinned"},
    });
    return texts;
}

FieldTexts field_texts(ListMessageLog const*)
{
    static constexpr auto texts = describe<ListMessageLog>({
        {"status", "Only those of this status"},
        {"direction", "Only what came in, or went out"},
        {"account_id", "Only what crossed this account"},
        {"conversation_id", "Only those of this conversation"},
    });
    return texts;
}

FieldTexts field_texts(TextContent const*)
{
    static constexpr auto texts = describe<TextContent>({
        {"text", "The text"},
        {"html",
            "The same for networks that show HTML: a mail carries both, other networks "
            "`text` alone"},
    });
    return texts;
}

FieldTexts field_texts(LocationContent const*)
{
    static constexpr auto texts = describe<LocationContent>({
        {"latitude", "Degrees north, from -90 to 90"},
        {"longitude", "Degrees east, from -180 to 180"},
        {"name", "What is there"},
        {"address", "Its postal address"},
    });
    return texts;
}

FieldTexts field_texts(ContactCard const*)
{
    static constexpr auto texts = describe<ContactCard>({
        {"name", "The contact's name"},
        {"phones", "Their phone numbers"},
        {"emails", "Their e-mail addresses"},
    });
    return texts;
}

FieldTexts field_texts(ContactsContent const*)
{
    static constexpr auto texts =
        describe<ContactsContent>({{"contacts", "The contacts that are shared"}});
    return texts;
}

}
