#pragma once

#include "db/inspector.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::admin {

/// One thing that must never be found. `sql` gives each violation as a row of three: the id of
/// what is wrong, the id of what it belongs to, a number; the last two may be null. It ends in
/// `LIMIT $2`.
struct Check {
    std::string_view says; ///< what is wrong with what the row names
    std::string_view id; ///< prefixes of the two ids
    std::string_view of;
    std::string_view number; ///< what the number is
    std::string_view sql;
};

/// The same over the global tables: `LIMIT $1`.
struct GlobalCheck {
    std::string_view says;
    std::string_view id;
    std::string_view sql;
};

std::span<Check const> log_checks();
std::span<Check const> people_checks();
std::span<Check const> access_checks();
std::span<Check const> conversation_checks();
std::span<Check const> participant_checks();
std::span<Check const> unread_checks();
std::span<Check const> mention_checks();
std::span<Check const> message_checks();
std::span<Check const> trail_checks();
std::span<Check const> job_checks();
std::span<Check const> webhook_checks();
std::span<GlobalCheck const> global_checks();

/// Every check of a workspace; a feature adds its own.
std::vector<Check> all_checks();

/// At most this many lines of one check and workspace.
inline constexpr std::int64_t most_findings = 1000;

/// `msg_… of cnv_…, seq 7: its conversation is missing`, each violation a line.
std::vector<std::string> findings_of(db::Tx const& tx, Check const& check);
std::vector<std::string> findings_of(db::GlobalTx const& tx, GlobalCheck const& check);

}
