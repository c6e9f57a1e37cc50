#pragma once

#include "jobs/jobs.hpp"
#include "net/router.hpp"

namespace hermod::jobs {

struct Deps {
    db::Database& db;
};

void add_routes(net::Router& router, Deps& deps);

}
