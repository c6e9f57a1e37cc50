#include "access/passwords.hpp"

#include "base/crypto.hpp"

#include <sodium.h>

namespace hermod::access {

namespace {

/// Outlives the one who waits: the wait may be cancelled while the thread is at work.
struct Work {
    ~Work() { sodium_memzero(password.data(), password.size()); }
    std::string hash;
    std::string password;
    bool right = false;
};

/// Verified where there is no login, so that nobody can tell by the time it takes.
std::string const& nobodys_hash()
{
    static std::string const hash = hash_password(random_token(16));
    return hash;
}

}

Task<std::string> PasswordThread::hash(std::string password)
{
    auto const work = std::make_shared<Work>(std::string{}, std::move(password));
    co_await thread_.run([work] { work->hash = hash_password(work->password); });
    ++done_;
    co_return std::move(work->hash);
}

Task<bool> PasswordThread::verify(std::string hash, std::string password)
{
    auto const work = std::make_shared<Work>(std::move(hash), std::move(password));
    co_await thread_.run([work] {
        auto const exists = !work->hash.empty();
        // Made beforehand in both cases: the first unknown e-mail must not take twice as long.
        auto const& nobodys = nobodys_hash();
        work->right = verify_password(exists ? work->hash : nobodys, work->password) && exists;
    });
    ++done_;
    co_return work->right;
}

}
