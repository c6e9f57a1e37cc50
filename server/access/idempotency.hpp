#pragma once

#include "workspaces/idempotency.hpp"

// It lives below people/, whose routes are idempotent too; features above reach it by this name.
namespace hermod::access {

using workspaces::sweep_expired;
using workspaces::write_once;

}
