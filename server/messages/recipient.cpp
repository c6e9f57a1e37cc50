#include "messages/recipient.hpp"

namespace hermod {

using messages::Recipient;
using people::AddressKind;

namespace messages {

/// The object form, as the document shows it.
struct RecipientObject {
    std::optional<Text<1, 64>> phone;
    std::optional<Text<1, 320>> email;
    std::optional<Text<1, 128>> whatsapp;
    std::optional<PersonId> person_id;
    std::optional<Text<1, 256>> external_id;
};
BOOST_DESCRIBE_STRUCT(RecipientObject, (), (phone, email, whatsapp, person_id, external_id))

static FieldTexts field_texts(RecipientObject const*)
{
    static constexpr auto texts = describe<RecipientObject>({
        {"phone", "A phone number with its country code, such as `+12025550100`"},
        {"email", "A mailbox"},
        {"whatsapp", "An id of WhatsApp's"},
        {"person_id", "A person of the workspace, at their primary address"},
        {"external_id", "The person with your own id, at their primary address"},
    });
    return texts;
}

}

using messages::RecipientObject;

static RecipientObject to_object(Recipient const& recipient)
{
    RecipientObject object;
    if (auto const* kinded = std::get_if<Recipient::Kinded>(&recipient.value)) {
        switch (kinded->kind) {
        case AddressKind::phone:
            object.phone = {kinded->address};
            break;
        case AddressKind::email:
            object.email = {kinded->address};
            break;
        case AddressKind::whatsapp:
            object.whatsapp = {kinded->address};
            break;
        case AddressKind::external:
            object.external_id = {kinded->address};
            break;
        }
    } else if (auto const* person = std::get_if<PersonId>(&recipient.value)) {
        object.person_id = *person;
    } else if (auto const* external = std::get_if<Recipient::External>(&recipient.value)) {
        object.external_id = {external->external_id};
    }
    return object;
}

void Codec<Recipient>::write(std::string& out, Recipient const& recipient)
{
    if (auto const* plain = std::get_if<Recipient::Plain>(&recipient.value))
        append_json_string(out, plain->address);
    else
        Codec<RecipientObject>::write(out, to_object(recipient));
}

bool Codec<Recipient>::read(Recipient& out, json::value const& value, FieldErrors& errors)
{
    if (value.is_string()) {
        Text<1, 320> address;
        if (!Codec<Text<1, 320>>::read(address, value, errors))
            return false;
        out.value = Recipient::Plain{std::move(address.value)};
        return true;
    }
    if (!value.is_object())
        return refuse(errors, "must be an address or an object that names one");
    RecipientObject object;
    if (!Codec<RecipientObject>::read(object, value, errors))
        return false;
    auto const given = object.phone.has_value() + object.email.has_value()
        + object.whatsapp.has_value() + object.person_id.has_value()
        + object.external_id.has_value();
    if (given != 1)
        return refuse(
            errors, "must have exactly one of phone, email, whatsapp, person_id, external_id");
    if (object.phone)
        out.value = Recipient::Kinded{AddressKind::phone, object.phone->value};
    else if (object.email)
        out.value = Recipient::Kinded{AddressKind::email, object.email->value};
    else if (object.whatsapp)
        out.value = Recipient::Kinded{AddressKind::whatsapp, object.whatsapp->value};
    else if (object.person_id)
        out.value = *object.person_id;
    else
        out.value = Recipient::External{object.external_id->value};
    return true;
}

json::object Codec<Recipient>::schema(Schemas& schemas)
{
    return {{"anyOf",
        json::array{
            Codec<Text<1, 320>>::schema(schemas), Codec<RecipientObject>::schema(schemas)}}};
}

}
