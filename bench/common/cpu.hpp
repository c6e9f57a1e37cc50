#pragma once

#include <sys/types.h>

#include <string_view>

namespace hermod::bench {

/// User and system CPU seconds of a process so far, all its threads together, in steps of the
/// kernel's tick (10 ms). Throws std::runtime_error where the process is gone.
double cpu_of(pid_t process);

/// The same of a process and its children, those that have ended included: a PostgreSQL cluster by
/// the pid of its postmaster.
double cpu_of_family(pid_t parent);

/// Of this process, exactly.
double own_cpu();

}
