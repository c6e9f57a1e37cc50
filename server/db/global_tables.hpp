#pragma once

#include <array>
#include <string_view>

namespace hermod::db {

/// The tables that belong to no workspace; every other table has `workspace_id` as the first
/// column of its key. `Database::system` and `Tx::global` touch these alone.
inline constexpr std::array<std::string_view, 12> global_tables{"logins", "sessions", "memberships",
    "credentials", "access_changes", "workspace_directory", "leases", "migrations", "instance",
    "stream_tickets", "known_places", "login_audit"};

}
