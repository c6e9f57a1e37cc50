#pragma once

#include "db/tx.hpp"

namespace hermod::workspaces {

/// Tells every process that what it remembers of the rights of `subject` (a key, a session, a login
/// or a person) is no longer so. Call in the transaction that changes them.
void note_rights_changed(db::GlobalTx& tx, Uuid const& subject);
/// The same, and wakes who watches for it.
void note_rights_changed(db::Tx& tx, Uuid const& subject);

}
