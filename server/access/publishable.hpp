#pragma once

#include "access/access.hpp"

namespace hermod::access {

/// Puts origins and recipients into their one spelling, and adds what is wrong with them.
void check_publishable(CreateApiKey& command, std::vector<FieldError>& wrong);

}
