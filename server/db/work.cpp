#include "db/work.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace hermod::db {

int shard_of(WorkspaceId const& workspace)
{
    return workspace.bytes().back() % shard_count; // the last byte of a UUIDv7 is random
}

Work::Work(WorkspaceId const& workspace, FunctionRef<void(Tx&)> const* body,
    FunctionRef<void(GlobalTx&)> const* global_body, Patience patience)
    : workspace_(workspace)
    , body_(body)
    , global_body_(global_body)
    , deadline_(std::chrono::steady_clock::now()
          + std::min<milliseconds>(patience.queued, std::chrono::hours{1}))
{
}

void Work::run(Session& session, HotRows& hot_rows, Timestamp now)
{
    wakes = 0;
    if (is_system()) {
        GlobalTx tx{session, now};
        (*global_body_)(tx);
        return;
    }
    Tx tx{session, hot_rows, workspace_, now};
    (*body_)(tx);
    wakes = tx.wakes();
}

Task<void> perform(Work& work, FunctionRef<std::optional<Errc>(Work&)> enqueue)
{
    using Token = asio::use_awaitable_t<asio::io_context::executor_type>;
    Token token;
    auto const executor = co_await asio::this_coro::executor;
    work.io_ = &executor.context();
    co_await asio::async_initiate<Token, void(std::exception_ptr)>(
        [&](auto handler) {
            work.resume_ = std::move(handler);
            if (auto const refusal = enqueue(work)) {
                work.error = std::make_exception_ptr(Problem{*refusal});
                Completions{}.add(work);
            }
        },
        token);
}

void Completions::add(Work& work)
{
    auto* const context = work.io_;
    auto at =
        std::ranges::find(by_context_, context, [](auto const& entry) { return entry.first; });
    if (at == by_context_.end())
        at = by_context_.emplace(at, context, std::vector<Outcome>{});
    at->second.emplace_back(std::move(work.resume_), std::move(work.error));
}

void Completions::flush()
{
    // The handlers move into the posted function, so that a context which is destroyed before it
    // ran them destroys the coroutines too.
    for (auto& [context, ended] : std::exchange(by_context_, {}))
        asio::post(*context, [outcomes = std::move(ended)]() mutable {
            for (auto& [resume, error] : outcomes)
                std::exchange(resume, {})(std::move(error));
        });
}

void merge_wakes(std::vector<Committed>& wakes)
{
    std::ranges::sort(wakes, {}, &Committed::workspace);
    std::size_t kept = 0;
    for (auto const& wake : wakes) {
        if (kept > 0 && wakes[kept - 1].workspace == wake.workspace)
            wakes[kept - 1].wakes |= wake.wakes;
        else
            wakes[kept++] = wake;
    }
    wakes.resize(kept, Committed{});
}

}
