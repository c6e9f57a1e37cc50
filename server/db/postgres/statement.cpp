#include "db/postgres/statement.hpp"

#include "db/postgres/tokens.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace hermod::db::postgres {

using Tokens = std::span<Token const>;

Name intern(std::string_view identifier)
{
    static std::mutex mutex;
    static std::unordered_map<std::string, Name> names;
    std::lock_guard const lock{mutex};
    return names.try_emplace(std::string{identifier}, static_cast<Name>(names.size()))
        .first->second;
}

static std::size_t count(Tokens tokens, std::string_view word)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(tokens, [&](Token const& token) { return token.is(word); }));
}

template <std::size_t N>
static bool has_any(Tokens tokens, std::array<std::string_view, N> const& words)
{
    return std::ranges::any_of(tokens, [&](Token const& token) {
        return token.kind == Token::Kind::word
            && std::ranges::find(words, token.text) != words.end();
    });
}

/// Where a table's name stands at `at`, perhaps with its schema: the index of its last part.
static std::optional<std::size_t> table_at(Tokens tokens, std::size_t at)
{
    if (at < tokens.size() && tokens[at].is("only"))
        ++at;
    if (at >= tokens.size() || !tokens[at].is_name())
        return std::nullopt;
    while (at + 2 < tokens.size() && tokens[at + 1].is_symbol('.') && tokens[at + 2].is_name())
        at += 2;
    return at;
}

static std::optional<Name> column_of(Tokens tokens)
{
    if (tokens.size() == 1 && tokens[0].is_name())
        return intern(tokens[0].text);
    if (tokens.size() == 3 && tokens[0].is_name() && tokens[1].is_symbol('.')
        && tokens[2].is_name())
        return intern(tokens[2].text);
    return std::nullopt;
}

static std::optional<int> param_of(Tokens tokens)
{
    if (tokens.size() != 1 || tokens[0].kind != Token::Kind::param)
        return std::nullopt;
    return std::stoi(tokens[0].text);
}

static std::optional<KeyTerm> key_term(Tokens tokens)
{
    auto const equals =
        std::ranges::find_if(tokens, [](Token const& token) { return token.is_symbol('='); });
    if (equals == tokens.end())
        return std::nullopt;
    auto const at = static_cast<std::size_t>(equals - tokens.begin());
    auto const left = tokens.first(at);
    auto const right = tokens.subspan(at + 1);
    for (auto const& [name, value] : {std::pair{left, right}, std::pair{right, left}}) {
        auto const column = column_of(name);
        auto const param = param_of(value);
        if (column && param)
            return KeyTerm{*column, *param};
    }
    return std::nullopt;
}

/// The terms `column = $n` among conditions joined by AND; nothing where the top level holds
/// anything else that would change what a term means.
static std::optional<std::vector<KeyTerm>> read_conditions(Tokens tokens)
{
    static constexpr std::array<std::string_view, 8> ends{
        "group", "order", "limit", "having", "offset", "fetch", "window", "returning"};
    std::vector<KeyTerm> keys;
    std::size_t begin = 0;
    for (std::size_t at = 0; at <= tokens.size(); ++at) {
        bool const top = at < tokens.size() && tokens[at].depth == 0;
        bool const end = at == tokens.size()
            || (top && tokens[at].kind == Token::Kind::word
                && std::ranges::find(ends, tokens[at].text) != ends.end());
        if (!end && top
            && (tokens[at].is("or") || tokens[at].is("between") || tokens[at].is("case")))
            return std::nullopt;
        if (!end && !(top && tokens[at].is("and")))
            continue;
        if (auto const term = key_term(tokens.subspan(begin, at - begin)))
            keys.push_back(*term);
        if (end)
            break;
        begin = at + 1;
    }
    return keys;
}

static std::size_t find_top(Tokens tokens, std::string_view word, std::size_t from = 0)
{
    for (auto at = from; at < tokens.size(); ++at) {
        if (tokens[at].depth == 0 && tokens[at].is(word))
            return at;
    }
    return tokens.size();
}

/// No `*` but that of `count(*)`, and no row as a whole: the table's names stand before a dot, or
/// where the table is named (from `from` up to `where`).
static bool names_columns(Tokens tokens, std::size_t from, std::size_t where,
    std::string_view table, std::string_view alias)
{
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        auto const& token = tokens[at];
        if (token.kind == Token::Kind::symbol && token.text.starts_with('*')
            && !(token.text.size() == 1 && at >= 2 && tokens[at - 1].is_symbol('(')
                && tokens[at - 2].is("count")))
            return false;
        bool const is_row = token.is_name() && (token.text == table || token.text == alias)
            && (at < from || at > where)
            && !(at + 1 < tokens.size() && tokens[at + 1].is_symbol('.'));
        if (is_row)
            return false;
    }
    return true;
}

