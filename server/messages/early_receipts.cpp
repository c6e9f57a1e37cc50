#include "messages/early_receipts.hpp"

#include "messages/send_worker.hpp"

#include <algorithm>

namespace hermod::messages {

struct KeptReceipt {
    accounts::ReceiptStatus status = accounts::ReceiptStatus::sent;
    std::optional<std::string> error;
};
BOOST_DESCRIBE_STRUCT(KeptReceipt, (), (status, error))

std::optional<MessageError> error_of(accounts::IncomingReceipt const& receipt)
{
    if (!receipt.error)
        return std::nullopt;
    return MessageError{
        receipt.error->kind, receipt.error->reason, receipt.error->provider_code, false};
}

void keep_early_receipt(
    db::Tx& tx, AccountId const& account, accounts::IncomingReceipt const& receipt)
{
    auto const error = error_of(receipt);
    tx.run(R"sql(
        INSERT INTO provider_inputs
            (workspace_id, account_id, provider_id, kind, status, message_id, created_at, error)
        VALUES ($1, $2, $3, 'receipt', $4, NULL, $5, $6))sql",
        account, receipt.provider_id, receipt.status, tx.now(),
        error ? std::optional{to_json(*error)} : std::nullopt);
}

void apply_early_receipts(db::Tx& tx, MessageId const& message)
{
    auto const row = find_message(tx, message);
    if (!row || !row->account_id || !row->provider_id)
        return;
    auto kept = tx.all<KeptReceipt>(R"sql(
        SELECT {columns} FROM provider_inputs
        WHERE workspace_id = $1 AND account_id = $2 AND provider_id = $3 AND kind = 'receipt'
          AND message_id IS NULL)sql",
        *row->account_id, *row->provider_id);
    if (kept.empty())
        return;
    tx.run(R"sql(
        UPDATE provider_inputs SET message_id = $4
        WHERE workspace_id = $1 AND account_id = $2 AND provider_id = $3 AND kind = 'receipt'
          AND message_id IS NULL)sql",
        *row->account_id, *row->provider_id, message);
    std::ranges::sort(kept, {}, &KeptReceipt::status); // in the order a message goes through them
    for (auto const& one : kept) {
        std::optional<MessageError> error;
        if (one.error)
            error = read_stored_json<MessageError>(*one.error);
        apply_receipt(tx, *find_message(tx, message), one.status, error);
    }
}

}
