#pragma once

#include "accounts/circuit.hpp"
#include "accounts/connector.hpp"
#include "base/crypto.hpp"
#include "base/metrics.hpp"
#include "jobs/jobs.hpp"
#include "messages/append.hpp"

namespace hermod::messages {

/// Carries an outgoing message to its connector and writes what became of it. Everything it needs
/// it reads when the job runs, so that a changed account or address counts.
class SendWorker final : public jobs::Worker {
public:
    SendWorker(db::Database& db, Clock& clock, accounts::Connectors const& connectors,
        Keyring const& keyring, accounts::Circuit& circuit, Metrics& metrics);

    std::string_view kind() const override { return send_job; }
    void claimed(db::Tx& tx, jobs::Claimed const& job) override;
    Task<jobs::Ended> run(jobs::Claimed const& job) override;
    Task<jobs::Ended> recover(jobs::Claimed const& job) override;

private:
    /// What one try needs; without a connector call to make, `ended` says how it ends.
    struct Plan {
        std::optional<jobs::Ended> ended;
        accounts::Connector* connector = nullptr;
        accounts::AccountView account;
        accounts::Outgoing outgoing;
        bool reported_unknown = false; ///< the connector itself did not know the last try's outcome
        Timestamp unknown_since; ///< the last try noted; a job may have waited long before
    };

    Task<Plan> plan(jobs::Claimed const& job);
    Task<accounts::SendResult> send(Plan const& plan);
    Task<jobs::Ended> try_once(jobs::Claimed const& job, Plan const& plan);
    Task<jobs::Ended> write_result(
        jobs::Claimed const& job, accounts::SendResult const& result, Timestamp started_at);
    Task<jobs::Ended> hold(
        jobs::Claimed const& job, bool queued, Timestamp until, MessageError why);
    Task<jobs::Ended> fail(
        jobs::Claimed const& job, accounts::ErrorKind code, std::string const& reason);

    db::Database& db_;
    Clock& clock_;
    accounts::Connectors const& connectors_;
    Keyring const& keyring_;
    accounts::Circuit& circuit_;
    Metrics& metrics_;
};

/// Applies a receipt that was known in advance.
class ReceiptWorker final : public jobs::Worker {
public:
    explicit ReceiptWorker(db::Database& db) : db_(db) { }
    std::string_view kind() const override { return receipt_job; }
    Task<jobs::Ended> run(jobs::Claimed const& job) override;
    /// A receipt changes nothing the second time.
    Task<jobs::Ended> recover(jobs::Claimed const& job) override { return run(job); }

private:
    db::Database& db_;
};

/// What ReceiptWorker finds in its job.
struct ReceiptPayload {
    accounts::ReceiptStatus status = accounts::ReceiptStatus::delivered;
};
BOOST_DESCRIBE_STRUCT(ReceiptPayload, (), (status))

/// Moves the message's status forward; nothing where it is there or further already.
void apply_receipt(db::Tx& tx, MessageRow row, accounts::ReceiptStatus status,
    std::optional<MessageError> const& error);

}
