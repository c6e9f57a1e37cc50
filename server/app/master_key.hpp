#pragma once

#include "app/config.hpp"
#include "base/crypto.hpp"
#include "base/task.hpp"
#include "db/database.hpp"

namespace hermod::app {

/// The key ring that `master_key`, or else the file `master_key_file`, holds. Throws ConfigError
/// where there is none or it is not one: nothing starts without it. A file that everybody on the
/// machine may read is taken, with a warning.
Keyring load_master_key(Config const& config);

/// Throws ConfigError unless the ring has every key that ever sealed in this database, and each is
/// the one it was then: under another one every account would look broken. Each key's first start
/// leaves a check value, in `instance` as `master_key/<id>`.
Task<void> require_master_key(db::Database& db, Keyring const& keyring);

}
