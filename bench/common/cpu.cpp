#include "common/cpu.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>

namespace hermod::bench {

namespace {

struct Stat {
    pid_t parent;
    double own; ///< seconds
    double ended_children; ///< seconds
};

}

static std::optional<Stat> read_stat(std::string const& process)
{
    std::ifstream file{"/proc/" + process + "/stat"};
    std::string line;
    if (!std::getline(file, line))
        return std::nullopt;
    // The name in brackets may hold anything; what follows the last bracket does not.
    auto const end_of_name = line.rfind(')');
    if (end_of_name == std::string::npos)
        return std::nullopt;
    std::istringstream rest{line.substr(end_of_name + 1)};
    std::string skipped;
    Stat stat{};
    rest >> skipped >> stat.parent;
    for (int field = 5; field < 14; ++field)
        rest >> skipped;
    std::array<double, 4> ticks{};
    for (auto& value : ticks)
        rest >> value;
    if (!rest)
        return std::nullopt;
    auto const tick = static_cast<double>(sysconf(_SC_CLK_TCK));
    stat.own = (ticks[0] + ticks[1]) / tick;
    stat.ended_children = (ticks[2] + ticks[3]) / tick;
    return stat;
}

static Stat require_stat(pid_t process)
{
    auto const stat = read_stat(std::to_string(process));
    if (!stat)
        throw std::runtime_error{fmt::format("the process {} is gone", process)};
    return *stat;
}

double cpu_of(pid_t process)
{
    return require_stat(process).own;
}

double cpu_of_family(pid_t parent)
{
    auto const stat = require_stat(parent);
    auto total = stat.own + stat.ended_children;
    for (auto const& entry : std::filesystem::directory_iterator{"/proc"}) {
        auto const name = entry.path().filename().string();
        pid_t process = 0;
        auto const parsed = std::from_chars(name.data(), name.data() + name.size(), process);
        if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size())
            continue;
        auto const child = read_stat(name);
        if (child && child->parent == parent)
            total += child->own + child->ended_children;
    }
    return total;
}

double own_cpu()
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto const to_seconds = [](timeval const& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
    };
    return to_seconds(usage.ru_utime) + to_seconds(usage.ru_stime);
}

}
