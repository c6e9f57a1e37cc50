#include "net/smtp.hpp"

#include "base/log.hpp"
#include "net/smtp_dialogue.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>

namespace hermod::net {

using Executor = asio::io_context::executor_type;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
    asio::wait_traits<std::chrono::steady_clock>, Executor>;

static constexpr std::size_t max_per_server = SmtpClient::max_threads / 4;

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

    void add(Job job);
    void work();
    std::list<Job>::iterator next();
    void run(Job const& job) const;

    AddressGuard const& guard;
    std::mutex mutex;
    std::condition_variable changed;
    std::list<Job> queue;
    std::list<Job> running;
    std::map<std::string, std::size_t> running_of_server;
    std::size_t idle = 0;
    bool closing = false;
    std::vector<std::thread> threads;
};

static void finish(std::shared_ptr<SmtpClient::Dialogue> const& dialogue, SmtpOutcome outcome);

void SmtpClient::State::add(Job job)
{
    std::lock_guard const lock{mutex};
    if (closing) {
        finish(job, {.detail = "Hermod is shutting down"});
        return;
    }
    queue.push_back(std::move(job));
    if (idle < queue.size() && threads.size() < max_threads)
        threads.emplace_back([this] { work(); });
    else
        changed.notify_one();
}

std::list<SmtpClient::State::Job>::iterator SmtpClient::State::next()
{
    return std::ranges::find_if(queue, [this](Job const& job) {
        auto const busy = running_of_server.find(job->server.url.authority());
        return busy == running_of_server.end() || busy->second < max_per_server;
    });
}

void SmtpClient::State::work()
{
    std::unique_lock lock{mutex};
    for (;;) {
        auto const found = next();
        if (found == queue.end()) {
            if (closing)
                return;
            ++idle;
            changed.wait(lock);
            --idle;
            continue;
        }
        auto const job = *found;
        auto const server = job->server.url.authority();
        running.splice(running.begin(), queue, found);
        auto const at = running.begin();
        ++running_of_server[server];
        lock.unlock();
        run(job);
        lock.lock();
        running.erase(at);
        if (--running_of_server[server] == 0)
            running_of_server.erase(server);
        changed.notify_one(); // another of this server's may have waited
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
        for (auto const& job : std::exchange(state_->queue, {}))
            finish(job, {.detail = "Hermod is shutting down"});
        for (auto const& job : state_->running)
            job->stop = true;
        threads = std::exchange(state_->threads, {});
        state_->changed.notify_all();
    }
    for (auto& thread : threads)
        thread.join();
}

Task<SmtpOutcome> SmtpClient::send(SmtpServer server, MailMessage message)
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
    co_return co_await run(
        std::make_shared<Dialogue>(executor.context(), std::move(server), std::move(message)));
}

Task<SmtpOutcome> SmtpClient::check(SmtpServer server)
{
    auto const executor = co_await asio::this_coro::executor;
    co_return co_await run(
        std::make_shared<Dialogue>(executor.context(), std::move(server), std::nullopt));
}

Task<SmtpOutcome> SmtpClient::run(std::shared_ptr<Dialogue> dialogue)
{
    static constexpr asio::use_awaitable_t<Executor> use_task;
    state_->add(dialogue);
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
