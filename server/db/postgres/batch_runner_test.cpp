#include "db/conformance.hpp"
#include "db/postgres/batch_runner.hpp"
#include "db/postgres/open_session.hpp"
#include "db/postgres/schema.hpp"
#include "db/postgres/test_cluster.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <random>

namespace hermod::db::postgres {

static constexpr HotTable counters{
    .table = "counters",
    .key = "id",
    .select = "SELECT a, b FROM counters WHERE workspace_id = $1 AND id = $2",
    .update = "UPDATE counters SET a = $3, b = $4 WHERE workspace_id = $1 AND id = $2",
    .columns = 2,
};

static std::string const& migrated_once()
{
    static auto const url = [] {
        PostgresOptions options{.url = new_test_database(), .migrate_url = {}};
        options.migrations = conformance_schema();
        Clock clock;
        migrate_postgres(options, clock);
        return options.url;
    }();
    return url;
}

/// One batch after the other on one connection, as a writer's thread would.
class Bench {
public:
    explicit Bench(bool prefetch, bool alone = false)
        : alone_(alone), url_(new_test_database(migrated_once())), metrics_(registry_, "postgres")
    {
        PostgresSchema schema{url_};
        statements_.emplace(read_facts(schema));
        runner_.emplace(*statements_, clock_, metrics_,
            BatchRunner::Options{.time = seconds{60}, .prefetch = prefetch});
        connection_ = open_session(url_, "bench", Use::write, never_);
    }
    ~Bench()
    {
        connection_.reset();
        drop_test_database(url_);
    }

    /// What each λ threw, or nothing.
    std::vector<std::string> run(
        WorkspaceId const& workspace, std::vector<std::function<void(Tx&)>> const& lambdas)
    {
        std::deque<FunctionRef<void(Tx&)>> bodies;
        std::deque<Work> works;
        std::vector<Work*> batch;
        for (auto const& lambda : lambdas) {
            bodies.emplace_back(lambda);
            works.emplace_back(workspace, bodies.back(), Patience{});
            batch.push_back(&works.back());
        }
        auto const outcome =
            alone_ ? BatchRunner::Outcome{.refusal = Refusal{}} : run_batch(batch, false);
        if (outcome.refusal) {
            ++refused;
            for (auto*& work : batch) {
                auto const own = run_batch({&work, 1}, true);
                if (own.refusal)
                    work->error = to_exception(*own.refusal);
            }
        }
        std::vector<std::string> outcomes;
        for (auto const* work : batch)
            outcomes.push_back(name_of(work->error));
        return outcomes;
    }

    std::size_t waits() const { return connection_->waits(); }
    std::string sql(std::string const& text) { return run_sql(url_, text); }

    int refused = 0;

private:
    BatchRunner::Outcome run_batch(std::span<Work* const> works, bool alone)
    {
        Mark const mark{Uuid{1}, shard_of(works[0]->workspace()), ++batch_};
        return runner_->run(*connection_, mark, works, alone);
    }

    bool const alone_;
    std::string url_;
    Clock clock_;
    Metrics registry_;
    DbMetrics metrics_;
    std::optional<Statements> statements_;
    std::optional<BatchRunner> runner_;
    StopSignal never_;
    std::unique_ptr<Connection> connection_;
    std::int64_t batch_ = 0;
};

static WorkspaceId const workspace{Uuid{7, 7, 7}};
static PersonId person(int i)
{
    return PersonId{Uuid{9, 9, static_cast<std::uint8_t>(i / 256), static_cast<std::uint8_t>(i)}};
}

/// What a message costs: two reads, one of them by a key that all λs of the batch add to; a hot
/// row; three writes.
static void send(Tx& tx, int i)
{
    if (!tx.one<std::int64_t>(
            "SELECT a FROM counters WHERE workspace_id = $1 AND id = $2", person(0)))
        throw Problem{Errc::forbidden};
    auto const label = fmt::format("key {}", i);
    if (tx.one<PersonId>("SELECT id FROM things WHERE workspace_id = $1 AND label = $2", label))
        throw Problem{Errc::client_id_reused};
    auto* const row = tx.find_hot(counters, person(1).bytes());
    row->set(0, (*row)[0] + 1);
    tx.run(
        "INSERT INTO things (workspace_id, id, label) VALUES ($1, $2, $3)", person(10 + i), label);
    tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, $3)", (*row)[0], "x");
    tx.run("UPDATE things SET number = $3 WHERE workspace_id = $1 AND id = $2", person(10 + i),
        (*row)[0]);
}

static void add_counters(Bench& bench)
{
    bench.run(workspace, {[](Tx& tx) {
        for (int i = 0; i < 6; ++i)
            tx.run("INSERT INTO counters (workspace_id, id, a, b) VALUES ($1, $2, $3, 0)",
                person(i), i);
    }});
}

static std::vector<std::function<void(Tx&)>> many_sends(int count)
{
    std::vector<std::function<void(Tx&)>> lambdas;
    for (int i = 0; i < count; ++i)
        lambdas.emplace_back([i](Tx& tx) { send(tx, i); });
    return lambdas;
}

