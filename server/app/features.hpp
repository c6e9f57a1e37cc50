#pragma once

#include "access/assembly.hpp"
#include "accounts/accounts.hpp"
#include "accounts/circuit.hpp"
#include "accounts/supervisor.hpp"
#include "app/config.hpp"
#include "connectors/email/email.hpp"
#include "connectors/sandbox/sandbox.hpp"
#include "conversations/merged_people.hpp"
#include "conversations/receipts.hpp"
#include "events/routes.hpp"
#include "jobs/hold.hpp"
#include "jobs/routes.hpp"
#include "jobs/scheduler.hpp"
#include "messages/inbox.hpp"
#include "messages/send_worker.hpp"
#include "net/address_guard.hpp"
#include "net/http_client.hpp"
#include "people/imports.hpp"
#include "people/merging.hpp"
#include "workspaces/workspaces.hpp"

#include "webhooks/engine.hpp"

namespace hermod::app {

/// What every feature stands on.
struct Ground {
    Config const& config;
    Clock& clock;
    Metrics& metrics;
    Keyring const& keyring;
    db::Database& db;
    Tasks& tasks;
    asio::io_context& main_io;
};

class JobRepeats final : public jobs::Repeats {
    void require_first_use(db::Tx const& tx, Caller const& caller) const override;
    void remember_reply(
        db::Tx& tx, Caller const& caller, int status, std::string_view body) const override;
};

/// A job of a message is shown to whom its account may be.
class JobSight final : public jobs::Sight {
    bool sees(db::Tx const& tx, Caller const& caller, MessageId const& message) const override;
};

/// What runs by shards: each shard's jobs and deliveries are one node's.
class ShardWork final : public jobs::ShardHolder {
public:
    ShardWork(jobs::Scheduler& scheduler, webhooks::Engine& webhooks)
        : scheduler_(scheduler), webhooks_(webhooks)
    {
    }
    void gain(std::vector<int> const& shards) override;
    void lose(std::vector<int> const& shards) override;
    int under_way(int shard) const override;

private:
    jobs::Scheduler& scheduler_;
    webhooks::Engine& webhooks_;
};

/// The features of this process, in order of dependence, and what each is given. Nothing runs
/// until `start`.
class Features {
public:
    Features(Ground const& ground, std::string epoch);

    void add_routes(net::Router& router);
    events::Catalogue const& catalogue() const { return catalogue_; }
    net::Authenticator& authenticator() { return access_.authenticator; }

    /// What has to be known before anything is sent.
    Task<void> load() { return hold_.load(); }
    bool is_held() const { return hold_.is_held(); }
    /// Starts what works beside requests: jobs, accounts, housekeeping.
    void start();
    /// From the database, after each commit that left something to look at; on any thread.
    void committed(std::span<db::Committed const> commits);
    /// Begins the end: no job and no delivery is started any more, and who waits for an event is
    /// answered.
    void drain();
    /// Waits for the jobs and deliveries in hand, at most for `patience`.
    bool wait_until_idle(milliseconds patience);
    /// After the tasks have ended: what this process held is free for others.
    Task<void> hand_over() { return leases_.release(); }
    void close();

private:
    Ground ground_;
    events::Catalogue catalogue_;
    conversations::LogMembership membership_;
    conversations::MergedPeople merged_people_;
    events::Audience audience_;
    events::Log log_;
    jobs::Scheduler scheduler_;
    jobs::HoldWatch hold_;
    JobRepeats repeats_;
    JobSight sight_;
    jobs::Deps jobs_deps_;
    workspaces::Deps workspaces_deps_;
    people::Deps people_deps_;
    people::MergeDeps merge_deps_;
    people::MergeWorker merge_worker_;
    people::ImportWorker import_worker_;
    access::Assembly access_;
    events::Deps events_deps_;
    net::AddressGuard guard_;
    net::HttpClient http_;
    net::SmtpClient smtp_;
    sandbox::SandboxConnector sandbox_;
    email::EmailConnector email_;
    accounts::Connectors connectors_;
    accounts::Circuit circuit_;
    accounts::Supervisor supervisor_;
    accounts::Deps accounts_deps_;
    conversations::Receipts receipts_;
    conversations::Deps conversations_deps_;
    messages::Deps messages_deps_;
    messages::SendWorker send_worker_;
    messages::ReceiptWorker receipt_worker_;
    messages::ProviderInbox inbox_;
    sandbox::Deps sandbox_deps_;
    webhooks::Deps webhooks_deps_;
    webhooks::Engine webhooks_;
    ShardWork shard_work_;
    jobs::ShardLeases leases_;
};

/// Every event type of this build.
events::Catalogue all_event_types();

}
