#pragma once

#include "messages/store.hpp"

#include <optional>
#include <string>

namespace hermod::messages {

/// The job that sends a message; its worker is SendWorker.
inline constexpr std::string_view send_job = "send_message";
/// The job that applies a receipt known in advance; its worker is ReceiptWorker.
inline constexpr std::string_view receipt_job = "apply_receipt";

/// What makes an external message: its account, and whom it goes to.
struct Outbound {
    accounts::Account account;
    Party to;
    jobs::Lane lane = jobs::Lane::conversation;
    std::optional<Timestamp> send_at;
};

/// Gives the row its place in the conversation and stores it, with its event. The caller has filled
/// in everything but id, seq, rev and log_offset; created_at is now unless an earlier time is
/// given.
Message append_message(db::Tx& tx, MessageRow row);

/// As append_message, with the account's side filled in and the job that sends it.
Message append_outbound(db::Tx& tx, MessageRow row, Outbound const& outbound);

/// Appends the event of a change, given the message as it is now; returns the offset.
using AppendEvent = db::FunctionRef<std::int64_t(Message const&, events::About const&)>;

/// A changed row goes back with a new rev and its event.
void write_change(db::Tx& tx, MessageRow& row, AppendEvent append);
void write_status(db::Tx& tx, MessageRow row, std::optional<Status> previous);

/// Adds the job that sends a stored message.
void add_send_job(
    db::Tx& tx, MessageRow const& row, jobs::Lane lane, std::optional<Timestamp> send_at);

/// The first message sent with this client id; client_id_reused where its body was another.
std::optional<Message> find_earlier(db::Tx const& tx, PersonId const& author,
    std::optional<ClientId> const& client_id, Digest const& body_hash);

/// Throws unsupported_content where the account's connector cannot carry the message.
void require_carries(accounts::Connectors const& connectors, accounts::Account const& account,
    Content const& content, bool has_subject);

/// The offsets of a message's events after its message.created.
std::vector<std::int64_t> offsets_of(MessageRow const& row);

}