TEST(BatchRunner, a_batch_waits_for_all_its_reads_together)
{
    Bench bench{true};
    add_counters(bench);
    auto const before = bench.waits();

    auto const outcomes = bench.run(workspace, many_sends(100));

    EXPECT_EQ(outcomes, std::vector<std::string>(100, "nothing"));
    // Three rounds, as each λ reads three times in turn, and the commit.
    EXPECT_LE(bench.waits() - before, 4U);
    EXPECT_EQ(bench.sql("SELECT count(*) FROM lines"), "100");
    EXPECT_EQ(bench.sql("SELECT max(a) FROM counters"), "101");
}

TEST(BatchRunner, without_prefetch_each_read_waits)
{
    Bench bench{false};
    add_counters(bench);
    auto const before = bench.waits();

    bench.run(workspace, many_sends(100));

    EXPECT_GE(bench.waits() - before, 200U);
    EXPECT_EQ(bench.sql("SELECT count(*) FROM lines"), "100");
}

TEST(BatchRunner, the_same_key_twice_in_a_batch_is_found_by_the_second)
{
    Bench bench{true};
    add_counters(bench);
    std::vector<std::function<void(Tx&)>> lambdas;
    for (int i = 0; i < 10; ++i)
        lambdas.emplace_back([i](Tx& tx) { send(tx, i / 2); });

    auto const outcomes = bench.run(workspace, lambdas);

    for (std::size_t i = 0; i < 10; ++i)
        EXPECT_EQ(outcomes[i], i % 2 == 0 ? "nothing" : "client_id_reused") << i;
    EXPECT_EQ(bench.refused, 0);
    EXPECT_EQ(bench.sql("SELECT count(*) FROM things"), "5");
}

TEST(BatchRunner, a_lambda_is_not_shown_a_world_without_its_own_writes)
{
    Bench bench{true};
    int impossible = 0;
    std::vector<std::function<void(Tx&)>> lambdas;
    for (int i = 0; i < 20; ++i)
        lambdas.emplace_back([i, &impossible](Tx& tx) {
            tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, 'mine')", i);
            auto const mine = tx.one<std::string>(
                "SELECT body FROM lines WHERE workspace_id = $1 AND position = $2", i);
            if (!mine)
                ++impossible;
            tx.insert_hot(counters, person(i).bytes(), std::array<std::int64_t, 2>{1, 2});
            tx.run(
                "INSERT INTO counters (workspace_id, id, a, b) VALUES ($1, $2, 1, 2)", person(i));
            if (!tx.find_hot(counters, person(i).bytes()))
                ++impossible;
        });

    auto const outcomes = bench.run(workspace, lambdas);

    EXPECT_EQ(outcomes, std::vector<std::string>(20, "nothing"));
    EXPECT_EQ(impossible, 0);
}

TEST(BatchRunner, what_a_lambda_that_was_undone_wrote_is_seen_by_nobody)
{
    Bench bench{true};
    std::string seen;
    auto const count = [](Tx& tx) {
        return *tx.one<std::int64_t>("SELECT count(*) FROM lines WHERE workspace_id = $1");
    };
    auto const add = [](Tx& tx, int position) {
        tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, '')", position);
    };

    bench.run(workspace,
        {[&](Tx& tx) {
             seen = std::to_string(count(tx));
             add(tx, 1);
         },
            [&](Tx& tx) {
                add(tx, 2);
                seen += std::to_string(count(tx)); // sends what is held, behind a savepoint
                throw std::runtime_error{"undone"};
            },
            [&](Tx& tx) { seen += std::to_string(count(tx)); }});

    EXPECT_EQ(seen, "021");
}

namespace {
/// λs made of random steps, from a seed: what they read decides what they write.
class RandomLambda {
public:
    explicit RandomLambda(unsigned seed) : seed_(seed) { }

    std::string seen; ///< by the run that counted

    void operator()(Tx& tx)
    {
        std::mt19937 random{seed_};
        seen.clear();
        auto const steps = 1 + random() % 6;
        for (unsigned i = 0; i < steps; ++i)
            step(tx, random);
    }

private:
    void saw(auto const& value) { seen += value ? fmt::format("{} ", *value) : "- "; }

    void step(Tx& tx, std::mt19937& random)
    {
        auto const some = static_cast<int>(random() % 5);
        auto const other = static_cast<int>(random() % 40);
        switch (random() % 3) {
        case 0:
            return read(tx, random, some, other);
        case 1:
            return write(tx, random, some, other);
        default:
            return do_both(tx, random, some, other);
        }
    }

