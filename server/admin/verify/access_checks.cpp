#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the person of the key is missing", "key", "per", "", R"sql(
        SELECT k.id, k.person_id, NULL FROM api_keys k
        WHERE k.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM people p
            WHERE p.workspace_id = $1 AND p.id = k.person_id) LIMIT $2)sql"},
    {"nobody can use the key: its secret is not known", "key", "", "", R"sql(
        SELECT k.id, NULL, NULL FROM api_keys k
        WHERE k.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM credentials s WHERE s.workspace_id = $1 AND s.hash = k.hash
              AND s.subject_id = k.id) LIMIT $2)sql"},
    {"the secret's key is missing", "key", "", "", R"sql(
        SELECT s.subject_id, NULL, NULL FROM credentials s
        WHERE s.workspace_id = $1 AND s.kind = 'api_key' AND NOT EXISTS (
            SELECT 1 FROM api_keys k
            WHERE k.workspace_id = $1 AND k.id = s.subject_id) LIMIT $2)sql"},
    {"the person has a login and is no member", "per", "lgn", "", R"sql(
        SELECT p.id, p.login_id, NULL FROM people p
        WHERE p.workspace_id = $1 AND p.login_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM memberships m WHERE m.workspace_id = $1
              AND m.person_id = p.id AND m.login_id = p.login_id) LIMIT $2)sql"},
    {"the person of the membership is missing", "per", "lgn", "", R"sql(
        SELECT m.person_id, m.login_id, NULL FROM memberships m
        WHERE m.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM people p WHERE p.workspace_id = $1 AND p.id = m.person_id
              AND p.login_id = m.login_id) LIMIT $2)sql"},
    {"the default for a kind of address is an account that is missing", "acc", "", "", R"sql(
        SELECT d.account_id, NULL, NULL FROM account_defaults d
        WHERE d.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM accounts a WHERE a.workspace_id = $1 AND a.id = d.account_id
              AND a.deleted_at IS NULL) LIMIT $2)sql"},
    {"the account is said to be a default and is none, or the other way round", "acc", "", "",
        R"sql(
        SELECT a.id, NULL, NULL FROM accounts a
        WHERE a.workspace_id = $1 AND a.is_default <> EXISTS (
            SELECT 1 FROM account_defaults d
            WHERE d.workspace_id = $1 AND d.account_id = a.id) LIMIT $2)sql"},
});

std::span<Check const> access_checks()
{
    return checks;
}

static constexpr auto of_globals = std::to_array<GlobalCheck>({
    {"the login of a session is missing", "ses", R"sql(
        SELECT s.id FROM sessions s
        WHERE NOT EXISTS (SELECT 1 FROM logins l WHERE l.id = s.login_id) LIMIT $1)sql"},
    {"a membership's login is missing", "lgn", R"sql(
        SELECT m.login_id FROM memberships m
        WHERE NOT EXISTS (SELECT 1 FROM logins l WHERE l.id = m.login_id) LIMIT $1)sql"},
    {"a membership's workspace is missing", "wsp", R"sql(
        SELECT m.workspace_id FROM memberships m WHERE NOT EXISTS (
            SELECT 1 FROM workspace_directory d
            WHERE d.workspace_id = m.workspace_id) LIMIT $1)sql"},
    {"a secret's workspace is missing", "wsp", R"sql(
        SELECT s.workspace_id FROM credentials s WHERE NOT EXISTS (
            SELECT 1 FROM workspace_directory d
            WHERE d.workspace_id = s.workspace_id) LIMIT $1)sql"},
});

std::span<GlobalCheck const> global_checks()
{
    return of_globals;
}

}
