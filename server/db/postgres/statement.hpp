#pragma once

#include "db/tx.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace hermod::db::postgres {

/// An identifier of SQL as a number, the same one in the whole process.
using Name = std::uint32_t;
Name intern(std::string_view identifier);

/// `column = $param`: true of every row that the statement reads, makes, changes or removes.
struct KeyTerm {
    Name column;
    int param; ///< from 1
};

/// What can be told from the text of a statement, asked once per statement and process. Where the
/// text is not understood, it is taken for the worst: it reads or writes anything.
struct Analysis {
    enum class Kind : std::uint8_t { read, write };

    Kind kind = Kind::write;
    /// A read whose answer depends on nothing but the tables it names.
    bool repeatable = false;
    /// Every identifier in the text: a superset of the tables it reads.
    std::vector<Name> names;
    /// The tables it writes, unless it may write anything.
    std::vector<Name> written;
    bool writes_anything = false;
    /// The one table that it reads or writes with a plain condition, and the terms of it; nothing
    /// where the statement is more than that.
    std::optional<Name> key_table;
    std::vector<KeyTerm> keys;
    /// Of a read of key_table: nothing of a row counts but the columns among `names`.
    bool names_its_columns = false;
    /// Of a plain UPDATE of key_table: the columns that it changes, or more.
    std::vector<Name> assigned;
};

/// What the schema adds to the text of a statement.
struct SchemaFacts {
    /// Views, functions and the like: who reads one reads nobody knows what.
    std::set<std::string, std::less<>> opaque;
    /// Tables with triggers, rules, children or generated columns: who writes one writes nobody
    /// knows what.
    std::set<std::string, std::less<>> triggered;
    /// Table → the tables whose foreign keys pass its changes on.
    std::unordered_map<std::string, std::set<std::string>> cascades;
};

Analysis analyse(std::string_view sql, SchemaFacts const& facts);

/// A statement with `{columns}` put in, the OIDs of its parameters and what is known of it.
struct Prepared {
    std::string sql;
    std::string name; ///< of the prepared statement on every connection
    std::vector<std::uint32_t> oids;
    std::vector<Type> types;
    Analysis analysis;
};

/// The statements of a process, by their text. Thread-safe; what it hands out lives as long as it.
class Statements {
public:
    explicit Statements(SchemaFacts facts = {}) : facts_(std::move(facts)) { }

    Prepared const& find(Statement const& statement, std::span<Param const> params);

private:
    SchemaFacts facts_;
    std::mutex mutex_;
    std::map<std::pair<std::string, std::vector<Type>>, std::unique_ptr<Prepared>> known_;
};

/// One thread's way to Statements without its lock, by the address of the literal. A text that
/// changed at its address is noticed.
class StatementCache {
public:
    explicit StatementCache(Statements& statements) : statements_(&statements) { }
    Prepared const& find(Statement const& statement, std::span<Param const> params);

private:
    struct Entry {
        std::string sql;
        char const* columns;
        Prepared const* prepared;
    };
    Statements* statements_;
    std::unordered_multimap<char const*, Entry> known_;
};

}
