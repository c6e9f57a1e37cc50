#include "people/people.hpp"

namespace hermod::people {

FieldTexts field_texts(Address const*)
{
    static constexpr auto texts = describe<Address>({
        {"id", "The address"},
        {"kind", "What kind of address it is"},
        {"value",
            "In its normal form: a phone number as E.164, a mailbox with its domain in lower "
            "case"},
        {"account_id", "Where an address means something on one account alone: that account"},
        {"primary", "Whether the person is reached here, of their addresses of this kind"},
    });
    return texts;
}

FieldTexts field_texts(Person const*)
{
    static constexpr auto texts = describe<Person>({
        {"id", "The person"},
        {"kind",
            "`bot`: a program, such as an API key; `member`: has a login and is of the team; "
            "`user`: has an `external_id`; `contact`: anyone else"},
        {"role", "Of a member: what they may do in the workspace"},
        {"external_id", "Your own id of the person"},
        {"name", "Their name"},
        {"avatar_file_id", "Their picture"},
        {"attributes", "Anything of yours about them"},
        {"addresses", "How to reach them"},
        {"created_at", "When they were made"},
        {"updated_at", "When they or one of their addresses last changed"},
    });
    return texts;
}

// region tombstone
FieldTexts field_texts(PersonTombstone const*)
{
    static constexpr auto texts = describe<PersonTombstone>({
        {"id", "The person who was deleted"},
        {"deleted_at", "When they were"},
    });
    return texts;
}
// endregion

FieldTexts field_texts(PersonEvent const*)
{
    static constexpr auto texts = describe<PersonEvent>({{"person", "The person as they are now"}});
    return texts;
}

FieldTexts field_texts(PersonDeletedEvent const*)
{
    static constexpr auto texts =
        describe<PersonDeletedEvent>({{"person", "What is left of the person"}});
    return texts;
}

FieldTexts field_texts(NewAddress const*)
{
    static constexpr auto texts = describe<NewAddress>({
        {"kind", "What kind of address it is"},
        {"value",
            "The address: a phone number with its country code, such as `+12025550100`; a "
            "mailbox"},
        {"primary",
            "Reach the person here, instead of at another address of this kind. The first "
            "of a kind is primary without asking"},
    });
    return texts;
}

FieldTexts field_texts(CreatePerson const*)
{
    static constexpr auto texts = describe<CreatePerson>({
        {"external_id", "Your own id of the person, by which you can find and change them later"},
        {"name", "Their name"},
        {"attributes", "Anything of yours about them, at most 16 KiB"},
        {"addresses", "How to reach them. An address belongs to one person of the workspace"},
    });
    return texts;
}

FieldTexts field_texts(UpdatePerson const*)
{
    static constexpr auto texts = describe<UpdatePerson>({
        {"external_id", "Your own id of the person; null takes it away"},
        {"name", "Their name; null takes it away"},
        {"attributes", "Instead of all attributes there were; null takes them away"},
    });
    return texts;
}

FieldTexts field_texts(UpsertPerson const*)
{
    static constexpr auto texts = describe<UpsertPerson>({
        {"name", "Their name; null takes it away"},
        {"attributes", "Instead of all attributes there were; null takes them away"},
        {"addresses", "Ways to reach them besides those that are known"},
    });
    return texts;
}

FieldTexts field_texts(ListPeople const*)
{
    static constexpr auto texts = describe<ListPeople>({
        {"kind", "Only people of this kind"},
        {"external_id", "The one with your own id"},
        {"phone", "The one with this phone number"},
        {"email", "The one with this e-mail address"},
    });
    return texts;
}

}
