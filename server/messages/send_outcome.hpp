#pragma once

#include "accounts/connector.hpp"
#include "jobs/jobs.hpp"
#include "messages/append.hpp"

namespace hermod::messages {

/// The message of a send job, or message_not_found.
MessageRow require_row(db::Tx const& tx, jobs::Claimed const& job);

/// Gives the message this status and last error, with its event; nothing where it has them.
void set_error(db::Tx& tx, MessageRow row, Status status, MessageError const& error);

/// What a try led to, on the message and on its job, in one transaction: sent, to be tried again,
/// in question, or failed.
jobs::Ended write_outcome(
    db::Tx& tx, jobs::Claimed const& job, accounts::SendResult const& result, Timestamp started_at);
/// Ends a message that no try was made of, or of whose try nothing will be known.
jobs::Ended write_failure(db::Tx& tx, jobs::Claimed const& job, MessageError const& error);
/// The outcome is not known yet: asked for again at `next`.
jobs::Ended write_unsettled(db::Tx& tx, jobs::Claimed const& job, Timestamp next);

}
