#pragma once

#include <string>

namespace hermod::db::sqlite {

/// Keeps a second Hermod off the data file: it would trust its caches and break the log's order.
/// Held by the process until destroyed; a killed process loses it.
class FileLock {
public:
    /// Makes `<path>.lock` beside the data file. Throws OpenFailure.
    explicit FileLock(std::string const& path);
    ~FileLock();
    FileLock(FileLock const&) = delete;
    FileLock& operator=(FileLock const&) = delete;

private:
    int fd_;
};

}
