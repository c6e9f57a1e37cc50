#include "connectors/email/email.hpp"
#include "messages/content.hpp"

namespace hermod::email {

/// When the message was made: the first 48 bits of its id (UUIDv7), the same for every try.
static Timestamp made_at(MessageId const& id)
{
    std::int64_t ms = 0;
    for (std::size_t i = 0; i < 6; ++i)
        ms = ms << 8 | id.bytes()[i];
    return {ms * 1000};
}

static std::string_view domain_of(std::string_view address)
{
    return address.substr(address.find('@') + 1);
}

/// Message-IDs are ASCII, mail domains may not be.
static std::string id_domain(std::string_view address)
{
    std::string const domain{domain_of(address)};
    return net::is_message_id("id@" + domain) ? domain : "hermod.invalid";
}

/// A mail without a subject answers the last one that had one.
static std::string subject_of(accounts::Outgoing const& message, std::string const& sender)
{
    if (message.subject)
        return *message.subject;
    if (!message.earlier_subject)
        return "Message from " + sender;
    auto const& earlier = *message.earlier_subject;
    return to_lower(earlier.substr(0, 3)) == "re:" ? earlier : "Re: " + earlier;
}

net::MailMessage to_mail(accounts::AccountView const& account, Settings const& settings,
    accounts::Outgoing const& message)
{
    auto const content = read_json<messages::TextContent>(message.content);
    if (message.type != "text" || !content)
        throw Problem{Errc::unsupported_content, "only text can be sent as mail"};
    auto const from = settings.from ? settings.from->value : account.address;
    auto const name = settings.from_name ? settings.from_name->value : std::string{};

    net::MailMessage mail{.from = {from, name},
        .to = {message.to, message.to_name},
        .subject = subject_of(message, name.empty() ? from : name),
        .message_id = message.message.str() + "@" + id_domain(from),
        .references = message.references,
        .date = made_at(message.message),
        .text = content->text.value};
    if (content->html)
        mail.html = content->html->value;
    // A mail that answers nothing in particular still belongs to its conversation.
    if (message.reply_to_provider_id)
        mail.in_reply_to = message.reply_to_provider_id;
    else if (!message.references.empty())
        mail.in_reply_to = message.references.back();
    return mail;
}

}
