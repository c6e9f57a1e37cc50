#include "access/store.hpp"

namespace hermod::access::store {

void insert_session(db::GlobalTx& tx, SessionRow const& session)
{
    tx.run(R"sql(
        INSERT INTO sessions (id, login_id, mode, refresh_hash, generation, remote_address,
            user_agent, created_at, refreshed_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10))sql",
        session.id, session.login_id, session.mode, session.refresh_hash, session.generation,
        session.remote_address, session.user_agent, session.created_at, session.refreshed_at,
        session.expires_at);
}

std::optional<SessionRow> find_session(db::GlobalTx const& tx, SessionId const& id)
{
    return tx.one<SessionRow>(
        "SELECT {columns} FROM sessions WHERE id = $1 AND expires_at > $2", id, tx.now());
}

std::optional<SessionRow> find_session_by_cookie(db::GlobalTx const& tx, Digest const& hash)
{
    return tx.one<SessionRow>(R"sql(
        SELECT {columns} FROM sessions
        WHERE refresh_hash = $1 AND mode = 'cookie' AND expires_at > $2)sql",
        hash, tx.now());
}

std::vector<SessionRow> sessions_of(db::GlobalTx const& tx, LoginId const& login)
{
    return tx.all<SessionRow>(R"sql(
        SELECT {columns} FROM sessions WHERE login_id = $1 AND expires_at > $2
        ORDER BY created_at DESC, id DESC)sql",
        login, tx.now());
}

void update_session(db::GlobalTx& tx, SessionRow const& session)
{
    tx.run(R"sql(
        UPDATE sessions SET refresh_hash = $2, generation = $3, remote_address = $4,
            user_agent = $5, refreshed_at = $6
        WHERE id = $1)sql",
        session.id, session.refresh_hash, session.generation, session.remote_address,
        session.user_agent, tx.now());
}

void delete_session(db::GlobalTx& tx, SessionId const& id)
{
    tx.run("DELETE FROM sessions WHERE id = $1", id);
}

std::int64_t delete_other_sessions(db::GlobalTx& tx, LoginId const& login, SessionId const& kept)
{
    return tx.run_counted("DELETE FROM sessions WHERE login_id = $1 AND id <> $2", login, kept);
}

std::int64_t delete_expired_sessions(db::GlobalTx& tx, std::int64_t limit)
{
    return tx.run_counted(R"sql(
        DELETE FROM sessions WHERE id IN (
            SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2))sql",
        tx.now(), limit);
}

bool is_known_place(db::GlobalTx const& tx, LoginId const& login, Digest const& place)
{
    return tx
        .one<Timestamp>(
            "SELECT seen_at FROM known_places WHERE login_id = $1 AND place = $2", login, place)
        .has_value();
}

void remember_place(db::GlobalTx& tx, LoginId const& login, Digest const& place)
{
    tx.run(R"sql(
        INSERT INTO known_places (login_id, place, seen_at) VALUES ($1, $2, $3)
        ON CONFLICT (login_id, place) DO UPDATE SET seen_at = excluded.seen_at)sql",
        login, place, tx.now());
}

void delete_places_before(db::GlobalTx& tx, Timestamp time)
{
    tx.run("DELETE FROM known_places WHERE seen_at < $1", time);
}

void insert_ticket(db::GlobalTx& tx, TicketRow const& ticket)
{
    tx.run(R"sql(
        INSERT INTO stream_tickets (hash, kind, subject_id, workspace_id, holder_ends_at,
            created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7))sql",
        ticket.hash, ticket.kind, ticket.subject_id, ticket.workspace_id, ticket.holder_ends_at,
        ticket.created_at, ticket.expires_at);
}

std::optional<TicketRow> find_ticket(db::GlobalTx const& tx, Digest const& hash)
{
    return tx.one<TicketRow>("SELECT {columns} FROM stream_tickets WHERE hash = $1", hash);
}

void use_ticket(db::GlobalTx& tx, Digest const& hash)
{
    tx.run("UPDATE stream_tickets SET used_at = $2 WHERE hash = $1", hash, tx.now());
}

void delete_tickets_before(db::GlobalTx& tx, Timestamp time)
{
    tx.run("DELETE FROM stream_tickets WHERE created_at < $1", time);
}

}
