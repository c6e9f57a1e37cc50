#pragma once

#include "db/postgres/statement.hpp"
#include "db/postgres/wire.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace hermod::db::postgres {

/// The writes of a batch so far, as far as a read must know them: docs/adr/0012-prefetch.md.
class WriteLog {
public:
    using Position = std::uint64_t;

    void note(Prepared const& write, Encoded const& params);
    /// How many writes were noted.
    Position position() const { return position_; }
    /// Whether a write noted after `since` may have changed what the read answers.
    bool touches(Prepared const& read, Encoded const& params, Position since) const;
    /// The writes after `position` are undone.
    void forget_after(Position position);
    void clear();

private:
    struct Record {
        Position position;
        Prepared const* write;
        Encoded params;
    };
    struct Table {
        Name name;
        std::vector<Record> records;
    };
    Table& table(Name name);

    Position position_ = 0;
    std::vector<Table> tables_; ///< few: found by going through them
    std::vector<Position> anything_; ///< of writes that may have changed any table
};

/// The answers to the reads of a batch. An answer holds until the batch writes what may change it.
class ReadCache {
public:
    /// A place for an answer that was asked for; stays where it is until clear.
    struct Entry {
        Result result{};
        WriteLog::Position position = 0;
    };

    explicit ReadCache(WriteLog const& writes) : writes_(&writes) { }

    /// The answer, where it is there and still holds; else null.
    pg_result const* find(Prepared const& read, Encoded const& params) const;
    bool was_asked(Prepared const& read, Encoded const& params) const;
    /// As of now. An older answer to the same is dropped.
    Entry& put(Prepared const& read, Encoded const& params);
    void clear() { entries_.clear(); }

private:
    struct Key {
        Prepared const* statement;
        Encoded params;
        bool operator==(Key const&) const = default;
    };
    struct Hash {
        std::size_t operator()(Key const& key) const
        {
            return std::hash<void const*>{}(key.statement) ^ key.params.hash;
        }
    };
    WriteLog const* writes_;
    std::unordered_map<Key, Entry, Hash> entries_;
};

}