/// `FROM table [AS alias] WHERE`: the one table, where nothing more is read.
static void read_select_keys(Tokens tokens, Analysis& analysis)
{
    static constexpr std::array<std::string_view, 4> more{"join", "union", "intersect", "except"};
    if (count(tokens, "select") != 1 || count(tokens, "from") != 1 || count(tokens, "where") != 1
        || has_any(tokens, more))
        return;
    auto const table = table_at(tokens, find_top(tokens, "from") + 1);
    auto const where = find_top(tokens, "where");
    if (!table || where == tokens.size() || where < *table)
        return;
    auto alias = *table + 1;
    if (tokens[alias].is("as"))
        ++alias;
    if (alias != where && !(alias + 1 == where && tokens[alias].is_name()))
        return;
    if (auto keys = read_conditions(tokens.subspan(where + 1))) {
        analysis.key_table = intern(tokens[*table].text);
        analysis.keys = *std::move(keys);
        analysis.names_its_columns = names_columns(
            tokens, find_top(tokens, "from"), where, tokens[*table].text, tokens[where - 1].text);
    }
}

/// The columns that `SET a = …, b = …` assigns, or more; nothing for `SET (a, b) = …`.
static std::optional<std::vector<Name>> assigned_columns(Tokens tokens)
{
    std::vector<Name> columns;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        if (tokens[at].depth != 0)
            continue;
        bool const starts = at == 0 || tokens[at - 1].is_symbol(',');
        if (starts && !tokens[at].is_name())
            return std::nullopt;
        if (at + 1 < tokens.size() && tokens[at].is_name() && tokens[at + 1].is_symbol('='))
            columns.push_back(intern(tokens[at].text));
    }
    return columns;
}

static void drop_columns(std::vector<KeyTerm>& keys, std::vector<Name> const& columns)
{
    std::erase_if(keys, [&](KeyTerm const& term) {
        return std::ranges::find(columns, term.column) != columns.end();
    });
}

static void read_update_keys(Tokens tokens, Analysis& analysis)
{
    auto const table = table_at(tokens, 1);
    auto const set = find_top(tokens, "set");
    auto const where = find_top(tokens, "where");
    if (!table || where == tokens.size() || set > where || count(tokens, "from") != 0
        || count(tokens, "select") != 0 || count(tokens, "where") != 1)
        return;
    auto const assigned = assigned_columns(tokens.subspan(set + 1, where - set - 1));
    auto keys = read_conditions(tokens.subspan(where + 1));
    if (!assigned || !keys)
        return;
    drop_columns(*keys, *assigned);
    analysis.assigned = *assigned;
    analysis.key_table = intern(tokens[*table].text);
    analysis.keys = *std::move(keys);
}

static void read_delete_keys(Tokens tokens, Analysis& analysis)
{
    auto const table = table_at(tokens, 2);
    auto const where = find_top(tokens, "where");
    if (!table || where == tokens.size() || count(tokens, "using") != 0
        || count(tokens, "select") != 0 || count(tokens, "where") != 1)
        return;
    if (auto keys = read_conditions(tokens.subspan(where + 1))) {
        analysis.key_table = intern(tokens[*table].text);
        analysis.keys = *std::move(keys);
    }
}

/// The items of a list in parentheses that opens at `open`, and where it closes.
static std::optional<std::pair<std::vector<Tokens>, std::size_t>> read_list(
    Tokens tokens, std::size_t open)
{
    if (open >= tokens.size() || !tokens[open].is_symbol('('))
        return std::nullopt;
    std::vector<Tokens> items;
    auto begin = open + 1;
    for (auto at = begin; at < tokens.size(); ++at) {
        bool const close = tokens[at].is_symbol(')') && tokens[at].depth == tokens[open].depth;
        if (!close && !(tokens[at].is_symbol(',') && tokens[at].depth == tokens[open].depth + 1))
            continue;
        items.push_back(tokens.subspan(begin, at - begin));
        begin = at + 1;
        if (close)
            return std::pair{std::move(items), at};
    }
    return std::nullopt;
}

