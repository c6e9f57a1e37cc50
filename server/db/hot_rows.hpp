#pragma once

#include "db/tx.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace hermod::db {

/// The hot rows of one batch, for both engines. The engine calls begin_lambda before each λ, or
/// before several that it keeps or undoes together, and one of accept_lambda and rollback_lambda
/// after, flush before COMMIT, and clear when the batch has
/// ended in whatever way. Not thread-safe; lives as long as its session.
class HotRows {
public:
    explicit HotRows(Session& session);
    ~HotRows();
    HotRows(HotRows const&) = delete;
    HotRows& operator=(HotRows const&) = delete;

    HotRow* find(HotTable const& table, WorkspaceId const& workspace, Uuid const& key);
    HotRow& insert(HotTable const& table, WorkspaceId const& workspace, Uuid const& key,
        std::span<std::int64_t const> values);

    /// Writes back the workspace's rows of each table that the statement names.
    void before(WorkspaceId const& workspace, Statement const& statement);
    /// Forgets the workspace's rows of each table that the statement may have changed.
    void after(WorkspaceId const& workspace, Statement const& statement);

    /// Rises with every change of a row in memory, so that a λ that changed none can be told.
    std::uint64_t changes() const { return changes_; }

    void begin_lambda();
    void accept_lambda();
    /// As if the λ had not run; call it after the database went back to the savepoint.
    void rollback_lambda();

    void flush();
    void clear();

private:
    friend class HotRow;
    struct Key {
        Uuid workspace;
        Uuid key;
        bool operator==(Key const&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(Key const& key) const
        {
            return UuidHash{}(key.workspace) * 31 + UuidHash{}(key.key);
        }
    };
    struct Table;
    struct Entry;
    struct Undo;
    /// What a statement's text says, found once.
    struct Facts {
        std::string sql;
        std::uint64_t names = 0; ///< bit i: tables_[i]
        bool changes = false; ///< rows that are already there
    };

    Table& table_of(HotTable const& spec);
    Entry& entry_of(Table& table, WorkspaceId const& workspace, Uuid const& key);
    Facts const& facts_of(Statement const& statement);
    bool load(Entry& entry);
    void set(HotRow& row, int column, std::int64_t value);
    void remember(Entry& entry);
    void mark(Entry& entry, bool dirty, bool stale);
    void flush(Table& table, Uuid const* workspace);

    Session& session_;
    std::vector<std::unique_ptr<Table>> tables_;
    std::unordered_map<void const*, Facts> facts_;
    std::vector<Undo> undo_;
    std::uint64_t lambda_ = 0; ///< number of the λ that runs, 0 between λs
    std::uint64_t last_lambda_ = 0;
    std::uint64_t changes_ = 0;
};

}
