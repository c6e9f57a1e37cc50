#include "jobs/hold.hpp"

#include "base/codec.hpp"
#include "base/errors.hpp"
#include "base/log.hpp"
#include "base/sleep.hpp"
#include "jobs/metrics.hpp"

namespace hermod::jobs {

static constexpr std::string_view row_name = "hold";
static constexpr seconds look_every{2};

std::optional<Hold> find_hold(db::GlobalTx const& tx)
{
    auto const text = tx.one<std::string>("SELECT value FROM instance WHERE name = $1", row_name);
    return text ? std::optional{read_stored_json<Hold>(*text)} : std::nullopt;
}

void begin_hold(db::GlobalTx& tx, std::string_view why)
{
    tx.run("INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        row_name, to_json(Hold{tx.now(), std::string{why}}));
}

bool end_hold(db::GlobalTx& tx)
{
    return tx.run_counted("DELETE FROM instance WHERE name = $1", row_name) > 0;
}

HoldWatch::HoldWatch(db::Database& db, Clock& clock, Metrics& metrics)
    : db_(db), clock_(clock), gauge_(metrics.gauge(metric::hold.name, metric::hold.help))
{
}

Task<void> HoldWatch::load()
{
    note(co_await db_.system().read([](db::GlobalTx const& tx) { return find_hold(tx); }));
}

Task<void> HoldWatch::run()
{
    for (;;) {
        co_await sleep_for(clock_, look_every);
        try {
            auto const hold =
                co_await db_.system().read([](db::GlobalTx const& tx) { return find_hold(tx); });
            if (hold.has_value() != held_)
                note(hold);
        } catch (Problem const&) {
            // The database is away, which others tell: as it was until it is back.
        }
    }
}

void HoldWatch::note(std::optional<Hold> const& hold)
{
    if (hold)
        log::warn("nothing is sent until `hermod admin resume`",
            {{"since", to_rfc3339(hold->since)}, {"why", hold->why}});
    else if (held_)
        log::info("what was held back is sent again");
    held_ = hold.has_value();
    gauge_.set(hold ? 1 : 0);
    for (auto const& listener : listeners_)
        listener(hold.has_value());
}

}
