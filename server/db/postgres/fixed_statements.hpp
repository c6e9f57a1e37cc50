#pragma once

#include "db/postgres/statement.hpp"

namespace hermod::db::postgres {

/// The engine's own statements.
struct FixedStatements {
    Prepared begin;
    Prepared begin_read;
    Prepared lock;
    Prepared set_workspace;
    Prepared savepoint;
    Prepared release_savepoint;
    Prepared rollback_to_savepoint;
    Prepared mark;
    Prepared read_mark;
    Prepared forget_marks;
    Prepared commit;
    Prepared rollback;
    Prepared notify;
    Prepared listen;
};

FixedStatements const& fixed();

}
