#include "workspaces/rights.hpp"

namespace hermod::workspaces {

void note_rights_changed(db::GlobalTx& tx, Uuid const& subject)
{
    // Who writes global tables holds their lock until the commit, so seq is in commit order.
    auto const newest =
        tx.one<std::int64_t>("SELECT COALESCE(MAX(seq), 0) FROM access_changes").value_or(0);
    tx.run("INSERT INTO access_changes (seq, subject_id, created_at) VALUES ($1, $2, $3)",
        newest + 1, Id<"subject">{subject}, tx.now());
}

void note_rights_changed(db::Tx& tx, Uuid const& subject)
{
    auto global = tx.global();
    note_rights_changed(global, subject);
    tx.wake(db::Wake::access);
}

}
