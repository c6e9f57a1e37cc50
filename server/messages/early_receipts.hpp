#pragma once

#include "accounts/connector.hpp"
#include "messages/append.hpp"

namespace hermod::messages {

/// What a receipt says went wrong, as the message shows it.
std::optional<MessageError> error_of(accounts::IncomingReceipt const& receipt);

/// Keeps a receipt that came before the send's own result was written: a network may be faster
/// than our commit.
void keep_early_receipt(
    db::Tx& tx, AccountId const& account, accounts::IncomingReceipt const& receipt);
/// Applies what was kept of the message, whose provider id is now known.
void apply_early_receipts(db::Tx& tx, MessageId const& message);

}
