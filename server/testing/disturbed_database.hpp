#pragma once

#include "base/errors.hpp"
#include "db/database.hpp"

namespace hermod::testing {

/// A database that counts what is asked of it, and is away for the next so many reads or writes.
class DisturbedDatabase final : public db::Database {
public:
    explicit DisturbedDatabase(db::Database& behind) : behind_(behind) { }

    db::Engine engine() const override { return behind_.engine(); }
    void on_commit(std::function<void(std::span<db::Committed const>)> listener) override
    {
        behind_.on_commit(std::move(listener));
    }
    Clock& clock() override { return behind_.clock(); }
    void close() override { behind_.close(); }
    Task<void> ping() override { co_await behind_.ping(); }

    int reads = 0;
    int writes = 0;
    int reads_to_fail = 0;
    int writes_to_fail = 0;

protected:
    Task<void> submit_write(WorkspaceId workspace, Body body, db::Patience patience) override
    {
        ++writes;
        refuse(writes_to_fail);
        co_await behind_.write(workspace, body, patience);
    }
    Task<void> submit_read(WorkspaceId workspace, Body body, db::Patience patience) override
    {
        ++reads;
        refuse(reads_to_fail);
        auto const as_given = [&](db::Tx const& tx) { body(const_cast<db::Tx&>(tx)); };
        co_await behind_.read(workspace, as_given, patience);
    }
    Task<void> submit_system(GlobalBody body, bool write, db::Patience patience) override
    {
        auto const as_given = [&](db::GlobalTx const& tx) { body(const_cast<db::GlobalTx&>(tx)); };
        if (write)
            co_await behind_.system().write(body, patience);
        else
            co_await behind_.system().read(as_given, patience);
    }

private:
    static void refuse(int& left)
    {
        if (left > 0) {
            --left;
            throw Problem{Errc::storage_unavailable};
        }
    }

    db::Database& behind_;
};

}
