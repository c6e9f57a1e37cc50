#pragma once

#include "db/postgres/connection.hpp"

#include <string>

namespace hermod::db::postgres {

/// The role that serves, made by the migrator where it may: neither owner nor superuser.
inline constexpr char const* app_role = "hermod_app";

/// What a session is for, and so how long its statements may take.
enum class Use { write, read, listen, inspect };

/// A connection as Hermod wants it: in the role that the row-level policies bind, durable, with
/// limits. Throws ConnectionLost where there is none to be had now, OpenFailure where there never
/// will be one as the database is set.
std::unique_ptr<Connection> open_session(
    std::string const& url, std::string const& name, Use use, StopSignal const& stop);

}
