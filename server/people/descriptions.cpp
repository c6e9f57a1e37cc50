#include "people/attributes.hpp"
#include "people/imports.hpp"
#include "people/merging.hpp"
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

FieldTexts field_texts(PersonMergedEvent const*)
{
    static constexpr auto texts = describe<PersonMergedEvent>({
        {"person", "Who is left, whole"},
        {"merged_person_id", "Whose id stands for them from now on"},
    });
    return texts;
}

FieldTexts field_texts(PersonUnmergedEvent const*)
{
    static constexpr auto texts = describe<PersonUnmergedEvent>({
        {"person", "Who is back, whole"},
        {"survivor_person_id", "Whom they were merged into"},
        {"aliases", "Those whose ids stand for them again, and no longer for the survivor"},
    });
    return texts;
}

FieldTexts field_texts(MergePerson const*)
{
    static constexpr auto texts = describe<MergePerson>({
        {"person_id", "The other person"},
    });
    return texts;
}

FieldTexts field_texts(AttributeDefinition const*)
{
    static constexpr auto texts = describe<AttributeDefinition>({
        {"key", "Its name in `attributes`"},
        {"type", "What its values are"},
        {"description", "For people"},
        {"created_at", "When it was declared"},
        {"updated_at", "When it last changed"},
    });
    return texts;
}

FieldTexts field_texts(AttributeSettings const*)
{
    static constexpr auto texts = describe<AttributeSettings>({
        {"strict", "Whether attributes that are not declared are refused"},
    });
    return texts;
}

FieldTexts field_texts(AttributeTombstone const*)
{
    static constexpr auto texts = describe<AttributeTombstone>({
        {"key", "Its name"},
        {"deleted_at", "When it was no longer declared"},
    });
    return texts;
}

FieldTexts field_texts(AttributeEvent const*)
{
    static constexpr auto texts = describe<AttributeEvent>({
        {"attribute", "The declared attribute"},
    });
    return texts;
}

FieldTexts field_texts(AttributeDeletedEvent const*)
{
    static constexpr auto texts = describe<AttributeDeletedEvent>({
        {"attribute", "What is left of it"},
    });
    return texts;
}

FieldTexts field_texts(AttributeSettingsEvent const*)
{
    static constexpr auto texts = describe<AttributeSettingsEvent>({
        {"attribute_settings", "The settings"},
    });
    return texts;
}

FieldTexts field_texts(SetAttribute const*)
{
    static constexpr auto texts = describe<SetAttribute>({
        {"type", "What its values are"},
        {"description", "For people"},
    });
    return texts;
}

FieldTexts field_texts(UpdateAttributeSettings const*)
{
    static constexpr auto texts = describe<UpdateAttributeSettings>({
        {"strict", "Whether attributes that are not declared are refused"},
    });
    return texts;
}

FieldTexts field_texts(ImportError const*)
{
    static constexpr auto texts = describe<ImportError>({
        {"row", "The line of the table, the header being the first"},
        {"field", "What is wrong in it"},
        {"message", "What is wrong with it"},
    });
    return texts;
}

FieldTexts field_texts(PersonImport const*)
{
    static constexpr auto texts = describe<PersonImport>({
        {"id", "The import"},
        {"state", "How far it is"},
        {"rows", "How many there are, without the header"},
        {"done", "How many have been worked off"},
        {"created", "How many people it made"},
        {"updated", "How many it changed"},
        {"skipped", "How many were there already and stayed as they were"},
        {"failed", "How many rows were refused"},
        {"errors", "The first of their errors"},
        {"created_at", "When it began"},
        {"finished_at", "When it ended"},
    });
    return texts;
}

FieldTexts field_texts(ImportEvent const*)
{
    static constexpr auto texts = describe<ImportEvent>({
        {"import", "The import, at its end"},
    });
    return texts;
}

FieldTexts field_texts(ImportColumn const*)
{
    static constexpr auto texts = describe<ImportColumn>({
        {"column", "A column of the table, as its header names it"},
        {"field",
            "What it becomes: `name`, `external_id`, `phone`, `email`, or `attributes.` and a key"},
    });
    return texts;
}

FieldTexts field_texts(ImportPeople const*)
{
    static constexpr auto texts = describe<ImportPeople>({
        {"csv", "The table, with a header"},
        {"mapping", "Which column is what, where the header does not say it"},
        {"on_conflict", "What becomes of people who are there already"},
    });
    return texts;
}

}
