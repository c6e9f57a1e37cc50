#include "access/access.hpp"
#include "access/audit_log.hpp"
#include "access/members.hpp"
#include "access/person_tokens.hpp"
#include "access/sessions.hpp"
#include "access/stream_tickets.hpp"

namespace hermod::access {

FieldTexts field_texts(Login const*)
{
    static constexpr auto texts = describe<Login>({
        {"id", "The login"},
        {"email", "The e-mail address it signs in with"},
        {"name", "Whose it is"},
    });
    return texts;
}

FieldTexts field_texts(SignedIn const*)
{
    static constexpr auto texts = describe<SignedIn>({
        {"access_token", "Send it as `Authorization: Bearer …`"},
        {"token_type", "Always `Bearer`"},
        {"expires_in", "Seconds until the access token is no longer good"},
        {"refresh_token", "For `POST /api/v1/auth/refresh`; good once"},
        {"login", "Who signed in"},
        {"workspaces",
            "The workspaces the login reaches. With several, name one by the header "
            "`Hermod-Workspace`"},
    });
    return texts;
}

FieldTexts field_texts(Register const*)
{
    static constexpr auto texts = describe<Register>({
        {"email", "The e-mail address to sign in with"},
        {"password", "At least 8 characters"},
        {"name", "Your name"},
        {"workspace_name", "The name of the first workspace, whose owner you become"},
    });
    return texts;
}

FieldTexts field_texts(LogIn const*)
{
    static constexpr auto texts = describe<LogIn>({
        {"email", "The e-mail address you registered with"},
        {"password", "Your password"},
    });
    return texts;
}

FieldTexts field_texts(Refresh const*)
{
    static constexpr auto texts =
        describe<Refresh>({{"refresh_token", "The newest one of the session: each is good once"}});
    return texts;
}

FieldTexts field_texts(CreateWorkspace const*)
{
    static constexpr auto texts = describe<CreateWorkspace>({{"name", "What it is called"}});
    return texts;
}

FieldTexts field_texts(Me const*)
{
    static constexpr auto texts = describe<Me>({
        {"kind", "Whether a human's session or an API key calls"},
        {"login", "Of a session: whose it is"},
        {"api_key_id", "Of an API key: which"},
        {"workspace_id",
            "The workspace the request is for; null where a session did not say which "
            "of several"},
        {"person_id", "Who the caller is in that workspace"},
        {"role", "Of a session: the member's role there, which says what they may do"},
        {"scopes", "Of an API key: what it may do. Empty for a session, which has its role"},
        {"workspaces", "Of a session: the workspaces the login reaches"},
    });
    return texts;
}

FieldTexts field_texts(Member const*)
{
    static constexpr auto texts = describe<Member>({
        {"person_id", "Who they are in the workspace"},
        {"login_id", "What they sign in with"},
        {"name", "Their name"},
        {"email", "Their e-mail address"},
        {"role", "What they may do in the workspace"},
        {"created_at", "When they joined"},
    });
    return texts;
}

// What a key and a key just made have in common.
static constexpr FieldText id_text{"id", "The API key"};
static constexpr FieldText name_text{"name", "What it is called"};
static constexpr FieldText prefix_text{"prefix", "How the key begins, to tell it from others"};
static constexpr FieldText environment_text{
    "environment", "A `test` key reaches sandbox accounts only"};
static constexpr FieldText scopes_text{"scopes", "What it may do"};
static constexpr FieldText person_text{"person_id", "The bot it acts as"};
static constexpr FieldText expires_text{"expires_at", "When it ends by itself"};
static constexpr FieldText used_text{"last_used_at", "When it was last used, to the minute"};
static constexpr FieldText created_text{"created_at", "When it was made"};

FieldTexts field_texts(ApiKey const*)
{
    static constexpr auto texts = describe<ApiKey>({id_text, name_text, prefix_text,
        {"old_key_ends_at", "Until when the secret before this one works"},
        {"publishable", "Of a publishable key: what it is limited to"}, environment_text,
        scopes_text, person_text, expires_text, used_text, created_text});
    return texts;
}

FieldTexts field_texts(IssuedApiKey const*)
{
    static constexpr auto texts = describe<IssuedApiKey>({id_text, name_text, prefix_text,
        {"old_key_ends_at", "Until when the secret before this one works"},
        {"publishable", "Of a publishable key: what it is limited to"}, environment_text,
        scopes_text, person_text, expires_text, used_text, created_text,
        {"key",
            "The key itself, shown this once; null where an idempotent request is answered "
            "again"}});
    return texts;
}

FieldTexts field_texts(CreateApiKey const*)
{
    static constexpr auto texts = describe<CreateApiKey>({
        {"publishable", "Of a publishable key, and of it alone: what it is limited to"},
        {"name", "What to call it; also the name of the bot it acts as"},
        {"environment", "A `test` key reaches sandbox accounts only"},
        {"scopes",
            "What it may do: `<area>:read` and `<area>:write`, such as `people:write`, "
            "where the area is a route's first segment; `messages:send`, "
            "`messages:send_as`; `admin` for everything"},
        {"expires_at", "When it ends by itself; never unless given"},
    });
    return texts;
}

FieldTexts field_texts(UpdateMember const*)
{
    static constexpr auto texts = describe<UpdateMember>({
        {"role", "What they may do from now on"},
    });
    return texts;
}

FieldTexts field_texts(StreamTicket const*)
{
    static constexpr auto texts = describe<StreamTicket>({
        {"ticket", "Good once, as `?ticket=`"},
        {"expires_at", "Until when"},
    });
    return texts;
}

FieldTexts field_texts(BrowserSession const*)
{
    static constexpr auto texts = describe<BrowserSession>({
        {"login", "Who signed in"},
        {"workspaces", "Which workspaces they reach"},
        {"expires_at", "When the session ends"},
    });
    return texts;
}

FieldTexts field_texts(Session const*)
{
    static constexpr auto texts = describe<Session>({
        {"id", "The session"},
        {"mode", "Whether it is kept by tokens or by a cookie"},
        {"current", "Whether it is the one that asks"},
        {"remote_address", "Where it was last used from"},
        {"user_agent", "What it was made with, as that said"},
        {"created_at", "When it was made"},
        {"refreshed_at", "When it was last prolonged"},
        {"expires_at", "When it ends unless it is prolonged"},
    });
    return texts;
}

FieldTexts field_texts(UpdateMe const*)
{
    static constexpr auto texts = describe<UpdateMe>({
        {"name", "Your name"},
        {"password", "A new password; it ends all other sessions"},
        {"old_password", "The one it replaces"},
    });
    return texts;
}

FieldTexts field_texts(CreatePersonToken const*)
{
    static constexpr auto texts = describe<CreatePersonToken>({
        {"expires_in", "Seconds"},
        {"addressed_sends", "Whether it may also send to addresses"},
    });
    return texts;
}

FieldTexts field_texts(IssuedPersonToken const*)
{
    static constexpr auto texts = describe<IssuedPersonToken>({
        {"token", "Shown this once"},
        {"expires_at", "When it ends"},
    });
    return texts;
}

FieldTexts field_texts(AuditActor const*)
{
    static constexpr auto texts = describe<AuditActor>({
        {"kind", "What its credentials were"},
        {"person_id", "The person"},
        {"login_id", "Of a session: whose"},
        {"api_key_id", "Of a key: which"},
    });
    return texts;
}

FieldTexts field_texts(AuditEntry const*)
{
    static constexpr auto texts = describe<AuditEntry>({
        {"id", "The entry"},
        {"action", "What was done, such as `api_key.created`"},
        {"actor", "Who did it"},
        {"target", "To what, by its id"},
        {"details", "What else there is to say"},
        {"request_id", "By which request"},
        {"remote_address", "From where"},
        {"created_at", "When"},
    });
    return texts;
}

FieldTexts field_texts(ListAuditLog const*)
{
    static constexpr auto texts = describe<ListAuditLog>({
        {"action", "Only this action"},
        {"person_id", "Only what this person did"},
        {"target", "Only what was done to this id"},
        {"since", "Only from then on"},
        {"until", "Only before"},
    });
    return texts;
}

FieldTexts field_texts(Publishable const*)
{
    static constexpr auto texts = describe<Publishable>({
        {"allowed_origins", "The pages it works on"},
        {"recipients", "Whom it may send to"},
        {"daily_cap", "How many messages a recipient gets of it in a day at most"},
    });
    return texts;
}

FieldTexts field_texts(RotateApiKey const*)
{
    static constexpr auto texts = describe<RotateApiKey>({
        {"overlap", "For how many seconds the old secret goes on working"},
    });
    return texts;
}

}