/// After the VALUES of an INSERT: may the row that is there already change, and in what?
static bool read_on_conflict(Tokens tokens, std::vector<KeyTerm>& keys)
{
    if (tokens.empty() || tokens[0].is("returning"))
        return true;
    if (tokens.size() < 4 || !tokens[0].is("on") || !tokens[1].is("conflict"))
        return false;
    auto const todo = find_top(tokens, "do");
    if (todo + 1 >= tokens.size())
        return false;
    if (tokens[todo + 1].is("nothing"))
        return true;
    // The row that changes has the same columns of the conflict's target, and no other for sure.
    auto const target = read_list(tokens, 2);
    auto const set = find_top(tokens, "set", todo);
    if (!target || set == tokens.size())
        return false;
    auto const end = std::min(find_top(tokens, "where", set), find_top(tokens, "returning", set));
    auto const assigned = assigned_columns(tokens.subspan(set + 1, end - set - 1));
    if (!assigned)
        return false;
    std::erase_if(keys, [&](KeyTerm const& term) {
        return std::ranges::none_of(
            target->first, [&](Tokens item) { return column_of(item) == term.column; });
    });
    drop_columns(keys, *assigned);
    return true;
}

/// `INSERT INTO table (columns) VALUES (one row)`.
static void read_insert_keys(Tokens tokens, Analysis& analysis)
{
    auto const table = table_at(tokens, 2);
    if (!table || count(tokens, "select") != 0)
        return;
    auto const columns = read_list(tokens, *table + 1);
    if (!columns || columns->second + 1 >= tokens.size()
        || !tokens[columns->second + 1].is("values"))
        return;
    auto const values = read_list(tokens, columns->second + 2);
    if (!values || values->first.size() != columns->first.size())
        return;
    std::vector<KeyTerm> keys;
    for (std::size_t i = 0; i < columns->first.size(); ++i) {
        auto const column = column_of(columns->first[i]);
        auto const param = param_of(values->first[i]);
        if (column && param)
            keys.push_back({*column, *param});
    }
    if (!read_on_conflict(tokens.subspan(values->second + 1), keys))
        return;
    analysis.key_table = intern(tokens[*table].text);
    analysis.keys = std::move(keys);
}

/// The tables after INTO, UPDATE and DELETE FROM; nothing where one is not a plain name.
static std::optional<std::vector<std::string>> written_tables(Tokens tokens)
{
    std::vector<std::string> tables;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        auto const& token = tokens[at];
        auto const follows = [&](std::string_view word) {
            return at > 0 && tokens[at - 1].is(word);
        };
        bool const target = token.is("into")
            || (token.is("update") && !follows("do") && !follows("for") && !follows("key")
                && !follows("on"))
            || (token.is("from") && follows("delete"));
        if (!target)
            continue;
        auto const table = table_at(tokens, at + 1);
        if (!table)
            return std::nullopt;
        tables.push_back(tokens[*table].text);
    }
    return tables;
}

static void read_written(Tokens tokens, SchemaFacts const& facts, Analysis& analysis)
{
    auto const tables = written_tables(tokens);
    analysis.writes_anything = !tables || tables->empty();
    if (analysis.writes_anything)
        return;
    bool const inserts = tokens[0].is("insert") && count(tokens, "update") == 0;
    std::vector<std::string> all = *tables;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (facts.triggered.contains(all[i]) || facts.opaque.contains(all[i]))
            analysis.writes_anything = true;
        auto const passed_on = facts.cascades.find(all[i]);
        if (inserts || passed_on == facts.cascades.end())
            continue;
        for (auto const& table : passed_on->second) {
            if (std::ranges::find(all, table) == all.end())
                all.push_back(table);
        }
    }
    for (auto const& table : all)
        analysis.written.push_back(intern(table));
    if (tables->size() != 1)
        return;
    if (tokens[0].is("insert"))
        read_insert_keys(tokens, analysis);
    else if (tokens[0].is("update"))
        read_update_keys(tokens, analysis);
    else if (tokens[0].is("delete"))
        read_delete_keys(tokens, analysis);
}

