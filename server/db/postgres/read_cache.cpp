#include "db/postgres/read_cache.hpp"

#include <algorithm>
#include <ranges>

namespace hermod::db::postgres {

WriteLog::Table& WriteLog::table(Name name)
{
    auto const known = std::ranges::find(tables_, name, &Table::name);
    return known != tables_.end() ? *known : tables_.emplace_back(name);
}

void WriteLog::note(Prepared const& write, Encoded const& params)
{
    ++position_;
    auto const& analysis = write.analysis;
    if (analysis.writes_anything)
        anything_.push_back(position_);
    for (auto const name : analysis.written)
        table(name).records.push_back({position_, &write, params});
}

/// No row that the write touches is among those that the read reads: both name a value for the
/// same column of the table, and the values differ. A NULL is equal to nothing.
static bool are_apart(Prepared const& read, Encoded const& read_params, Prepared const& write,
    Encoded const& write_params, Name table)
{
    if (read.analysis.key_table != table || write.analysis.key_table != table)
        return false;
    auto const usable = [](Prepared const& statement, KeyTerm const& term) {
        // Equal floats need not have equal bytes (0 and -0).
        auto const i = static_cast<std::size_t>(term.param) - 1;
        return term.param >= 1 && i < statement.types.size() && statement.types[i] != Type::real;
    };
    for (auto const& mine : read.analysis.keys) {
        for (auto const& theirs : write.analysis.keys) {
            if (mine.column != theirs.column || !usable(read, mine) || !usable(write, theirs))
                continue;
            auto const i = static_cast<std::size_t>(mine.param) - 1;
            auto const j = static_cast<std::size_t>(theirs.param) - 1;
            if (read.types[i] != write.types[j])
                continue;
            if (read_params.is_null(i) || write_params.is_null(j)
                || read_params.at(i) != write_params.at(j))
                return true;
        }
    }
    return false;
}

/// The write changes columns alone that the read does not name.
static bool changes_other_columns(Prepared const& read, Prepared const& write, Name table)
{
    auto const& assigned = write.analysis.assigned;
    return read.analysis.key_table == table && write.analysis.key_table == table
        && read.analysis.names_its_columns && !assigned.empty()
        && std::ranges::none_of(assigned,
            [&](Name column) { return std::ranges::binary_search(read.analysis.names, column); });
}

bool WriteLog::touches(Prepared const& read, Encoded const& params, Position since) const
{
    if (!anything_.empty() && anything_.back() > since)
        return true;
    if (!read.analysis.repeatable)
        return position_ > since;
    for (auto const& table : tables_) {
        if (!std::ranges::binary_search(read.analysis.names, table.name))
            continue;
        for (auto const& record : table.records | std::views::reverse) {
            if (record.position <= since)
                break;
            if (!changes_other_columns(read, *record.write, table.name)
                && !are_apart(read, params, *record.write, record.params, table.name))
                return true;
        }
    }
    return false;
}

void WriteLog::forget_after(Position position)
{
    for (auto& table : tables_) {
        while (!table.records.empty() && table.records.back().position > position)
            table.records.pop_back();
    }
    while (!anything_.empty() && anything_.back() > position)
        anything_.pop_back();
}

void WriteLog::clear()
{
    position_ = 0;
    tables_.clear();
    anything_.clear();
}

pg_result const* ReadCache::find(Prepared const& read, Encoded const& params) const
{
    auto const at = entries_.find(Key{&read, params});
    if (at == entries_.end() || !at->second.result
        || writes_->touches(read, params, at->second.position))
        return nullptr;
    return at->second.result.get();
}

bool ReadCache::was_asked(Prepared const& read, Encoded const& params) const
{
    return entries_.contains(Key{&read, params});
}

ReadCache::Entry& ReadCache::put(Prepared const& read, Encoded const& params)
{
    auto& entry = entries_[Key{&read, params}];
    entry.result.reset();
    entry.position = writes_->position();
    return entry;
}

}
