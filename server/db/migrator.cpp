#include "db/migrator.hpp"

#include "base/crypto.hpp"
#include "db/failures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

namespace hermod::db {

static constexpr std::string_view name_of(Engine engine)
{
    return engine == Engine::sqlite ? "sqlite" : "postgres";
}

std::string sql_for(Engine engine, std::string_view sql)
{
    std::string out;
    for (;;) {
        auto const sqlite = sql.find("/*sqlite:");
        auto const postgres = sql.find("/*postgres:");
        auto const at = std::min(sqlite, postgres);
        if (at == std::string_view::npos)
            return out.append(sql);
        auto const fragment_engine = sqlite < postgres ? Engine::sqlite : Engine::postgres;
        auto const begin = at + name_of(fragment_engine).size() + 3;
        auto const end = sql.find("*/", begin);
        if (end == std::string_view::npos)
            throw OpenFailure{"a migration has an engine's fragment without its end"};
        out.append(sql.substr(0, at));
        if (fragment_engine == engine)
            out.append(sql.substr(begin, end - begin));
        sql.remove_prefix(end + 2);
    }
}

/// The position after the quoted text, comment or `$tag$` body that begins at `at`, else `at`.
static std::size_t skip_opaque(std::string_view sql, std::size_t at)
{
    auto const past = [&](std::string_view end, std::size_t from) {
        auto const found = sql.find(end, from);
        return found == std::string_view::npos ? sql.size() : found + end.size();
    };
    auto const rest = sql.substr(at);
    if (rest.starts_with("--"))
        return past("\n", at);
    if (rest.starts_with("/*"))
        return past("*/", at + 2);
    if (rest.starts_with('\'') || rest.starts_with('"'))
        return past(rest.substr(0, 1), at + 1); // a doubled quote begins the next quoted text
    if (rest.starts_with('$')) {
        auto const tag_end =
            rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_", 1);
        if (tag_end != std::string_view::npos && rest[tag_end] == '$')
            return past(rest.substr(0, tag_end + 1), at + tag_end + 1);
    }
    return at;
}

std::vector<std::string> split_statements(std::string_view sql)
{
    std::vector<std::string> statements;
    std::size_t begin = 0;
    bool empty = true; // nothing but blanks and comments since `begin`
    auto const finish = [&](std::size_t end) {
        if (!empty)
            statements.emplace_back(sql.substr(begin, end - begin));
        begin = end + 1;
        empty = true;
    };
    for (std::size_t at = 0; at < sql.size();) {
        auto const after = skip_opaque(sql, at);
        if (after != at) {
            empty &= sql[at] == '-' || sql[at] == '/';
            at = after;
            continue;
        }
        if (sql[at] == ';')
            finish(at);
        else
            empty &= std::string_view{" \t\r\n"}.contains(sql[at]);
        ++at;
    }
    finish(sql.size());
    return statements;
}

struct FileName {
    std::int64_t number;
    std::optional<Engine> engine;
};

static std::optional<FileName> parse_name(std::string_view name)
{
    FileName parsed{};
    auto const digits = std::from_chars(name.data(), name.data() + name.size(), parsed.number);
    if (digits.ptr != name.data() + 4 || name.size() < 10 || name[4] != '_' || parsed.number < 1
        || !name.ends_with(".sql"))
        return std::nullopt;
    auto words = name.substr(5, name.size() - 9);
    for (auto const engine : {Engine::sqlite, Engine::postgres}) {
        auto const suffix = fmt::format(".{}", name_of(engine));
        if (words.ends_with(suffix)) {
            parsed.engine = engine;
            words.remove_suffix(suffix.size());
        }
    }
    auto const allowed = "abcdefghijklmnopqrstuvwxyz0123456789_";
    if (words.empty() || words.find_first_not_of(allowed) != std::string_view::npos)
        return std::nullopt;
    return parsed;
}

static bool has_line(std::string_view text, std::string_view wanted)
{
    while (!text.empty()) {
        auto const end = text.find('\n');
        if (text.substr(0, end) == wanted)
            return true;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return false;
}

std::vector<Migration> migrations_for(Engine engine, std::span<SqlFile const> files)
{
    std::map<std::int64_t, Migration> by_number;
    for (auto const& file : files) {
        auto const name = parse_name(file.name);
        if (!name)
            throw OpenFailure{
                fmt::format("migration {} is not named NNNN_verb_noun.sql", file.name)};
        if (name->engine && *name->engine != engine)
            continue;
        Migration step{.number = name->number,
            .name = std::string{file.name},
            .checksum = to_hex(sha256(file.text)),
            .sql = sql_for(engine, file.text),
            .in_transaction = !has_line(file.text, "-- no transaction")};
        auto const [other, is_new] = by_number.try_emplace(name->number, std::move(step));
        if (!is_new)
            throw OpenFailure{fmt::format(
                "migrations {} and {} have the same number", other->second.name, file.name)};
    }
    std::vector<Migration> steps;
    for (auto& [number, step] : by_number)
        steps.push_back(std::move(step));
    return steps;
}

struct Applied {
    std::string name;
    std::string checksum;
};

static std::map<std::int64_t, Applied> read_applied(SchemaConnection& connection)
{
    std::map<std::int64_t, Applied> applied;
    auto const rows = connection.query("SELECT number, name, checksum FROM migrations");
    for (auto const& row : rows)
        applied.emplace(std::stoll(row.at(0)), Applied{row.at(1), row.at(2)});
    return applied;
}

/// The steps that are missing, after every reason to refuse has been looked for.
static std::vector<Migration const*> missing_steps(
    std::vector<Migration> const& steps, std::map<std::int64_t, Applied> const& applied)
{
    for (auto const& [number, line] : applied)
        if (std::ranges::find(steps, number, &Migration::number) == steps.end())
            throw OpenFailure{
                fmt::format("the database is newer than this hermod: it has migration {}, "
                            "which this version does not know",
                    line.name)};
    std::vector<Migration const*> missing;
    for (auto const& step : steps) {
        auto const line = applied.find(step.number);
        if (line == applied.end())
            missing.push_back(&step);
        else if (line->second.checksum != step.checksum)
            throw OpenFailure{fmt::format("migration {} differs from what was applied to this "
                                          "database; applied migrations are never changed",
                step.name)};
        else if (!missing.empty())
            throw OpenFailure{
                fmt::format("migration {} is missing in the database although the later {} "
                            "is applied; migrations are only ever added at the end",
                    missing.front()->name, step.name)};
    }
    return missing;
}

static void apply(SchemaConnection& connection, Migration const& step, Timestamp now)
{
    // The name and the checksum are checked texts without quotes.
    auto const line = fmt::format("INSERT INTO migrations (number, name, checksum, applied_at) "
                                  "VALUES ({}, '{}', '{}', {})",
        step.number, step.name, step.checksum, now.us);
    try {
        if (step.in_transaction) {
            auto const begin = connection.engine() == Engine::sqlite ? "BEGIN IMMEDIATE" : "BEGIN";
            connection.execute_script(begin);
            connection.execute_script(step.sql);
            connection.execute_script(line);
            connection.execute_script("COMMIT");
            return;
        }
        for (auto const& statement : split_statements(step.sql))
            connection.execute_script(statement);
        connection.execute_script(line);
    } catch (std::exception const& failure) {
        std::string const reason = failure.what();
        try {
            connection.execute_script("ROLLBACK");
        } catch (std::exception const&) {
            // The engine has already rolled back, or the connection is gone.
        }
        throw OpenFailure{fmt::format("migration {} failed: {}", step.name, reason)};
    }
}

Migrated migrate(SchemaConnection& connection, std::span<SqlFile const> files, Timestamp now)
{
    auto const steps = migrations_for(connection.engine(), files);
    connection.lock();
    connection.execute_script("CREATE TABLE IF NOT EXISTS migrations ("
                              "number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
                              "checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)");
    auto const applied = read_applied(connection);
    auto const missing = missing_steps(steps, applied);
    for (auto const* step : missing)
        apply(connection, *step, now);

    Migrated result{.applied = missing.size()};
    if (!applied.empty())
        result.from = applied.rbegin()->first;
    result.to = missing.empty() ? result.from : missing.back()->number;
    return result;
}

void require_migrated(SchemaConnection& connection, std::span<SqlFile const> files)
{
    auto const steps = migrations_for(connection.engine(), files);
    auto const* const exists = connection.engine() == Engine::sqlite
        ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'migrations'"
        : "SELECT 1 WHERE to_regclass('migrations') IS NOT NULL";
    auto const applied = connection.query(exists).empty() ? std::map<std::int64_t, Applied>{}
                                                          : read_applied(connection);
    auto const missing = missing_steps(steps, applied);
    if (!missing.empty())
        throw OpenFailure{
            fmt::format("the database lacks {} migration(s), the first is {}; run `hermod migrate`",
                missing.size(), missing.front()->name)};
}

}