/// A SELECT whose answer changes only with the tables that it names.
static bool is_repeatable(Tokens tokens, SchemaFacts const& facts)
{
    static constexpr std::array<std::string_view, 13> moody{"nextval", "setval", "currval",
        "lastval", "random", "gen_random_uuid", "clock_timestamp", "statement_timestamp",
        "timeofday", "set_config", "txid_current", "uuid_generate_v4", "tablesample"};
    if (count(tokens, "from") == 0 || has_any(tokens, moody))
        return false;
    for (std::size_t at = 0; at < tokens.size(); ++at) {
        if (!tokens[at].is_name())
            continue;
        if (facts.opaque.contains(tokens[at].text) || tokens[at].text.starts_with("pg_"))
            return false;
        bool const locks = at > 0 && tokens[at - 1].is("for")
            && (tokens[at].is("update") || tokens[at].is("share") || tokens[at].is("no")
                || tokens[at].is("key"));
        if (locks)
            return false;
    }
    return true;
}

Analysis analyse(std::string_view sql, SchemaFacts const& facts)
{
    Analysis analysis;
    auto const read = tokenise(sql);
    if (!read || read->empty()) {
        analysis.writes_anything = true;
        return analysis;
    }
    Tokens const tokens{*read};
    static constexpr std::array<std::string_view, 6> changing{
        "insert", "delete", "merge", "truncate", "into", "call"};
    bool const selects = tokens[0].is("select") || tokens[0].is("with");
    bool const updates = std::ranges::any_of(tokens, [&](Token const& token) {
        return token.is("update") && !(&token != tokens.data() && (&token - 1)->is("for"))
            && !(&token != tokens.data() && (&token - 1)->is("key"));
    });
    for (auto const& token : tokens) {
        if (token.is_name())
            analysis.names.push_back(intern(token.text));
    }
    std::ranges::sort(analysis.names);
    auto const rest = std::ranges::unique(analysis.names);
    analysis.names.erase(rest.begin(), rest.end());
    if (selects && !updates && !has_any(tokens, changing)) {
        analysis.kind = Analysis::Kind::read;
        analysis.repeatable = is_repeatable(tokens, facts);
        read_select_keys(tokens, analysis);
        return analysis;
    }
    static constexpr std::array<std::string_view, 4> known{"insert", "update", "delete", "with"};
    static constexpr std::array<std::string_view, 2> sweeping{"truncate", "call"};
    if (std::ranges::find(known, tokens[0].text) == known.end() || has_any(tokens, sweeping)) {
        analysis.writes_anything = true;
        return analysis;
    }
    read_written(tokens, facts, analysis);
    return analysis;
}

static std::uint32_t oid_of(Type type)
{
    switch (type) {
    case Type::integer:
        return 20;
    case Type::real:
        return 701;
    case Type::boolean:
        return 16;
    case Type::text:
        return 25;
    case Type::bytes:
        return 17;
    case Type::uuid:
        return 2950;
    }
    return 0;
}

static std::string put_columns_in(Statement const& statement)
{
    static constexpr std::string_view mark = "{columns}";
    std::string sql{statement.sql};
    for (auto at = sql.find(mark); at != sql.npos; at = sql.find(mark, at))
        sql.replace(at, mark.size(), statement.columns);
    return sql;
}

Prepared const& Statements::find(Statement const& statement, std::span<Param const> params)
{
    std::pair<std::string, std::vector<Type>> key{put_columns_in(statement), {}};
    for (auto const& param : params)
        key.second.push_back(param.type);
    std::lock_guard const lock{mutex_};
    auto& prepared = known_[key];
    if (!prepared) {
        prepared = std::make_unique<Prepared>();
        prepared->sql = key.first;
        prepared->name = "s" + std::to_string(known_.size());
        prepared->types = key.second;
        for (auto const type : prepared->types)
            prepared->oids.push_back(oid_of(type));
        prepared->analysis = analyse(prepared->sql, facts_);
    }
    return *prepared;
}

static bool same_types(Prepared const& prepared, std::span<Param const> params)
{
    return std::ranges::equal(prepared.types, params, {}, {}, &Param::type);
}

Prepared const& StatementCache::find(Statement const& statement, std::span<Param const> params)
{
    auto const [first, last] = known_.equal_range(statement.sql.data());
    for (auto entry = first; entry != last; ++entry) {
        auto const& known = entry->second;
        if (known.sql == statement.sql && known.columns == statement.columns.data()
            && same_types(*known.prepared, params))
            return *known.prepared;
    }
    // Not a literal, or the same text over and over at one address: what is kept stays small.
    if (std::distance(first, last) > 16)
        known_.erase(first, last);
    auto const& prepared = statements_->find(statement, params);
    known_.emplace(statement.sql.data(),
        Entry{std::string{statement.sql}, statement.columns.data(), &prepared});
    return prepared;
}

}
