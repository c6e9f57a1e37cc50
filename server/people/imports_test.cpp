#include "people/attributes.hpp"
#include "people/imports.hpp"
#include "people/merging.hpp"
#include "people/people_world_test.hpp"

namespace hermod::people {

namespace {

class ImportsTest : public PeopleWorld {
protected:
    ImportsTest()
    {
        add_import_routes(api.router, deps);
        add_attribute_routes(api.router, deps);
    }

    testing::Answer post(std::string const& csv, std::string const& more = "")
    {
        std::string text;
        append_json_string(text, csv);
        return api.post(people + "/import", R"({"csv":)" + text + more + '}');
    }
    /// The import after its job has run, `rows` as `done=created+updated+skipped+failed`.
    testing::Answer worked_off(testing::Answer const& begun)
    {
        EXPECT_EQ(begun.status, 202) << json_to_text(begun.body);
        ImportWorker worker{db};
        EXPECT_EQ(run(worker.run(claim_job("import_people"))).state, jobs::State::done);
        return api.get(people + "/imports/" + begun.text("id"));
    }
    static std::string counts(testing::Answer const& import)
    {
        std::string text;
        for (auto const* const field : {"done", "created", "updated", "skipped", "failed"})
            text += std::to_string(import.find(field)->get_int64()) + ' ';
        return text;
    }
    static std::string errors_of(testing::Answer const& import)
    {
        std::string text;
        for (auto const& error : import.find("errors")->get_array())
            text += json_to_text(error.at("row")) + ' ' + json_to_text(error.at("field")) + ' '
                + std::string{std::string_view{error.at("message").get_string()}} + '\n';
        return text;
    }
    testing::Answer person_of(std::string const& external_id)
    {
        auto answer = api.get(people + "?external_id=" + external_id);
        answer.body = answer.find("data")->get_array().at(0);
        return answer;
    }
    std::int64_t count_rows(std::string_view sql)
    {
        return *read(ours, [&](db::Tx const& tx) { return tx.one<std::int64_t>(sql); });
    }
};

}

TEST_F(ImportsTest, typed_attributes_are_read_as_their_type)
{
    for (auto const& [key, type] : std::vector<std::pair<std::string, std::string>>{
             {"n", "number"}, {"b", "boolean"}, {"d", "date"}, {"l", "list"}})
        api.put(people + "/attributes/" + key, R"({"type":")" + type + R"("})");

    auto const done = worked_off(post("external_id,attributes.n,attributes.b,attributes.d,"
                                      "attributes.l,attributes.t\n"
                                      "u1,12,Yes,2026-11-21,a | b|,007\n"
                                      "u2,1.5,0,2026-11-21T10:00:00Z,,\n"
                                      "u3,1e999,perhaps,21.11.2026,,\n"));

    EXPECT_EQ(counts(done), "3 2 0 0 1 ");
    EXPECT_EQ(json_to_text(*person_of("u1").find("attributes")),
        R"({"n":12,"b":true,"d":"2026-11-21","l":["a","b"],"t":"007"})");
    EXPECT_EQ(json_to_text(*person_of("u2").find("attributes")),
        R"({"n":1.5E0,"b":false,"d":"2026-11-21T10:00:00Z"})");
    EXPECT_EQ(errors_of(done),
        "4 \"attributes.n\" must be a number\n"
        "4 \"attributes.b\" must be true or false\n"
        "4 \"attributes.d\" must be a date such as 2026-11-21 or 2026-11-21T09:30:00Z\n");
}

TEST_F(ImportsTest, a_row_finds_its_person_by_external_id_then_phone_then_email)
{
    auto const user = make_person(R"({"external_id":"u1"})");
    auto const by_phone = make_person(R"({"addresses":[{"kind":"phone","value":"+12025550100"}]})");
    auto const by_email = make_person(R"({"addresses":[{"kind":"email","value":"a@b.co"}]})");

    auto const done = worked_off(post("email,phone,external_id,name\n"
                                      ",,u1,One\n"
                                      ",+1 202 555 0100,,Two\n"
                                      "A@b.co,+12025550101,u3,Three\n"
                                      "a@b.co,+12025550100,,Four\n"
                                      ",+12025550101,u4,Five\n"));

    EXPECT_EQ(counts(done), "5 0 3 0 2 ");
    EXPECT_EQ(errors_of(done),
        "5 \"email\" belongs to another person\n"
        "6 \"external_id\" is another than that of the person who has this address\n");
    EXPECT_EQ(api.get(one(user)).text("name"), "One");
    EXPECT_EQ(api.get(one(by_phone)).text("name"), "Two");
    EXPECT_EQ(api.get(one(by_email)).text("name"), "Three");
    EXPECT_EQ(api.get(one(by_email)).text("kind"), "user");
}

TEST_F(ImportsTest, a_merged_external_id_finds_the_survivor)
{
    struct Nothing final : MergeFollower {
        std::int64_t follow(db::Tx&, Merge const&, std::int64_t) const override { return 0; }
        std::int64_t go_back(db::Tx&, Merge const&, std::int64_t) const override { return 0; }
    } const follower;
    auto const a = make_person(R"({"external_id":"x1"})");
    auto const b = make_person(R"({"external_id":"x2"})");
    write(ours, [&](db::Tx& tx) { return merge_people(tx, follower, b, {a}); });

    auto const done = worked_off(post("external_id,name\nx1,Ana\nx2,Ana\n"));

    EXPECT_EQ(counts(done), "2 0 1 1 0 ");
    EXPECT_EQ(api.get(one(b)).text("name"), "Ana");
}

TEST_F(ImportsTest, what_was_worked_off_is_not_done_again)
{
    std::string csv = "external_id,name\n";
    for (int n = 0; n < 60; ++n)
        csv += 'u' + std::to_string(n) + ",N\n";
    auto const begun = post(csv);
    ASSERT_EQ(count_rows("SELECT COUNT(*) FROM person_import_chunks WHERE workspace_id = $1"), 3);
    auto job = claim_job("import_people");
    ImportWorker worker{db};
    run(worker.run(job));

    job.claim = 7; // a second worker, whose claim is not the newest
    EXPECT_THROW(run(worker.recover(job)), jobs::ClaimLost);

    EXPECT_EQ(counts(api.get(people + "/imports/" + begun.text("id"))), "60 60 0 0 0 ");
    EXPECT_EQ(event_types().size(), 61U);
    EXPECT_EQ(count_rows("SELECT COUNT(*) FROM person_import_chunks WHERE workspace_id = $1"), 0);
}

TEST_F(ImportsTest, a_strict_workspace_takes_declared_columns_alone)
{
    api.patch(people + "/attribute_settings", R"({"strict":true})");

    auto const refused = post("phone,attributes.plan\n+12025550100,gold\n");

    EXPECT_EQ(refused.code(), "invalid_body");
    EXPECT_EQ(testing::wrong_fields(refused),
        "csv: has a column for attributes.plan, which is not declared");
}

TEST_F(ImportsTest, a_column_that_is_mapped_to_nothing_is_left_out)
{
    auto const done = worked_off(post("Tel.;Notes\n+12025550100;x\n",
        R"(,"mapping":[{"column":"Tel.","field":"phone"},{"column":"Notes","field":null}])"));

    EXPECT_EQ(counts(done), "1 1 0 0 0 ");
}

TEST_F(ImportsTest, imports_and_what_never_became_one_are_forgotten)
{
    auto const begun = post("phone\n+12025550100\nnobody\n");
    worked_off(begun);
    auto const sweep = [&] {
        return write(ours, [&](db::Tx& tx) {
            return delete_old_imports(tx, tx.now() - std::chrono::hours{24 * 30}, 200);
        });
    };
    write(ours, [&](db::Tx& tx) {
        tx.run(R"sql(
            INSERT INTO person_import_chunks (workspace_id, import_id, n, cells, created_at)
            VALUES ($1, $2, 0, '[]', $3))sql",
            ImportId::make(tx.now()), tx.now());
    });
    EXPECT_EQ(sweep(), 0);

    clock.advance(std::chrono::hours{24 * 31});
    while (sweep() > 0) { }

    EXPECT_EQ(api.get(people + "/imports/" + begun.text("id")).code(), "import_not_found");
    EXPECT_EQ(count_rows("SELECT COUNT(*) FROM person_import_errors WHERE workspace_id = $1"), 0);
    EXPECT_EQ(count_rows("SELECT COUNT(*) FROM person_import_chunks WHERE workspace_id = $1"), 0);
}

TEST_F(ImportsTest, imports_of_another_workspace_do_not_exist)
{
    auto const id = post("phone\n+12025550100\n").text("id");
    act_in(make_workspace());

    EXPECT_EQ(api.get(people + "/imports/" + id).code(), "import_not_found");
    EXPECT_EQ(api.get(people + "/imports/" + id + "/errors").code(), "import_not_found");
    EXPECT_EQ(api.get(people + "/imports/imp_1").code(), "import_not_found");
    EXPECT_EQ(api.get(people + "/imports/" + id + "/errors?cursor=x").code(), "invalid_cursor");
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

}
