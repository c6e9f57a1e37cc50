#include "net/smtp.hpp"

#include "base/log.hpp"
#include "net/smtp_dialogue.hpp"
#include "net/smtp_queue.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace hermod::net {

using Executor = asio::io_context::executor_type;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
    asio::wait_traits<std::chrono::steady_clock>, Executor>;

/// What a coroutine waits for; `outcome` and `wake` belong to its io thread.
struct SmtpClient::Dialogue {
    Dialogue(asio::io_context& context, SmtpServer to, std::optional<MailMessage> text)
        : server(std::move(to)), message(std::move(text)), io(context), wake(context.get_executor())
    {
    }

    SmtpServer const server;
    std::optional<MailMessage> const message;
    asio::io_context& io;
    Timer wake;
    std::optional<SmtpOutcome> outcome;
    std::atomic<bool> stop{false};
};

struct SmtpClient::State {
    using Job = std::shared_ptr<Dialogue>;

    explicit State(AddressGuard const& with) : guard(with) { }

    void add(SmtpQueue::Entry entry);
    void work();
    void run(Job const& job) const;

    AddressGuard const& guard;
    std::mutex mutex;
    std::condition_variable changed;
    SmtpQueue queue;
    std::list<Job> running;
    std::size_t idle = 0;
    bool closing = false;
    std::vector<std::thread> threads;
};

static void finish(std::shared_ptr<SmtpClient::Dialogue> const& dialogue, SmtpOutcome outcome);

void SmtpClient::State::add(SmtpQueue::Entry entry)
{
    std::lock_guard const lock{mutex};
    if (closing) {
        finish(entry.dialogue, {.detail = "Hermod is shutting down"});
        return;
    }
    queue.add(std::move(entry));
    if (idle < queue.waiting() && threads.size() < max_threads)
        threads.emplace_back([this] { work(); });
    else
        changed.notify_one();
}

void SmtpClient::State::work()
{
    std::unique_lock lock{mutex};
    for (;;) {
        auto const next = queue.take();
        if (!next) {
            if (closing)
                return;
            ++idle;
            changed.wait(lock);
            --idle;
            continue;
        }
        auto const at = running.insert(running.begin(), next->dialogue);
        lock.unlock();
        run(next->dialogue);
        lock.lock();
        running.erase(at);
        queue.ended(*next);
        changed.notify_one(); // another that waited for this place may be next
    }
}

void SmtpClient::State::run(Job const& job) const
{
    if (job->stop) {
        finish(job, {.detail = "given up before it began"});
        return;
    }
    try {
        auto const* const message = job->message ? &*job->message : nullptr;
        SmtpDialogue dialogue{guard, job->server, message};
        dialogue.run(job->stop, [&](SmtpOutcome outcome) { finish(job, std::move(outcome)); });
    } catch (std::exception const& error) {
        log::error("mail could not be prepared", {{"error", error.what()}});
        finish(job, {.detail = "Hermod could not prepare the message"});
    }
}

static void finish(std::shared_ptr<SmtpClient::Dialogue> const& dialogue, SmtpOutcome outcome)
{
    asio::post(dialogue->io, [dialogue, outcome = std::move(outcome)]() mutable {
        if (!dialogue->outcome)
            dialogue->outcome = std::move(outcome);
        dialogue->wake.cancel();
    });
}

SmtpClient::SmtpClient(AddressGuard const& guard) : state_(std::make_shared<State>(guard)) { }

SmtpClient::~SmtpClient()
{
    close();
}

void SmtpClient::close()
{
    std::vector<std::thread> threads;
    {
        std::lock_guard const lock{state_->mutex};
        state_->closing = true;
        for (auto const& waiting : state_->queue.clear())
            finish(waiting.dialogue, {.detail = "Hermod is shutting down"});
        for (auto const& job : state_->running)
            job->stop = true;
        threads = std::exchange(state_->threads, {});
        state_->changed.notify_all();
    }
    for (auto& thread : threads)
        thread.join();
}

Task<SmtpOutcome> SmtpClient::send(SmtpServer server, MailMessage message, MailTurn turn)
{
    if (!is_mail_address(message.from.address))
        co_return SmtpOutcome{.result = SmtpResult::refused,
            .phase = SmtpPhase::mail_from,
            .code = 553,
            .detail = "the sender's address is not one"};
    if (!is_mail_address(message.to.address))
        co_return SmtpOutcome{.result = SmtpResult::refused,
            .phase = SmtpPhase::recipient,
            .code = 553,
            .detail = "the recipient's address is not one"};
    auto const executor = co_await asio::this_coro::executor;
    co_return co_await run(turn,
        std::make_shared<Dialogue>(executor.context(), std::move(server), std::move(message)));
}

Task<SmtpOutcome> SmtpClient::check(SmtpServer server, WorkspaceId workspace)
{
    auto const executor = co_await asio::this_coro::executor;
    co_return co_await run({workspace, MailUrgency::check},
        std::make_shared<Dialogue>(executor.context(), std::move(server), std::nullopt));
}

Task<SmtpOutcome> SmtpClient::run(MailTurn turn, std::shared_ptr<Dialogue> dialogue)
{
    static constexpr asio::use_awaitable_t<Executor> use_task;
    state_->add({turn, dialogue->server.url.authority(), dialogue});
    while (!dialogue->outcome) {
        dialogue->wake.expires_at(Timer::time_point::max());
        co_await dialogue->wake.async_wait(asio::as_tuple(use_task));
        auto const cancelled = co_await asio::this_coro::cancellation_state;
        if (!dialogue->outcome && cancelled.cancelled() != asio::cancellation_type::none) {
            dialogue->stop = true;
            throw boost::system::system_error{asio::error::operation_aborted};
        }
    }
    co_return *std::move(dialogue->outcome);
}

}
