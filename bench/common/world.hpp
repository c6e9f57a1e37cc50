#pragma once

#include "base/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace hermod::bench {

struct Plan;

/// The rows that are there before the first message.
struct World {
    WorkspaceId workspace;
    PersonId author;
    std::string author_name;
    std::vector<ConversationId> conversations;
};

/// From the JSON file {workspace_id, author_id, author_name, conversation_ids}.
World read_world(std::string const& path);

std::string read_file(std::string const& path);

/// Puts the number into the text's last 12 characters, so that no two texts are equal.
void number_text(char* end_of_text, std::uint64_t number);
inline constexpr std::size_t number_digits = 12;

/// ASCII prose of so many bytes, ending with zeros for the number.
std::string text_of(std::size_t bytes);

/// The options that every load generator has.
void add_options(CLI::App& command, Plan& plan);

}
