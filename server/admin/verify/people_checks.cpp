#include "admin/verify/check.hpp"

#include <array>

namespace hermod::admin {

static constexpr auto checks = std::to_array<Check>({
    {"the kind is not what the person is", "per", "", "", R"sql(
        SELECT p.id, NULL, NULL FROM people p
        WHERE p.workspace_id = $1 AND p.merged_into IS NULL AND p.deleted_at IS NULL
          AND p.kind <> CASE WHEN p.is_bot THEN 'bot' WHEN p.login_id IS NOT NULL THEN 'member'
            WHEN p.external_id IS NOT NULL THEN 'user' ELSE 'contact' END LIMIT $2)sql"},
    {"whom the person was merged into is missing", "per", "per", "", R"sql(
        SELECT p.id, p.merged_into, NULL FROM people p
        WHERE p.workspace_id = $1 AND p.merged_into IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM people s
            WHERE s.workspace_id = $1 AND s.id = p.merged_into) LIMIT $2)sql"},
    {"the person was merged into one who was merged", "per", "per", "", R"sql(
        SELECT p.id, p.merged_into, NULL FROM people p
        JOIN people s ON s.workspace_id = $1 AND s.id = p.merged_into
        WHERE p.workspace_id = $1 AND s.merged_into IS NOT NULL LIMIT $2)sql"},
    {"the address's person is missing", "adr", "per", "", R"sql(
        SELECT a.id, a.person_id, NULL FROM addresses a
        WHERE a.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM people p
            WHERE p.workspace_id = $1 AND p.id = a.person_id) LIMIT $2)sql"},
    {"the address's account is missing", "adr", "acc", "", R"sql(
        SELECT a.id, a.account_id, NULL FROM addresses a
        WHERE a.workspace_id = $1 AND a.account_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM accounts o
            WHERE o.workspace_id = $1 AND o.id = a.account_id) LIMIT $2)sql"},
    {"one of the two people of the merge is missing", "per", "per", "offset", R"sql(
        SELECT m.merged_id, m.survivor_id, m.merged_offset FROM person_merges m
        WHERE m.workspace_id = $1 AND (NOT EXISTS (
                SELECT 1 FROM people p WHERE p.workspace_id = $1 AND p.id = m.merged_id)
            OR NOT EXISTS (
                SELECT 1 FROM people p WHERE p.workspace_id = $1 AND p.id = m.survivor_id))
        LIMIT $2)sql"},
    {"the merge of this move, or its conversation, is missing", "cnv", "per", "offset", R"sql(
        SELECT v.conversation_id, v.survivor_id, v.merged_offset FROM participant_moves v
        WHERE v.workspace_id = $1 AND (NOT EXISTS (
                SELECT 1 FROM person_merges m
                WHERE m.workspace_id = $1 AND m.merged_offset = v.merged_offset)
            OR NOT EXISTS (
                SELECT 1 FROM conversations c
                WHERE c.workspace_id = $1 AND c.id = v.conversation_id)) LIMIT $2)sql"},
    {"rows wait to be imported and their import is missing", "imp", "", "part", R"sql(
        SELECT k.import_id, NULL, k.n FROM person_import_chunks k
        WHERE k.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM person_imports i
            WHERE i.workspace_id = $1 AND i.id = k.import_id) LIMIT $2)sql"},
    {"the import of this error is missing", "imp", "", "row", R"sql(
        SELECT e.import_id, NULL, e.row_number FROM person_import_errors e
        WHERE e.workspace_id = $1 AND NOT EXISTS (
            SELECT 1 FROM person_imports i
            WHERE i.workspace_id = $1 AND i.id = e.import_id) LIMIT $2)sql"},
});

std::span<Check const> people_checks()
{
    return checks;
}

}
