#include "accounts/state_board.hpp"

#include "accounts/metrics.hpp"
#include "base/log.hpp"

namespace hermod::accounts {

StateBoard::StateBoard(Metrics& metrics, Connectors const& connectors)
    : metrics_(metrics), connectors_(connectors)
{
}

/// Each is there from the first look, so that an alert can tell none from unknown.
void StateBoard::lay_out()
{
    for (auto const& [name, connector] : connectors_.all())
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<State>>(
            [&](auto state) { count({std::string{name}, state.value}, 0); });
}

void StateBoard::count(Seen const& seen, double by)
{
    auto const key = std::pair{seen.connector, seen.state};
    auto found = gauges_.find(key);
    if (found == gauges_.end())
        found = gauges_
                    .emplace(key,
                        metrics_.gauge(metric::accounts, metric::accounts_help,
                            {{"connector", seen.connector},
                                {"state", std::string{to_name(seen.state)}}}))
                    .first;
    found->second.add(by);
}

static bool is_trouble(State state)
{
    return state == State::action_needed || state == State::degraded || state == State::banned
        || state == State::logged_out || state == State::failed;
}

static void tell(WorkspaceId const& workspace, RunRow const& row, State before)
{
    if (is_trouble(row.state))
        log::warn("an account is in trouble",
            {{"workspace", workspace.str()}, {"account", row.id.str()},
                {"connector", row.connector}, {"state", to_name(row.state)},
                {"reason", row.state_reason.value_or("")}});
    else if (is_trouble(before) && row.state == State::connected)
        log::info("an account works again",
            {{"workspace", workspace.str()}, {"account", row.id.str()},
                {"connector", row.connector}});
}

void StateBoard::show(WorkspaceId const& workspace, std::vector<RunRow> const& rows)
{
    if (gauges_.empty())
        lay_out();
    auto const first_look = !seen_.contains(workspace);
    std::map<AccountId, Seen> now;
    auto& before = seen_[workspace];
    for (auto const& row : rows) {
        auto const& seen = now.emplace(row.id, Seen{row.connector, row.state}).first->second;
        count(seen, 1);
        auto const known = before.find(row.id);
        // What was in trouble when this process began was told then, and is in the metric.
        if (!first_look && (known == before.end() || known->second.state != row.state))
            tell(workspace, row, known == before.end() ? State::connecting : known->second.state);
    }
    for (auto const& [id, seen] : before)
        count(seen, -1);
    before = std::move(now);
}

}
