#pragma once

#include "access/access.hpp"

namespace hermod::access {

/// Signing in and out, `/me`, sessions and stream tickets.
void add_auth_routes(net::Router& router, Deps& deps);

}
