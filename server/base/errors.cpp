#include "base/errors.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace hermod {

static constexpr std::array error_infos{
#define HERMOD_ERROR(code, status, title) ErrorInfo{Errc::code, status, #code, title},
    HERMOD_ERRORS(HERMOD_ERROR)
#undef HERMOD_ERROR
};

ErrorInfo const& info(Errc code)
{
    return error_infos[static_cast<std::size_t>(code)];
}

std::span<ErrorInfo const> error_table()
{
    return error_infos;
}

char const* Problem::what() const noexcept
{
    return detail.empty() ? info(code).name.data() : detail.c_str();
}

void check_failed(char const* condition, char const* file, int line)
{
    std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, condition);
    std::abort();
}

}
