// Preloaded into a server, this makes a power cut possible: what was written and not yet fsynced
// can be taken back after a SIGKILL, which alone would keep it in the page cache. Before each write
// to a file of the database its old content goes to a journal; power-cut.ts undoes the journal from
// its end, down to each file's last fsync. Linux x86-64 with glibc; not of the -shm file, which
// SQLite maps and rebuilds.
//
//   POWER_CUT_JOURNAL       the journal's path; without it nothing is kept
//   POWER_CUT_IGNORE_FSYNC  set: no fsync counts, as on a disk that lies
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

enum Kind : std::uint32_t { wrote = 1, cut = 2, synced = 3, made = 4, removed = 5 };

/// What power-cut.ts reads; the path and the old content follow.
struct Record {
    std::uint32_t kind;
    std::uint32_t path_size;
    std::uint64_t offset; ///< of wrote; of synced: how far the journal was when it began
    std::uint64_t old_size; ///< of the file
    std::uint64_t data_size;
};

constexpr int most_files = 65536;
char* paths[most_files]; ///< of the open files that are watched
pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
int journal = -1;
std::uint64_t journal_size = 0;
unsigned saved_files = 0;

class Locked {
public:
    Locked() { pthread_mutex_lock(&mutex); }
    ~Locked() { pthread_mutex_unlock(&mutex); }
    Locked(Locked const&) = delete;
    Locked& operator=(Locked const&) = delete;
};

[[noreturn]] void die(char const* what)
{
    std::fprintf(stderr, "check failed: power cut: %s: %s\n", what, std::strerror(errno));
    std::abort();
}

bool ends_with(char const* text, char const* end)
{
    auto const size = std::strlen(text);
    auto const end_size = std::strlen(end);
    return size >= end_size && std::strcmp(text + size - end_size, end) == 0;
}

bool is_of_the_database(char const* path)
{
    auto const* const slash = std::strrchr(path, '/');
    auto const* const name = slash ? slash + 1 : path;
    return std::strncmp(name, "hermod.db", 9) == 0 && !ends_with(name, "-shm")
        && !ends_with(name, ".lock");
}

bool is_on()
{
    if (journal >= 0)
        return true;
    auto const* const path = std::getenv("POWER_CUT_JOURNAL");
    if (!path)
        return false;
    journal = static_cast<int>(
        syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (journal < 0)
        die("its journal cannot be opened");
    struct stat facts;
    if (fstat(journal, &facts) != 0)
        die("its journal cannot be read");
    journal_size = static_cast<std::uint64_t>(facts.st_size);
    return true;
}

void put(void const* data, std::size_t size)
{
    auto const* at = static_cast<char const*>(data);
    while (size > 0) {
        auto const done = syscall(SYS_write, journal, at, size);
        if (done < 0)
            die("its journal cannot be written");
        at += done;
        size -= static_cast<std::size_t>(done);
        journal_size += static_cast<std::uint64_t>(done);
    }
}

/// With the mutex held.
void note(Kind kind, char const* path, std::uint64_t offset, std::uint64_t old_size,
    void const* data, std::uint64_t data_size)
{
    Record const record{
        kind, static_cast<std::uint32_t>(std::strlen(path)), offset, old_size, data_size};
    put(&record, sizeof record);
    put(path, record.path_size);
    put(data, data_size);
}

/// The old content of what is about to change, up to the file's end.
void note_old(Kind kind, int fd, std::uint64_t offset, std::uint64_t size)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        die("a file cannot be read");
    auto const end = static_cast<std::uint64_t>(facts.st_size);
    auto const left = offset < end ? end - offset : 0;
    auto const kept = size < left ? size : left;
    auto* const old = std::malloc(kept + 1);
    if (!old || syscall(SYS_pread64, fd, old, kept, offset) != static_cast<long>(kept))
        die("a file cannot be read");
    note(kind, paths[fd], offset, end, old, kept);
    std::free(old);
}

char* path_of(int fd)
{
    char link[64];
    char path[PATH_MAX];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    auto const size = readlink(link, path, sizeof path - 1);
    if (size <= 0)
        return nullptr;
    path[size] = '\0';
    return strdup(path);
}

bool is_watched(int fd)
{
    return fd >= 0 && fd < most_files && paths[fd] != nullptr;
}

int open_watched(int folder, char const* path, int flags, mode_t mode)
{
    Locked const locked;
    auto const watched = is_on() && (is_of_the_database(path) || (flags & O_ACCMODE) == O_RDONLY);
    auto const is_new = watched && (flags & O_CREAT) && faccessat(folder, path, F_OK, 0) != 0;
    auto const fd = static_cast<int>(syscall(SYS_openat, folder, path, flags, mode));
    if (fd < 0 || fd >= most_files || !watched)
        return fd;
    // Folders, so that it is known when a name is on disk.
    struct stat facts;
    auto const is_folder = fstat(fd, &facts) == 0 && S_ISDIR(facts.st_mode);
    if (!is_folder && !is_of_the_database(path))
        return fd;
    std::free(paths[fd]);
    paths[fd] = path_of(fd);
    if (is_new && paths[fd])
        note(made, paths[fd], 0, 0, nullptr, 0);
    return fd;
}

