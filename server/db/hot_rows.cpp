#include "db/hot_rows.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <utility>

namespace hermod::db {

struct HotRows::Entry : HotRow {
    Entry(HotRows& owner, Table& table, Key const& key) : HotRow(owner), table(&table), key(key) { }

    Table* table;
    Key key;
    std::uint64_t remembered_by = 0; ///< the λ whose undo list has this row already
    bool in_dirty = false;
    bool in_fresh = false;
};

struct HotRows::Table {
    explicit Table(HotTable const& spec) : spec(spec) { }

    HotTable spec;
    std::unordered_map<Key, Entry, KeyHash> rows; // its nodes do not move
    // Every dirty row is in `dirty` and every row that is not stale in `fresh`; both may also hold
    // rows that no longer are.
    std::vector<Entry*> dirty;
    std::vector<Entry*> fresh;
};

/// A row as it was before the λ first touched it.
struct HotRows::Undo {
    Entry* entry;
    std::array<std::int64_t, 6> values;
    bool dirty;
    bool stale;
};

HotRows::HotRows(Session& session) : session_(session) { }

HotRows::~HotRows() = default;

void HotRow::set(int column, std::int64_t value)
{
    owner_->set(*this, column, value);
}

void HotRow::reload() const
{
    // Rows live in HotRows and are never const themselves.
    auto& row = const_cast<HotRow&>(*this);
    if (!owner_->load(static_cast<HotRows::Entry&>(row)))
        throw std::logic_error{"a λ used a hot row that it had deleted"};
}

static bool is_word(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

/// Whether `word` stands in `sql` as a whole word, in any case.
static bool has_word(std::string_view sql, std::string_view word)
{
    auto const same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a))
            == std::tolower(static_cast<unsigned char>(b));
    };
    for (auto at = sql.begin();; ++at) {
        at = std::search(at, sql.end(), word.begin(), word.end(), same);
        if (at == sql.end())
            return false;
        auto const after = at + static_cast<std::ptrdiff_t>(word.size());
        if ((at == sql.begin() || !is_word(at[-1])) && (after == sql.end() || !is_word(*after)))
            return true;
    }
}

HotRows::Table& HotRows::table_of(HotTable const& spec)
{
    for (auto const& table : tables_)
        if (table->spec.table == spec.table)
            return *table;
    HERMOD_CHECK(spec.columns >= 1 && spec.columns <= 6 && tables_.size() < 64);
    facts_.clear(); // they do not know of this table
    return *tables_.emplace_back(std::make_unique<Table>(spec));
}

HotRows::Entry& HotRows::entry_of(Table& table, WorkspaceId const& workspace, Uuid const& key)
{
    Key const full{workspace.bytes(), key};
    return table.rows.try_emplace(full, *this, table, full).first->second;
}

