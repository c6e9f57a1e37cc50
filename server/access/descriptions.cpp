#include "access/access.hpp"

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
        environment_text, scopes_text, person_text, expires_text, used_text, created_text});
    return texts;
}

FieldTexts field_texts(IssuedApiKey const*)
{
    static constexpr auto texts = describe<IssuedApiKey>({id_text, name_text, prefix_text,
        environment_text, scopes_text, person_text, expires_text, used_text, created_text,
        {"key",
            "The key itself, shown this once; null where an idempotent request is answered "
            "again"}});
    return texts;
}

FieldTexts field_texts(CreateApiKey const*)
{
    static constexpr auto texts = describe<CreateApiKey>({
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

}
