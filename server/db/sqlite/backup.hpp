#pragma once

#include "db/tx.hpp"

#include <cstdint>
#include <string>

namespace hermod::db::sqlite {

/// How much is copied, in bytes.
using Progress = FunctionRef<void(std::int64_t done, std::int64_t all)>;

/// Copies a database as it is at one moment, while others write it; they do not wait. `to` must not
/// exist; it becomes one file with nothing beside it, whole and on disk. Throws OpenFailure, also
/// where the copy does not pass SQLite's own check, and leaves nothing then.
void copy_database(std::string const& from, std::string const& to, Progress progress);

/// Whether the file is a database that Hermod has made, of whatever version. Throws OpenFailure
/// where it is no database.
bool is_ours(std::string const& path);

/// Puts the database `fresh`, which nobody has open, in the place of `path`, which this process
/// has locked: after a crash at any instant one of the two is there, whole. The one that was there,
/// if any, is kept as `<path>.replaced`. Throws OpenFailure.
void replace_database(std::string const& fresh, std::string const& path);

/// Removes a database with what SQLite and Hermod keep beside it.
void remove_database(std::string const& path);

enum class Existing { keep, replace };
/// Gives a file that is on disk its name, durably. False: there is one already, and it is kept.
bool publish_file(std::string const& file, std::string const& name, Existing existing);

}
