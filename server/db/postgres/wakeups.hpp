#pragma once

#include "db/database.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::db::postgres {

/// The payloads of the notifications that tell the other nodes what to look at: each the node that
/// sends it and workspaces with their wakes, below the 8000 bytes that PostgreSQL takes.
std::vector<std::string> to_payloads(Uuid const& node, std::span<Committed const> wakes);

struct Wakeups {
    Uuid node;
    std::vector<Committed> wakes;
};
/// Nothing where it is not one of ours.
std::optional<Wakeups> from_payload(std::string_view payload);

}
