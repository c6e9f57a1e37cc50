#include "db/sqlite/plan.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

namespace hermod::db::sqlite {

static std::vector<std::string> steps_of(sqlite3* db, std::string const& sql)
{
    auto const explain = "EXPLAIN QUERY PLAN " + sql;
    sqlite3_stmt* raw = nullptr;
    sqlite3_prepare_v2(db, explain.c_str(), -1, &raw, nullptr);
    std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)> const owned{raw, sqlite3_finalize};
    std::vector<std::string> steps;
    while (raw && sqlite3_step(raw) == SQLITE_ROW)
        if (auto const* const text = sqlite3_column_text(raw, 3))
            steps.emplace_back(reinterpret_cast<char const*>(text));
    return steps;
}

static std::string_view word_after(std::string_view step, std::string_view verb)
{
    if (!step.starts_with(verb))
        return {};
    step.remove_prefix(verb.size());
    return step.substr(0, step.find(' '));
}

std::optional<std::string> find_scan(sqlite3* db, std::string const& sql)
{
    auto const steps = steps_of(db, sql);
    // What a statement has put together itself may be walked.
    std::vector<std::string_view> own;
    for (std::string_view const step : steps)
        for (auto const verb : {"MATERIALIZE ", "CO-ROUTINE "})
            if (auto const name = word_after(step, verb); !name.empty())
                own.push_back(name);
    for (std::string_view const step : steps) {
        auto const name = word_after(step, "SCAN ");
        auto const harmless = name.empty() || name == "CONSTANT" || name.starts_with('(')
            || step.find(" VIRTUAL TABLE ") != std::string_view::npos
            || std::ranges::find(own, name) != own.end();
        if (!harmless)
            return std::string{step};
    }
    return std::nullopt;
}

}
