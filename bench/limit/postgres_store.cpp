#include "limit/store.hpp"
#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <bit>
#include <stdexcept>
#include <utility>

namespace hermod::bench {

namespace {

constexpr Oid int8_type = 20, text_type = 25, uuid_type = 2950;

/// Parameters in the binary form, as PQsendQueryPrepared takes them.
template <std::size_t N>
class Params {
public:
    template <class... Values>
    explicit Params(Values const&... values)
    {
        (add(values), ...);
    }

    std::array<char const*, N> data{};
    std::array<int, N> sizes{};
    std::array<int, N> formats{};

private:
    void add(std::int64_t value)
    {
        integers_[count_] = std::byteswap(value);
        add(reinterpret_cast<char const*>(&integers_[count_]), sizeof value);
    }
    void add(Uuid const& value) { add(reinterpret_cast<char const*>(value.data()), value.size()); }
    void add(std::string const& value) { add(value.data(), value.size()); }
    void add(char const* bytes, std::size_t size)
    {
        data[count_] = bytes;
        sizes[count_] = static_cast<int>(size);
        formats[count_++] = 1;
    }

    std::size_t count_ = 0;
    std::array<std::int64_t, N> integers_{};
};

class PostgresStore final : public Store {
public:
    explicit PostgresStore(std::string const& url) : connection_(PQconnectdb(url.c_str()))
    {
        require(PQstatus(connection_) == CONNECTION_OK);
        prepare("begin", "BEGIN", {});
        prepare("commit", "COMMIT", {});
        prepare("event",
            "INSERT INTO events (workspace_id, log_offset, id, type, conversation_id, person_id,"
            " data, created_at) VALUES ($1, $2, $3, 'message.created', $4, NULL, $5, $6)",
            std::array{uuid_type, int8_type, uuid_type, uuid_type, text_type, int8_type});
        prepare("message",
            "INSERT INTO messages (workspace_id, conversation_id, seq, id, created_rev, rev,"
            " author_id, type, content, visibility, silent, metadata, log_offset, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $5, $6, 'text', $7, 'all', false, '{}', $8, $9)",
            std::array{uuid_type, uuid_type, int8_type, uuid_type, int8_type, uuid_type, text_type,
                int8_type, int8_type});
        prepare("head",
            "UPDATE conversation_heads SET seq = $1, rev = $2, last_offset = $3,"
            " activity_offset = $3, updated_at = $4 WHERE workspace_id = $5 AND conversation_id = "
            "$6",
            std::array{int8_type, int8_type, int8_type, int8_type, uuid_type, uuid_type});
        prepare("cursors",
            "UPDATE cursors SET recv_seq = $1, read_seq = $1"
            " WHERE workspace_id = $2 AND conversation_id = $3 AND person_id = $4",
            std::array{int8_type, uuid_type, uuid_type, uuid_type});
        prepare("counter",
            "UPDATE workspace_counters SET event_offset = $1 WHERE workspace_id = $2",
            std::array{int8_type, uuid_type});
        require(PQsetnonblocking(connection_, 1) == 0);
        require(PQenterPipelineMode(connection_) == 1);
    }
    ~PostgresStore() override { PQfinish(connection_); }
    PostgresStore(PostgresStore const&) = delete;
    PostgresStore& operator=(PostgresStore const&) = delete;

    void write(std::span<Rows const> batch, Messages& messages) override
    {
        auto const& world = messages.world();
        auto const& workspace = world.workspace.bytes();
        auto const& author = world.author.bytes();
        send<0>("begin", Params<0>{});
        for (auto const& rows : batch) {
            auto const& conversation = world.conversations[rows.conversation].bytes();
            send("event",
                Params<6>{workspace, rows.offset, rows.event_id, conversation, rows.event_data,
                    rows.created_at.us});
            send("message",
                Params<9>{workspace, conversation, rows.seq, rows.message_id, rows.rev, author,
                    rows.content, rows.offset, rows.created_at.us});
        }
        auto const heads = messages.heads();
        for (std::size_t i = 0; i < heads.size(); ++i) {
            auto& head = heads[i];
            if (!std::exchange(head.dirty, false))
                continue;
            auto const& conversation = world.conversations[i].bytes();
            send("head",
                Params<6>{head.seq, head.rev, head.last_offset, head.updated_at, workspace,
                    conversation});
            send("cursors", Params<4>{head.seq, workspace, conversation, author});
        }
        send("counter", Params<2>{messages.offset(), workspace});
        send<0>("commit", Params<0>{});
        require(PQpipelineSync(connection_) == 1);
        await_sync();
    }

private:
    void require(bool succeeded)
    {
        if (!succeeded)
            throw std::runtime_error{PQerrorMessage(connection_)};
    }

    void prepare(char const* name, char const* sql, std::span<Oid const> types)
    {
        auto* const result =
            PQprepare(connection_, name, sql, static_cast<int>(types.size()), types.data());
        auto const status = PQresultStatus(result);
        PQclear(result);
        require(status == PGRES_COMMAND_OK);
    }

    template <std::size_t N>
    void send(char const* name, Params<N> const& params)
    {
        require(PQsendQueryPrepared(connection_, name, static_cast<int>(N), params.data.data(),
                    params.sizes.data(), params.formats.data(), 1)
            == 1);
    }

    void wait_for_socket(bool to_write)
    {
        pollfd socket{
            PQsocket(connection_), static_cast<short>(POLLIN | (to_write ? POLLOUT : 0)), 0};
        poll(&socket, 1, -1);
    }

    /// Reads the answers of the whole batch, up to that of its Sync.
    void await_sync()
    {
        for (;;) {
            auto const unsent = PQflush(connection_);
            require(unsent >= 0);
            if (PQisBusy(connection_) != 0 || unsent > 0) {
                wait_for_socket(unsent > 0);
                require(PQconsumeInput(connection_) == 1);
                continue;
            }
            auto* const result = PQgetResult(connection_);
            if (!result)
                continue; // between the answers of two statements
            auto const status = PQresultStatus(result);
            PQclear(result);
            if (status == PGRES_PIPELINE_SYNC)
                return;
            require(status == PGRES_COMMAND_OK);
        }
    }

    PGconn* connection_;
};

}

std::unique_ptr<Store> open_postgres_store(std::string const& url)
{
    return std::make_unique<PostgresStore>(url);
}

}
