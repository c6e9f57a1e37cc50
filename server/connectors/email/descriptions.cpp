#include "connectors/email/email.hpp"
#include "net/router.hpp"

namespace hermod::email {

void document(net::Router& router)
{
    router.document("EmailSettings", &Codec<Settings>::schema);
    router.document("EmailCredentials", &Codec<Credentials>::schema);
}

FieldTexts field_texts(Credentials const*)
{
    static constexpr auto texts = describe<Credentials>({
        {"url",
            "The mail server: `smtps://mail.example.com` (TLS from the beginning, port 465) or "
            "`smtp://mail.example.com:587` (STARTTLS)"},
        {"username", "Whom to sign in as; not at all unless given"},
        {"password", "Given together with `username`"},
    });
    return texts;
}

FieldTexts field_texts(Settings const*)
{
    static constexpr auto texts = describe<Settings>({
        {"from", "The mailbox it sends from; the account's `address` unless given"},
        {"from_name", "The name beside it, such as `Shop`"},
        {"starttls",
            "Of an `smtp://` server: `required` unless given, so that nothing goes over a "
            "connection that is not secured; `optional` uses it where it is offered; "
            "`never` for a server that has none"},
    });
    return texts;
}

}
