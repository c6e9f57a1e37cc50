#include "accounts/circuit.hpp"

#include "accounts/accounts.hpp"
#include "accounts/store.hpp"
#include "base/log.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace hermod::accounts {

static constexpr auto failures_to_open = Circuit::failures_to_open;
static constexpr auto first_pause = Circuit::first_pause;
static constexpr seconds longest_pause{600};
static constexpr seconds probe_patience{60};
static constexpr seconds ask_again_during_probe{2};
static constexpr seconds pace_unless_told{10};
static constexpr seconds longest_pace{3600};

namespace {

struct Entry {
    std::int64_t failures = 0; ///< in a row
    std::optional<Timestamp> open_until; ///< none: closed
    std::optional<Timestamp> probe_until; ///< a probe is under way
    std::optional<Timestamp> paced_until;
};

/// What a report changes in the database.
struct Change {
    enum class Kind { none, opened, closed };

    Kind kind = Kind::none;
    std::int64_t failures = 0;
    std::optional<Timestamp> until{};
};

microseconds pause_after(std::int64_t failures)
{
    auto const doublings = std::clamp<std::int64_t>(failures - failures_to_open, 0, 10);
    return std::min<microseconds>(first_pause * (1 << doublings), longest_pause);
}

Change note_success(Entry& entry)
{
    auto const was_open = entry.open_until.has_value();
    entry.failures = 0;
    entry.open_until.reset();
    entry.probe_until.reset();
    return {was_open ? Change::Kind::closed : Change::Kind::none};
}

Change note_failure(Entry& entry, Timestamp now)
{
    // What was under way when the circuit opened says nothing new; only the probe counts.
    if (entry.open_until && !entry.probe_until)
        return {};
    entry.probe_until.reset();
    ++entry.failures;
    if (entry.failures < failures_to_open)
        return {};
    entry.open_until = now + pause_after(entry.failures);
    return {Change::Kind::opened, entry.failures, entry.open_until};
}

Change note_pace(Entry& entry, Timestamp now, std::optional<milliseconds> wait)
{
    auto const pause =
        std::clamp<microseconds>(wait.value_or(pace_unless_told), microseconds{0}, longest_pace);
    entry.paced_until = std::max(entry.paced_until.value_or(now), now + pause);
    entry.probe_until.reset(); // it answered, though not what was asked
    return {};
}

}

struct Circuit::Table {
    std::mutex mutex;
    std::unordered_map<AccountId, Entry> entries;
};

Circuit::Circuit(db::Database& database, Clock& clock)
    : database_(database), clock_(clock), table_(std::make_unique<Table>())
{
}

Circuit::~Circuit() = default;

std::optional<Timestamp> Circuit::blocked_until(AccountId const& account)
{
    std::lock_guard const lock{table_->mutex};
    auto const found = table_->entries.find(account);
    if (found == table_->entries.end())
        return std::nullopt;
    auto& entry = found->second;
    auto const now = clock_.now();
    if (entry.paced_until && *entry.paced_until > now)
        return entry.paced_until;
    if (!entry.open_until)
        return std::nullopt;
    if (*entry.open_until > now)
        return entry.open_until;
    if (entry.probe_until && *entry.probe_until > now)
        return now + ask_again_during_probe;
    entry.probe_until = now + probe_patience;
    return std::nullopt;
}

static void write_circuit(db::Tx& tx, AccountId const& id, Change const& change)
{
    auto const account = find_account(tx, id);
    if (!account)
        return;
    if (change.kind == Change::Kind::closed) {
        // update_state forgets the circuit; one that is not degraded has none to forget.
        if (account->state == State::degraded)
            set_state(tx, id, {std::string{to_name(State::connected)}, {}, {}});
        return;
    }
    if (account->state == State::connected)
        set_state(tx, id,
            {std::string{to_name(State::degraded)}, "sends fail; they are held back and retried",
                {}});
    if (account->state == State::connected || account->state == State::degraded)
        update_circuit(tx, id, change.failures, change.until);
}

Task<void> Circuit::report(WorkspaceId workspace, AccountId account,
    std::optional<SendError> const& error, std::optional<std::int64_t> version)
{
    auto const kind = error ? std::optional{error->kind} : std::nullopt;
    std::optional<StateChange> state;
    if (kind == ErrorKind::account_blocked)
        state = {std::string{to_name(State::banned)}, error->reason, {}};
    else if (kind == ErrorKind::auth)
        state = {std::string{to_name(State::action_needed)}, error->reason, "credentials"};

    Change change;
    {
        std::lock_guard const lock{table_->mutex};
        auto const failed = kind == ErrorKind::retryable || kind == ErrorKind::outcome_unknown;
        if (failed && error->about_recipient) {
            // The provider works; neither good nor bad news of the account.
        } else if (failed) {
            change = note_failure(table_->entries[account], clock_.now());
        } else if (kind == ErrorKind::pace) {
            change = note_pace(table_->entries[account], clock_.now(), error->retry_after);
        } else if (auto const found = table_->entries.find(account);
            found != table_->entries.end()) {
            change = note_success(found->second);
        }
    }
    if (!state && change.kind == Change::Kind::none)
        co_return;
    try {
        co_await database_.write(workspace, [&](db::Tx& tx) {
            if (version && find_version(tx, account) != *version)
                return;
            if (state)
                set_state(tx, account, *state);
            else
                write_circuit(tx, account, change);
        });
    } catch (Problem const& problem) {
        // The circuit works without; the account shows its state with the next change.
        log::warn("an account's state could not be written",
            {{"workspace", workspace.str()}, {"account", account.str()},
                {"error", info(problem.code).name}});
    }
}

void Circuit::restore(
    AccountId const& account, std::int64_t failures, std::optional<Timestamp> until)
{
    std::lock_guard const lock{table_->mutex};
    if (failures == 0)
        table_->entries.erase(account);
    else
        table_->entries.insert_or_assign(account, Entry{failures, until, {}, {}});
}

void Circuit::forget(AccountId const& account)
{
    std::lock_guard const lock{table_->mutex};
    table_->entries.erase(account);
}

}