    void read(Tx& tx, std::mt19937& random, int some, int other)
    {
        switch (random() % 6) {
        case 0:
            return saw(tx.one<std::int64_t>(
                "SELECT a FROM counters WHERE workspace_id = $1 AND id = $2", person(some)));
        case 1:
            return saw(tx.one<std::int64_t>("SELECT count(*) FROM things WHERE workspace_id = $1"));
        case 2:
            return saw(tx.one<std::string>(
                "SELECT body FROM lines WHERE workspace_id = $1 AND position = $2", other));
        case 3:
            return saw(tx.global().one<std::string>(
                "SELECT value FROM instance WHERE name = $1", fmt::format("n{}", some)));
        case 4:
            return saw(tx.one<std::int64_t>(
                "SELECT count(*) FROM lines l JOIN things t ON t.workspace_id = l.workspace_id "
                "WHERE l.workspace_id = $1 AND l.position < $2",
                other));
        default:
            return saw(tx.one<std::int64_t>(
                "SELECT sum(a) FROM counters WHERE workspace_id = $1 AND b < $2", 5));
        }
    }

    void write(Tx& tx, std::mt19937& random, int some, int other)
    {
        switch (random() % 6) {
        case 0:
            return tx.run("INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, $3) "
                          "ON CONFLICT DO NOTHING",
                other, fmt::format("seed {}", seed_));
        case 1:
            return tx.run("UPDATE lines SET body = $3 WHERE workspace_id = $1 AND position = $2",
                other, fmt::format("changed {}", seed_));
        case 2:
            return tx.run("DELETE FROM lines WHERE workspace_id = $1 AND position = $2", other);
        case 3:
            return tx.global().run("INSERT INTO instance (name, value) VALUES ($1, $2) "
                                   "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                fmt::format("n{}", some), fmt::format("v{}", seed_));
        case 4:
            return tx.run(
                "UPDATE counters SET a = a + 10 WHERE workspace_id = $1 AND id = $2", person(some));
        default: // refused where the position is taken
            if (random() % 4 == 0)
                tx.run(
                    "INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, '')", other);
        }
    }

    void do_both(Tx& tx, std::mt19937& random, int some, int other)
    {
        switch (random() % 5) {
        case 0:
            if (auto* const row = tx.find_hot(counters, person(some).bytes())) {
                seen += fmt::format("{} ", (*row)[0]);
                row->set(0, (*row)[0] + 1);
            }
            return;
        case 1: {
            auto const label = fmt::format("l{}", other);
            if (tx.one<PersonId>(
                    "SELECT id FROM things WHERE workspace_id = $1 AND label = $2", label))
                return void(seen += "taken ");
            return tx.run("INSERT INTO things (workspace_id, id, label) VALUES ($1, $2, $3) "
                          "ON CONFLICT (workspace_id, id) DO UPDATE SET label = excluded.label",
                person(100 + other), label);
        }
        case 2:
            return saw(std::optional{tx.run_counted(
                "UPDATE things SET number = 1 WHERE workspace_id = $1 AND number IS NULL")});
        case 3:
            return saw(tx.one<std::string>(
                "INSERT INTO lines (workspace_id, position, body) VALUES ($1, $2, 'r') "
                "ON CONFLICT (workspace_id, position) DO UPDATE SET body = lines.body || 'r' "
                "RETURNING body",
                other));
        default:
            if (random() % 3 == 0)
                throw Problem{Errc::forbidden};
        }
    }

    unsigned seed_;
};
}

static std::string contents(Bench& bench)
{
    std::string text;
    for (auto const* query :
        {"SELECT string_agg(position || body, ',' ORDER BY position) FROM lines",
            "SELECT string_agg(id || coalesce(label, '-') || coalesce(number, -1), ',' ORDER BY "
            "id) "
            "FROM things",
            "SELECT string_agg(a || '/' || b, ',' ORDER BY id) FROM counters",
            "SELECT string_agg(name || value, ',' ORDER BY name) FROM instance"})
        text += bench.sql(query) + "\n";
    return text;
}

/// Runs batches of random λs; gives all that they saw and left behind.
static std::string run_random(Bench& bench, unsigned seed)
{
    add_counters(bench);
    std::mt19937 random{seed};
    std::string text;
    for (int batch = 0; batch < 12; ++batch) {
        std::vector<RandomLambda> lambdas;
        std::vector<std::function<void(Tx&)>> bodies;
        auto const size = 1 + random() % 12;
        for (unsigned i = 0; i < size; ++i)
            lambdas.emplace_back(static_cast<unsigned>(random()));
        for (auto& lambda : lambdas)
            bodies.emplace_back([&lambda](Tx& tx) { lambda(tx); });
        auto const outcomes = bench.run(workspace, bodies);
        for (std::size_t i = 0; i < size; ++i)
            text += fmt::format("{}.{} {}: {}\n", batch, i, outcomes[i],
                outcomes[i] == "nothing" ? lambdas[i].seen : "");
    }
    return text + contents(bench);
}

TEST(BatchRunner, random_lambdas_see_and_leave_the_same_with_prefetch_without_and_alone)
{
    for (unsigned seed = 1; seed <= 4; ++seed) {
        Bench ahead{true};
        Bench plain{false};
        Bench alone{false, true};

        auto const expected = run_random(alone, seed);

        EXPECT_EQ(run_random(plain, seed), expected) << "seed " << seed;
        EXPECT_EQ(run_random(ahead, seed), expected) << "seed " << seed;
    }
}

}
