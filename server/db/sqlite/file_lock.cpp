#include "db/sqlite/file_lock.hpp"

#include "db/failures.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace hermod::db::sqlite {

FileLock::FileLock(std::string const& path)
    // Not the data file itself: closing any descriptor of it would drop SQLite's own locks.
    : fd_(::open((path + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600))
{
    if (fd_ < 0)
        throw OpenFailure{
            fmt::format("cannot make {}.lock beside the database: {}", path, std::strerror(errno))};
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
        auto const reason = errno;
        ::close(fd_);
        throw OpenFailure{reason == EWOULDBLOCK
                ? fmt::format("the database {} is in use by another hermod", path)
                : fmt::format("cannot lock {}.lock: {}", path, std::strerror(reason))};
    }
}

FileLock::~FileLock()
{
    ::close(fd_);
}

}