int sync_watched(int fd, long call)
{
    if (!is_watched(fd))
        return static_cast<int>(syscall(call, fd));
    if (std::getenv("POWER_CUT_IGNORE_FSYNC"))
        return 0;
    std::uint64_t began = 0;
    {
        Locked const locked;
        began = journal_size;
    }
    auto const result = static_cast<int>(syscall(call, fd));
    Locked const locked;
    if (result == 0 && is_watched(fd))
        note(synced, paths[fd], began, 0, nullptr, 0);
    return result;
}

mode_t mode_of(int flags, std::va_list arguments)
{
    return (flags & (O_CREAT | O_TMPFILE)) ? static_cast<mode_t>(va_arg(arguments, unsigned)) : 0;
}

}

#define POWER_CUT_OPEN(name)                                                                       \
    extern "C" int name(char const* path, int flags, ...)                                          \
    {                                                                                              \
        std::va_list arguments;                                                                    \
        va_start(arguments, flags);                                                                \
        auto const mode = mode_of(flags, arguments);                                               \
        va_end(arguments);                                                                         \
        return open_watched(AT_FDCWD, path, flags, mode);                                          \
    }
POWER_CUT_OPEN(open)
POWER_CUT_OPEN(open64)
#define POWER_CUT_OPENAT(name)                                                                     \
    extern "C" int name(int folder, char const* path, int flags, ...)                              \
    {                                                                                              \
        std::va_list arguments;                                                                    \
        va_start(arguments, flags);                                                                \
        auto const mode = mode_of(flags, arguments);                                               \
        va_end(arguments);                                                                         \
        return open_watched(folder, path, flags, mode);                                            \
    }
POWER_CUT_OPENAT(openat)
POWER_CUT_OPENAT(openat64)

extern "C" int close(int fd)
{
    if (is_watched(fd)) {
        Locked const locked;
        std::free(paths[fd]);
        paths[fd] = nullptr;
    }
    return static_cast<int>(syscall(SYS_close, fd));
}

static ssize_t write_at(int fd, void const* data, std::size_t size, off64_t offset)
{
    if (!is_watched(fd))
        return syscall(SYS_pwrite64, fd, data, size, offset);
    Locked const locked;
    note_old(wrote, fd, static_cast<std::uint64_t>(offset), size);
    return syscall(SYS_pwrite64, fd, data, size, offset);
}

extern "C" ssize_t pwrite(int fd, void const* data, std::size_t size, off_t offset)
{
    return write_at(fd, data, size, offset);
}

extern "C" ssize_t pwrite64(int fd, void const* data, std::size_t size, off64_t offset)
{
    return write_at(fd, data, size, offset);
}

extern "C" ssize_t write(int fd, void const* data, std::size_t size)
{
    if (!is_watched(fd))
        return syscall(SYS_write, fd, data, size);
    Locked const locked;
    note_old(wrote, fd, static_cast<std::uint64_t>(lseek(fd, 0, SEEK_CUR)), size);
    return syscall(SYS_write, fd, data, size);
}

/// None that writes several pieces to a file of the database is known: it would go unseen.
extern "C" ssize_t pwritev(int fd, iovec const* pieces, int count, off_t offset)
{
    if (is_watched(fd))
        die("pwritev is not watched");
    return syscall(SYS_pwritev, fd, pieces, count, offset, 0);
}

static int cut_at(int fd, off64_t size)
{
    if (!is_watched(fd))
        return static_cast<int>(syscall(SYS_ftruncate, fd, size));
    Locked const locked;
    note_old(cut, fd, static_cast<std::uint64_t>(size), UINT64_MAX);
    return static_cast<int>(syscall(SYS_ftruncate, fd, size));
}

extern "C" int ftruncate(int fd, off_t size)
{
    return cut_at(fd, size);
}

extern "C" int ftruncate64(int fd, off64_t size)
{
    return cut_at(fd, size);
}

extern "C" int fsync(int fd)
{
    return sync_watched(fd, SYS_fsync);
}

extern "C" int fdatasync(int fd)
{
    return sync_watched(fd, SYS_fdatasync);
}

extern "C" int unlink(char const* path) noexcept
{
    Locked const locked;
    char whole[PATH_MAX];
    if (is_on() && is_of_the_database(path) && realpath(path, whole)) {
        // Kept under another name, which the record tells.
        char saved[PATH_MAX + 16];
        std::snprintf(
            saved, sizeof saved, "%s.saved-%u", std::getenv("POWER_CUT_JOURNAL"), ++saved_files);
        syscall(SYS_unlinkat, AT_FDCWD, saved, 0);
        if (syscall(SYS_linkat, AT_FDCWD, whole, AT_FDCWD, saved, 0) != 0)
            die("a file that is removed cannot be kept");
        note(removed, whole, 0, 0, saved, std::strlen(saved));
    }
    return static_cast<int>(syscall(SYS_unlinkat, AT_FDCWD, path, 0));
}

extern "C" int rename(char const* from, char const* to) noexcept
{
    if (is_on() && (is_of_the_database(from) || is_of_the_database(to)))
        die("rename is not watched");
    return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
