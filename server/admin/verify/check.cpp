#include "admin/verify/check.hpp"

#include <fmt/format.h>

#include <optional>
#include <tuple>

namespace hermod::admin {

/// An id of any kind, as the checks give it.
using AnyId = Id<"any">;

static std::string text_of(std::string_view prefix, AnyId const& id)
{
    std::string text{prefix};
    text += '_';
    append_base32(text, id.bytes());
    return text;
}

std::vector<Check> all_checks()
{
    std::vector<Check> all;
    for (auto const some : {log_checks(), people_checks(), access_checks(), conversation_checks(),
             participant_checks(), unread_checks(), mention_checks(), message_checks(),
             trail_checks(), job_checks(), webhook_checks()})
        all.insert(all.end(), some.begin(), some.end());
    return all;
}

static std::string more(std::string_view says)
{
    return fmt::format("more than {} of: {}", most_findings, says);
}

std::vector<std::string> findings_of(db::Tx const& tx, Check const& check)
{
    using Row = std::tuple<AnyId, std::optional<AnyId>, std::optional<std::int64_t>>;
    std::vector<std::string> lines;
    for (auto const& [id, of, number] : tx.all<Row>(check.sql, most_findings + 1)) {
        auto line = text_of(check.id, id);
        if (of)
            line += " of " + text_of(check.of, *of);
        if (number)
            line += fmt::format(", {} {}", check.number, *number);
        lines.push_back(fmt::format("{}: {}", line, check.says));
    }
    if (lines.size() > static_cast<std::size_t>(most_findings))
        lines.back() = more(check.says);
    return lines;
}

std::vector<std::string> findings_of(db::GlobalTx const& tx, GlobalCheck const& check)
{
    std::vector<std::string> lines;
    for (auto const& id : tx.all<AnyId>(check.sql, most_findings + 1))
        lines.push_back(fmt::format("{}: {}", text_of(check.id, id), check.says));
    if (lines.size() > static_cast<std::size_t>(most_findings))
        lines.back() = more(check.says);
    return lines;
}

}
