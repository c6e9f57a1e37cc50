#include "accounts/accounts.hpp"

namespace hermod::accounts {

static constexpr std::string_view settings_text =
    "The connector's own settings: of `email` they are `EmailSettings`, of `sandbox` "
    "`SandboxSettings`";
static constexpr std::string_view credentials_text =
    "What the connector signs in with, sealed and never given back: of `email` "
    "`EmailCredentials`; the sandbox has none";

FieldTexts field_texts(Account const*)
{
    static constexpr auto texts = describe<Account>({
        {"id", "The account"},
        {"connector", "The connector it is configured for: `email`, `sandbox`"},
        {"name", "What the team calls it"},
        {"address", "What it sends from: a mailbox, a phone number"},
        {"state",
            "Whether it can send. `connected` and `degraded` do; `connecting`, "
            "`action_needed`, `paused` and `disconnected` hold what is sent through them; "
            "through `logged_out`, `banned` and `failed` nothing is sent until somebody "
            "acts. `POST /api/v1/accounts/{account_id}/connect` tries again from any state"},
        {"state_reason", "Why it is in this state, in words"},
        {"action", "With `action_needed`: what is needed, such as `credentials`"},
        {"settings", settings_text},
        {"is_default",
            "Sends that name no account go through it, for at least one kind of "
            "address that it reaches"},
        {"created_at", "When it was configured"},
    });
    return texts;
}

FieldTexts field_texts(AccountEvent const*)
{
    static constexpr auto texts = describe<AccountEvent>({
        {"account", "The account as it is now"},
        {"previous_state",
            "Its state before: null for a new account, the same where something "
            "else has changed"},
    });
    return texts;
}

FieldTexts field_texts(CreateAccount const*)
{
    static constexpr auto texts = describe<CreateAccount>({
        {"connector", "Which kind of network it is for: `email`, `sandbox`"},
        {"name", "What the team calls it; its address unless given"},
        {"address",
            "What it sends from, where settings and credentials do not say: the mailbox of "
            "an `email` account without `settings.from`"},
        {"settings", settings_text},
        {"credentials", credentials_text},
    });
    return texts;
}

FieldTexts field_texts(UpdateAccount const*)
{
    static constexpr auto texts = describe<UpdateAccount>({
        {"name", "What the team calls it"},
        {"address", "What it sends from; null takes it away"},
        {"settings",
            "Instead of all settings there were: of `email` `EmailSettings`, of "
            "`sandbox` `SandboxSettings`"},
        {"credentials", "Instead of all credentials there were: of `email` `EmailCredentials`"},
        {"is_default",
            "`true` makes it the default of every kind of address that it reaches, "
            "`false` of none"},
    });
    return texts;
}

FieldTexts field_texts(ListAccounts const*)
{
    static constexpr auto texts =
        describe<ListAccounts>({{"connector", "Only those of this connector"}});
    return texts;
}

FieldTexts field_texts(Capabilities const*)
{
    static constexpr auto texts = describe<Capabilities>({
        {"connector", "The connector of the account"},
        {"address_kinds", "The kinds of address it reaches"},
        {"message_types", "The types of message it carries"},
        {"max_text_length", "How many characters a text may have"},
        {"subject", "Messages may have a `subject`"},
        {"inbound", "Messages come in on it"},
        {"delivered_receipts", "It tells when a message was delivered"},
        {"read_receipts", "It tells when a message was read"},
        {"stable_provider_id",
            "The network drops a message that it gets twice, so a try whose "
            "outcome is unknown can be repeated"},
        {"unknown_outcome_timeout_s",
            "Seconds until a message whose outcome stays unknown has failed"},
    });
    return texts;
}

}