HotRows::Facts const& HotRows::facts_of(Statement const& statement)
{
    if (facts_.size() > 10'000) // texts that are not literals
        facts_.clear();
    auto& facts = facts_[statement.sql.data()];
    if (facts.sql != statement.sql) {
        facts = {.sql = std::string{statement.sql}};
        for (std::size_t i = 0; i < tables_.size(); ++i)
            if (has_word(statement.sql, tables_[i]->spec.table))
                facts.names |= std::uint64_t{1} << i;
        // An INSERT adds rows and leaves the others alone, but for ON CONFLICT DO UPDATE.
        facts.changes = has_word(statement.sql, "UPDATE") || has_word(statement.sql, "DELETE")
            || has_word(statement.sql, "REPLACE");
    }
    return facts;
}

/// The only place where a row's flags change, so that it is on the lists it must be on.
void HotRows::mark(Entry& entry, bool dirty, bool stale)
{
    entry.dirty_ = dirty;
    entry.stale_ = stale;
    if (dirty && !std::exchange(entry.in_dirty, true))
        entry.table->dirty.push_back(&entry);
    if (!stale && !std::exchange(entry.in_fresh, true))
        entry.table->fresh.push_back(&entry);
}

void HotRows::remember(Entry& entry)
{
    if (lambda_ == 0 || entry.remembered_by == lambda_)
        return;
    entry.remembered_by = lambda_;
    undo_.push_back({&entry, entry.values_, entry.dirty_, entry.stale_});
}

bool HotRows::load(Entry& entry)
{
    std::array<Param, 2> const params{Param{Type::uuid, false, 0, 0, as_text(entry.key.workspace)},
        Param{Type::uuid, false, 0, 0, as_text(entry.key.key)}};
    auto const& spec = entry.table->spec;
    bool found = false;
    session_.query({spec.select, {}}, params, [&](Row const& row) {
        // A λ that is undone may have changed what is read here: then it is read anew.
        remember(entry);
        for (int i = 0; i < spec.columns; ++i)
            entry.values_[static_cast<std::size_t>(i)] = row.integer(i);
        found = true;
    });
    if (found)
        mark(entry, false, false);
    return found;
}

HotRow* HotRows::find(HotTable const& spec, WorkspaceId const& workspace, Uuid const& key)
{
    auto& entry = entry_of(table_of(spec), workspace, key);
    return !entry.stale_ || load(entry) ? &entry : nullptr;
}

HotRow& HotRows::insert(HotTable const& spec, WorkspaceId const& workspace, Uuid const& key,
    std::span<std::int64_t const> values)
{
    HERMOD_CHECK(values.size() == static_cast<std::size_t>(spec.columns));
    auto& entry = entry_of(table_of(spec), workspace, key);
    ++changes_;
    remember(entry);
    std::ranges::copy(values, entry.values_.begin());
    mark(entry, false, false);
    return entry;
}

void HotRows::set(HotRow& row, int column, std::int64_t value)
{
    auto& entry = static_cast<Entry&>(row);
    if (row[column] == value) // reads the row where it is stale
        return;
    ++changes_;
    remember(entry);
    entry.values_[static_cast<std::size_t>(column)] = value;
    mark(entry, true, false);
}

void HotRows::flush(Table& table, Uuid const* workspace)
{
    std::vector<Entry*> kept;
    // By index: the session may throw, and then the list still holds every dirty row.
    for (std::size_t i = 0; i < table.dirty.size(); ++i) {
        auto& entry = *table.dirty[i];
        if (entry.dirty_ && workspace && entry.key.workspace != *workspace) {
            kept.push_back(&entry);
            continue;
        }
        if (!entry.dirty_)
            continue;
        std::array<Param, 8> params{Param{Type::uuid, false, 0, 0, as_text(entry.key.workspace)},
            Param{Type::uuid, false, 0, 0, as_text(entry.key.key)}};
        auto const columns = static_cast<std::size_t>(table.spec.columns);
        for (std::size_t c = 0; c < columns; ++c)
            params[2 + c] = {Type::integer, false, entry.values_[c]};
        session_.execute({table.spec.update, {}}, std::span{params}.first(2 + columns), false);
        remember(entry); // where the λ is undone, so is this write, of whichever λ's value it was
        entry.dirty_ = false;
    }
    for (auto* const entry : table.dirty)
        entry->in_dirty = entry->dirty_;
    table.dirty = std::move(kept);
}

void HotRows::before(WorkspaceId const& workspace, Statement const& statement)
{
    if (tables_.empty())
        return;
    auto const names = facts_of(statement).names;
    if (names == 0)
        return;
    for (std::size_t i = 0; i < tables_.size(); ++i)
        if ((names >> i & 1) != 0 && !tables_[i]->dirty.empty())
            flush(*tables_[i], &workspace.bytes());
}

void HotRows::after(WorkspaceId const& workspace, Statement const& statement)
{
    if (tables_.empty())
        return;
    auto const& facts = facts_of(statement);
    if (!facts.changes || facts.names == 0)
        return;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        if ((facts.names >> i & 1) == 0)
            continue;
        std::erase_if(tables_[i]->fresh, [&](Entry* entry) {
            if (entry->key.workspace != workspace.bytes())
                return false;
            remember(*entry);
            entry->stale_ = true;
            entry->in_fresh = false;
            return true;
        });
    }
}

void HotRows::begin_lambda()
{
    lambda_ = ++last_lambda_;
    undo_.clear();
}

void HotRows::accept_lambda()
{
    lambda_ = 0;
    undo_.clear();
}

void HotRows::rollback_lambda()
{
    for (auto const& undo : undo_) {
        undo.entry->values_ = undo.values;
        mark(*undo.entry, undo.dirty, undo.stale);
    }
    accept_lambda();
}

void HotRows::flush()
{
    for (auto const& table : tables_)
        flush(*table, nullptr);
}

void HotRows::clear()
{
    lambda_ = 0;
    undo_.clear();
    for (auto const& table : tables_) {
        table->dirty.clear();
        table->fresh.clear();
        table->rows.clear();
    }
}

}
