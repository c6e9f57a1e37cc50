#include "common/world.hpp"

#include "common/measurement.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace hermod::bench {

std::string read_file(std::string const& path)
{
    std::ifstream file{path};
    if (!file)
        throw std::runtime_error{fmt::format("cannot read {}", path)};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

template <class AnyId>
static AnyId to_id(boost::json::value const& value)
{
    auto const id = AnyId::parse(std::string_view{value.as_string()});
    if (!id)
        throw std::runtime_error{
            fmt::format("not an id of its kind: {}", value.as_string().c_str())};
    return *id;
}

World read_world(std::string const& path)
{
    auto const json = boost::json::parse(read_file(path));
    World world{
        .workspace = to_id<WorkspaceId>(json.at("workspace_id")),
        .author = to_id<PersonId>(json.at("author_id")),
        .author_name = std::string{json.at("author_name").as_string()},
        .conversations = {},
    };
    for (auto const& id : json.at("conversation_ids").as_array())
        world.conversations.push_back(to_id<ConversationId>(id));
    if (world.conversations.empty())
        throw std::runtime_error{"a world without conversations"};
    return world;
}

void number_text(char* end_of_text, std::uint64_t number)
{
    for (std::size_t digit = 0; digit < number_digits; ++digit, number /= 10)
        *--end_of_text = static_cast<char>('0' + number % 10);
}

std::string text_of(std::size_t bytes)
{
    static constexpr std::string_view prose =
        "The parcel has left our warehouse and is on its way to you. ";
    if (bytes < number_digits)
        throw std::runtime_error{"a text needs room for its number"};
    std::string text;
    while (text.size() < bytes)
        text += prose;
    text.resize(bytes - number_digits);
    return text.append(number_digits, '0');
}

void add_options(CLI::App& command, Plan& plan)
{
    command.add_option_function<std::int64_t>(
        "--warm-up-ms", [&plan](std::int64_t ms) { plan.warm_up = std::chrono::milliseconds{ms}; });
    command.add_option_function<std::int64_t>(
        "--window-ms", [&plan](std::int64_t ms) { plan.window = std::chrono::milliseconds{ms}; });
    command.add_option("--server-pid", plan.server, "Whose CPU is read");
    command.add_option("--postmaster-pid", plan.postmaster, "A cluster whose CPU is read, too");
}

}
