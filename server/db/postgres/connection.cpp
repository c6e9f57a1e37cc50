#include "db/postgres/connection.hpp"

#include "base/errors.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace hermod::db::postgres {

using std::chrono::steady_clock;

bool Refusal::is_passing() const
{
    // Deadlock, serialisation, lock timeout, cancelled (timeout), resources, plan made stale.
    return sqlstate == "40P01" || sqlstate == "40001" || sqlstate == "55P03" || sqlstate == "57014"
        || sqlstate.starts_with("53") || sqlstate == "0A000" || sqlstate == "26000";
}

StopSignal::StopSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
{
    HERMOD_CHECK(fd_ >= 0);
}

StopSignal::~StopSignal()
{
    ::close(fd_);
}

void StopSignal::raise()
{
    std::uint64_t const one = 1;
    // It stays readable: nobody reads it.
    [[maybe_unused]] auto const written = ::write(fd_, &one, sizeof one);
}

bool StopSignal::raised() const
{
    pollfd entry{fd_, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1;
}

static int milliseconds_until(steady_clock::time_point deadline)
{
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

static std::string trimmed(char const* text)
{
    std::string message{text ? text : ""};
    while (!message.empty() && (message.back() == '\n' || message.back() == ' '))
        message.pop_back();
    return message;
}

std::unique_ptr<Connection> Connection::open(std::string const& url, std::string const& name,
    StopSignal const& stop, std::chrono::milliseconds timeout)
{
    std::array const keys{"dbname", "fallback_application_name", "client_encoding",
        "tcp_user_timeout", "keepalives_idle", static_cast<char const*>(nullptr)};
    std::array const values{
        url.c_str(), name.c_str(), "UTF8", "20000", "10", static_cast<char const*>(nullptr)};
    std::unique_ptr<Connection> connection{
        new Connection{PQconnectStartParams(keys.data(), values.data(), 1)}};
    HERMOD_CHECK(connection->connection_ != nullptr);
    connection->connect(stop, steady_clock::now() + timeout);
    return connection;
}

void Connection::connect(StopSignal const& stop, Deadline deadline)
{
    if (PQstatus(connection_) == CONNECTION_BAD)
        lose(trimmed(PQerrorMessage(connection_)));
    auto state = PGRES_POLLING_WRITING;
    while (state != PGRES_POLLING_OK) {
        std::array<pollfd, 2> entries{
            pollfd{PQsocket(connection_),
                static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0},
            pollfd{stop.fd(), POLLIN, 0}};
        auto const ready = ::poll(entries.data(), entries.size(), milliseconds_until(deadline));
        if (ready < 0 && errno == EINTR)
            continue;
        if (entries[1].revents != 0)
            lose("stopped while connecting");
        if (ready == 0)
            lose("the database did not answer in time");
        state = PQconnectPoll(connection_);
        if (state == PGRES_POLLING_FAILED)
            lose(trimmed(PQerrorMessage(connection_)));
    }
    if (PQsetnonblocking(connection_, 1) != 0 || PQenterPipelineMode(connection_) != 1)
        lose(trimmed(PQerrorMessage(connection_)));
    // Notices would go to standard error.
    PQsetNoticeReceiver(connection_, [](void*, pg_result const*) { }, nullptr);
}

Connection::~Connection()
{
    PQfinish(connection_);
}

void Connection::lose(std::string const& what)
{
    lost_ = true;
    throw ConnectionLost{what};
}

Connection::Ticket Connection::send(Prepared const& statement, Encoded const& params, Result* into)
{
    if (prepared_.insert(&statement).second) {
        if (PQsendPrepare(connection_, statement.name.c_str(), statement.sql.c_str(),
                static_cast<int>(statement.oids.size()), statement.oids.data())
            != 1)
            lose(trimmed(PQerrorMessage(connection_)));
        sent_.push_back({++last_ticket_, Sent::Kind::prepare, &statement, nullptr});
    }
    static std::array<int, 1024> const binary = [] {
        std::array<int, 1024> formats{};
        formats.fill(1);
        return formats;
    }();
    HERMOD_CHECK(params.size() <= binary.size());
    if (PQsendQueryPrepared(connection_, statement.name.c_str(), static_cast<int>(params.size()),
            params.values.data(), params.lengths.data(), binary.data(), 1)
        != 1)
        lose(trimmed(PQerrorMessage(connection_)));
    sent_.push_back({++last_ticket_, Sent::Kind::query, &statement, into});
    return last_ticket_;
}

Connection::Ticket Connection::send_quietly(Prepared const& statement, Encoded const& params)
{
    auto const before = sent_.size();
    auto const ticket = send(statement, params);
    for (auto i = before; i < sent_.size(); ++i)
        sent_[i].quiet = true;
    return ticket;
}

void Connection::request_flush()
{
    if (PQsendFlushRequest(connection_) != 1)
        lose(trimmed(PQerrorMessage(connection_)));
}

Connection::Ticket Connection::sync()
{
    if (PQpipelineSync(connection_) != 1)
        lose(trimmed(PQerrorMessage(connection_)));
    sent_.push_back({++last_ticket_, Sent::Kind::sync, nullptr, nullptr});
    return last_ticket_;
}

void Connection::push()
{
    if (PQflush(connection_) < 0)
        lose(trimmed(PQerrorMessage(connection_)));
}

bool Connection::has_answered(Ticket ticket) const
{
    return sent_.empty() || sent_.front().ticket > ticket;
}

void Connection::wait_for(Ticket ticket, Deadline deadline)
{
    bool waited = false;
    while (!has_answered(ticket)) {
        if (PQisBusy(connection_) == 0) {
            take_answer();
            continue;
        }
        if (lost_)
            lose("the connection to the database was lost");
        if (!std::exchange(waited, true))
            ++waits_;
        turn_io(deadline);
    }
}

void Connection::turn_io(Deadline deadline, int stop_fd)
{
    auto const unsent = PQflush(connection_);
    // A failed write is not the end yet: the server's last words may still be there to read.
    short const events = unsent == 1 ? POLLIN | POLLOUT : POLLIN;
    std::array<pollfd, 2> entries{
        pollfd{PQsocket(connection_), events, 0}, pollfd{stop_fd, POLLIN, 0}};
    auto const ready = ::poll(entries.data(), stop_fd < 0 ? 1 : 2, milliseconds_until(deadline));
    if (ready < 0 && errno == EINTR)
        return;
    if (ready == 0 && stop_fd < 0)
        lose("the database did not answer in time");
    if ((entries[0].revents & (POLLIN | POLLERR | POLLHUP)) != 0
        && PQconsumeInput(connection_) != 1)
        lost_ = true; // what has arrived before is still taken
    if (PQsocket(connection_) < 0)
        lost_ = true;
}

void Connection::take_answer()
{
    auto& front = sent_.front();
    Result result{PQgetResult(connection_)};
    if (!result) {
        if (lost_ || PQstatus(connection_) == CONNECTION_BAD)
            lose(trimmed(PQerrorMessage(connection_)));
        // The end of one statement's answers; a sync has none.
        if (front.kind != Sent::Kind::sync)
            sent_.pop_front();
        return;
    }
    switch (PQresultStatus(result.get())) {
    case PGRES_PIPELINE_SYNC:
        if (front.kind == Sent::Kind::sync)
            sent_.pop_front();
        return;
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        break;
    case PGRES_PIPELINE_ABORTED:
        if (front.kind == Sent::Kind::prepare)
            prepared_.erase(front.statement);
        return;
    default:
        if (front.kind == Sent::Kind::prepare)
            prepared_.erase(front.statement);
        take_error(result.get(), front.quiet);
        return;
    }
    if (front.into)
        *front.into = std::move(result);
}

void Connection::take_error(pg_result const* result, bool quiet)
{
    auto const field = [&](int code) {
        auto const* const text = PQresultErrorField(result, code);
        return std::string{text ? text : ""};
    };
    auto const severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
    auto const sqlstate = field(PG_DIAG_SQLSTATE);
    if (sqlstate.empty() || severity == "FATAL" || severity == "PANIC"
        || PQstatus(connection_) == CONNECTION_BAD)
        lose(trimmed(PQresultErrorMessage(result)));
    if (quiet || refusal_)
        return;
    // The message of a constraint names columns; DETAIL, which has the values, is left out.
    refusal_ = {sqlstate, field(PG_DIAG_MESSAGE_PRIMARY), field(PG_DIAG_CONSTRAINT_NAME),
        field(PG_DIAG_TABLE_NAME)};
}

bool Connection::is_alive()
{
    if (lost_ || PQstatus(connection_) != CONNECTION_OK)
        return false;
    try {
        // Unasked, the server sends notices, late answers, or its farewell and then the end.
        for (int i = 0; i < 3; ++i) {
            pollfd entry{PQsocket(connection_), POLLIN, 0};
            if (::poll(&entry, 1, 0) == 0)
                return true;
            if (PQconsumeInput(connection_) != 1)
                return !(lost_ = true);
            while (!sent_.empty() && PQisBusy(connection_) == 0)
                take_answer();
        }
    } catch (ConnectionLost const&) {
        return false;
    }
    return PQstatus(connection_) == CONNECTION_OK;
}

std::optional<Connection::Notification> Connection::wait_for_notification(
    StopSignal const& stop, Deadline deadline)
{
    for (;;) {
        if (auto* const arrived = PQnotifies(connection_)) {
            Notification notification{arrived->be_pid, arrived->extra};
            PQfreemem(arrived);
            return notification;
        }
        if (lost_ || PQstatus(connection_) != CONNECTION_OK)
            lose("the connection to the database was lost");
        if (stop.raised() || steady_clock::now() >= deadline)
            return std::nullopt;
        turn_io(deadline, stop.fd());
    }
}

int Connection::server_version() const
{
    return PQserverVersion(connection_);
}

int Connection::process() const
{
    return PQbackendPID(connection_);
}

Prepared internal_statement(std::string name, std::string sql, std::vector<Type> types)
{
    static std::array<std::uint32_t, 6> constexpr oids{20, 701, 16, 25, 17, 2950};
    Prepared statement{std::move(sql), std::move(name), {}, std::move(types), {}};
    for (auto const type : statement.types)
        statement.oids.push_back(oids[static_cast<std::size_t>(type)]);
    return statement;
}

}
