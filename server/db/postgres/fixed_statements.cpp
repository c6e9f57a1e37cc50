#include "db/postgres/fixed_statements.hpp"

#include "db/postgres/connection.hpp"

namespace hermod::db::postgres {

FixedStatements const& fixed()
{
    using enum Type;
    static FixedStatements const statements{
        .begin = internal_statement("begin", "BEGIN ISOLATION LEVEL READ COMMITTED"),
        .begin_read =
            internal_statement("begin_read", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
        .lock = internal_statement(
            "lock", "SELECT pg_advisory_xact_lock($1::int, $2::int)", {integer, integer}),
        .set_workspace = internal_statement(
            "set_workspace", "SELECT set_config('hermod.workspace', $1::text, true)", {uuid}),
        .savepoint = internal_statement("savepoint", "SAVEPOINT hermod"),
        .release_savepoint = internal_statement("release", "RELEASE SAVEPOINT hermod"),
        .rollback_to_savepoint = internal_statement("rollback_to", "ROLLBACK TO SAVEPOINT hermod"),
        .mark = internal_statement("mark",
            "INSERT INTO hermod_batches (node, shard, batch, committed_at) "
            "VALUES ($1, $2, $3, extract(epoch FROM now())::bigint) "
            "ON CONFLICT (node, shard) DO UPDATE "
            "SET batch = excluded.batch, committed_at = excluded.committed_at",
            {uuid, integer, integer}),
        .read_mark = internal_statement("read_mark",
            "SELECT batch FROM hermod_batches WHERE node = $1 AND shard = $2", {uuid, integer}),
        .forget_marks = internal_statement("forget_marks",
            "DELETE FROM hermod_batches "
            "WHERE committed_at < extract(epoch FROM now())::bigint - 86400"),
        .commit = internal_statement("commit", "COMMIT"),
        .rollback = internal_statement("rollback", "ROLLBACK"),
        // A wake-up may be lost: it does not wait for the disk, nor lets the next batch wait for
        // it.
        .notify = internal_statement("notify",
            "SELECT set_config('synchronous_commit', 'off', true), pg_notify('hermod', $1)",
            {text}),
        .listen = internal_statement("listen", "LISTEN hermod"),
    };
    return statements;
}

}
