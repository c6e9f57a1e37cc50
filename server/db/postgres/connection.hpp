#pragma once

#include "db/postgres/statement.hpp"
#include "db/postgres/wire.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

struct pg_conn;

namespace hermod::db::postgres {

/// The connection is gone; what became of the statements under way is not known.
class ConnectionLost : public std::exception {
public:
    explicit ConnectionLost(std::string detail) : detail_(std::move(detail)) { }
    char const* what() const noexcept override { return detail_.c_str(); }

private:
    std::string detail_;
};

/// What the database said when it refused a statement. Holds no values of users.
struct Refusal {
    std::string sqlstate;
    std::string message;
    std::string constraint;
    std::string table;

    bool is_constraint() const { return sqlstate.starts_with("23"); }
    /// It was not the statement's fault: a deadlock, a lock or time that ran out, a plan that a
    /// migration made stale. The same again may do.
    bool is_passing() const;
};

/// An event that ends waits for sockets from another thread, for good.
class StopSignal {
public:
    StopSignal();
    ~StopSignal();
    StopSignal(StopSignal const&) = delete;
    StopSignal& operator=(StopSignal const&) = delete;
    void raise();
    bool raised() const;
    int fd() const { return fd_; }

private:
    int fd_;
};

/// One connection in pipeline mode, used by one thread. Statements are sent without waiting;
/// answers come in order and are taken when something is waited for. After a refusal the server
/// skips everything up to the next sync.
class Connection {
public:
    using Ticket = std::uint64_t;
    using Deadline = std::chrono::steady_clock::time_point;

    /// Throws ConnectionLost, also where `stop` is raised meanwhile.
    static std::unique_ptr<Connection> open(std::string const& url, std::string const& name,
        StopSignal const& stop, std::chrono::milliseconds timeout);
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    /// Prepares the statement first where it is new to this connection. The answer goes to `into`,
    /// which must live until it was waited for.
    Ticket send(Prepared const& statement, Encoded const& params, Result* into = nullptr);
    /// Nobody minds if the database refuses it.
    Ticket send_quietly(Prepared const& statement, Encoded const& params);
    /// Asks the server to send what it has answered so far.
    void request_flush();
    /// Ends the pipeline's segment: after a refusal the server works again from here on.
    Ticket sync();
    /// Gives the socket what it takes without waiting.
    void push();

    /// Takes every answer up to that of `ticket`. Throws ConnectionLost past the deadline too.
    void wait_for(Ticket ticket, Deadline deadline);
    bool has_answered(Ticket ticket) const;

    /// The first refusal since it was last taken.
    std::optional<Refusal> const& refusal() const { return refusal_; }
    std::optional<Refusal> take_refusal() { return std::exchange(refusal_, std::nullopt); }

    bool is_lost() const { return lost_; }
    /// Whether the idle connection is still there; takes what the server sent unasked.
    bool is_alive();
    /// Waits for a notification, `stop` or the deadline; gives its payload and sender's process.
    struct Notification {
        int process;
        std::string payload;
    };
    std::optional<Notification> wait_for_notification(StopSignal const& stop, Deadline deadline);

    int server_version() const;
    int process() const;
    std::size_t waits() const { return waits_; }

private:
    struct Sent {
        Ticket ticket;
        enum class Kind : std::uint8_t { prepare, query, sync } kind;
        Prepared const* statement;
        Result* into;
        bool quiet = false;
    };

    explicit Connection(pg_conn* connection) : connection_(connection) { }
    void connect(StopSignal const& stop, Deadline deadline);
    void turn_io(Deadline deadline, int stop_fd = -1);
    void take_answer();
    void take_error(pg_result const* result, bool quiet);
    [[noreturn]] void lose(std::string const& what);

    pg_conn* connection_;
    std::deque<Sent> sent_;
    Ticket last_ticket_ = 0;
    std::unordered_set<Prepared const*> prepared_;
    std::optional<Refusal> refusal_;
    std::size_t waits_ = 0; ///< times that the socket had to be waited for
    bool lost_ = false;
};

/// A literal of this folder as a prepared statement without parameters' analysis.
Prepared internal_statement(std::string name, std::string sql, std::vector<Type> types = {});

}
