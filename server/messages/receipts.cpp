#include "base/errors.hpp"
#include "messages/send_worker.hpp"

namespace hermod::messages {

static Status status_of(accounts::ReceiptStatus status)
{
    switch (status) {
    case accounts::ReceiptStatus::sent:
        return Status::sent;
    case accounts::ReceiptStatus::delivered:
        return Status::delivered;
    case accounts::ReceiptStatus::read:
        return Status::read;
    case accounts::ReceiptStatus::failed:
        return Status::failed;
    }
    return Status::sent;
}

/// Forward only; a failure counts until the message was delivered.
static bool goes_forward(Status from, Status to)
{
    if (to == Status::failed)
        return from != Status::failed && from < Status::delivered;
    return from != Status::failed && from < to;
}

void apply_receipt(db::Tx& tx, MessageRow row, accounts::ReceiptStatus status,
    std::optional<MessageError> const& error)
{
    auto const next = status_of(status);
    if (!row.status || !goes_forward(*row.status, next))
        return;
    auto const previous = row.status;
    row.status = next;
    row.error = next == Status::failed && error ? std::optional{to_json(*error)} : std::nullopt;
    write_status(tx, std::move(row), previous);
}

Task<jobs::Ended> ReceiptWorker::run(jobs::Claimed const& job)
{
    co_return co_await db_.write(job.workspace, [&](db::Tx& tx) {
        auto row = job.message ? find_message(tx, *job.message) : std::nullopt;
        if (row)
            apply_receipt(tx, *std::move(row), read_stored_json<ReceiptPayload>(job.payload).status,
                std::nullopt);
        return jobs::complete(tx, job);
    });
}

}
