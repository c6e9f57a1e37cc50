#include "people/people_world_test.hpp"

namespace hermod::people {

class PeopleTest : public PeopleWorld { };

TEST_F(PeopleTest, a_person_is_created_with_its_addresses_and_one_event)
{
    auto const answer = api.post(people, R"({"external_id":"u1","name":"Ana",
        "attributes":{"plan":"pro"},"addresses":[{"kind":"phone","value":"+1 202 555 0100"},
        {"kind":"email","value":"Ana@Example.com"}]})");

    ASSERT_EQ(answer.status, 201);
    EXPECT_EQ(answer.text("kind"), "user");
    EXPECT_EQ(answer.text("attributes/plan"), "pro");
    EXPECT_EQ(answer.text("addresses/0/value"), "Ana@example.com");
    EXPECT_EQ(answer.text("addresses/1/value"), "+12025550100");
    EXPECT_TRUE(answer.find("addresses/1/primary")->get_bool());
    EXPECT_EQ(event_types(), std::vector<std::string>{"person.created"});
    EXPECT_EQ(last_event().at("person"), answer.body);
    EXPECT_EQ(api.get(people + '/' + answer.text("id")).body, answer.body);
}

TEST_F(PeopleTest, the_kind_follows_the_external_id)
{
    auto const id = make_person();
    EXPECT_EQ(api.get(one(id)).text("kind"), "contact");

    EXPECT_EQ(api.patch(one(id), R"({"external_id":"u1"})").text("kind"), "user");
    EXPECT_EQ(api.patch(one(id), R"({"external_id":null})").text("kind"), "contact");
}

TEST_F(PeopleTest, a_patch_that_changes_nothing_appends_no_event)
{
    auto const id = make_person(R"({"name":"Ana"})");

    EXPECT_EQ(api.patch(one(id), R"({"name":"Ana"})").status, 200);
    EXPECT_EQ(api.patch(one(id), "{}").status, 200);

    EXPECT_EQ(event_types().size(), 1U);
}

TEST_F(PeopleTest, an_address_belongs_to_one_person_in_all_its_forms)
{
    make_person(R"({"addresses":[{"kind":"phone","value":"+5511987654321"}]})");

    auto const other =
        api.post(people, R"({"name":"Bo","addresses":[{"kind":"phone","value":"+551187654321"}]})");

    EXPECT_EQ(other.code(), "address_taken");
    EXPECT_EQ(api.get(people).find("data")->get_array().size(), 1U);
}

TEST_F(PeopleTest, an_external_id_belongs_to_one_person)
{
    make_person(R"({"external_id":"u1"})");
    auto const other = make_person();

    EXPECT_EQ(api.post(people, R"({"external_id":"u1"})").code(), "external_id_taken");
    EXPECT_EQ(api.patch(one(other), R"({"external_id":"u1"})").code(), "external_id_taken");
}

TEST_F(PeopleTest, an_upsert_creates_then_changes_then_leaves_alone)
{
    auto const path = people + "/by_external_id/order%2F7%20%C3%A9";

    auto const first = api.put(path, R"({"name":"Ana"})");
    auto const second =
        api.put(path, R"({"attributes":{"a":1},"addresses":[{"kind":"email","value":"a@b.co"}]})");
    auto const third = api.put(path, R"({"addresses":[{"kind":"email","value":"A@B.co"}]})");

    EXPECT_EQ(first.status, 201);
    EXPECT_EQ(first.text("external_id"), "order/7 é");
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(second.text("id"), first.text("id"));
    EXPECT_EQ(second.text("name"), "Ana");
    EXPECT_EQ(third.status, 200);
    EXPECT_EQ(event_types(), (std::vector<std::string>{"person.created", "person.updated"}));
}

TEST_F(PeopleTest, pages_go_on_where_the_last_one_ended)
{
    std::vector<std::string> made;
    for (int i = 0; i < 5; ++i)
        made.insert(made.begin(), make_person().str());

    std::vector<std::string> listed;
    std::string cursor;
    do {
        auto const page =
            api.get(people + "?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
        ASSERT_EQ(page.status, 200);
        for (auto const& person : page.find("data")->get_array())
            listed.emplace_back(person.at("id").get_string());
        cursor = page.text("next");
    } while (!cursor.empty());

    EXPECT_EQ(listed, made);
}

TEST_F(PeopleTest, a_list_can_be_filtered)
{
    auto const ana = make_person(
        R"({"external_id":"u1","addresses":[{"kind":"phone","value":"+12025550100"},
        {"kind":"email","value":"ana@example.com"}]})");
    make_person(R"({"name":"Bo"})");

    for (std::string const filter :
        {"external_id=u1", "phone=%2B12025550100", "phone=+1(202)5550100", "email=ANA@example.com",
            "kind=user", "kind=user&phone=12025550100"}) {
        auto const page = api.get(people + '?' + filter);
        ASSERT_EQ(page.status, 200) << filter << json_to_text(page.body);
        ASSERT_EQ(page.find("data")->get_array().size(), 1U) << filter;
        EXPECT_EQ(page.text("data/0/id"), ana.str()) << filter;
    }
    for (std::string const filter : {"external_id=u2", "phone=%2B12025550101", "email=x@y.co",
             "kind=member", "kind=contact&external_id=u1"})
        EXPECT_EQ(api.get(people + '?' + filter).find("data")->get_array().size(), 0U) << filter;
}

TEST_F(PeopleTest, the_first_address_of_a_kind_is_primary_until_another_is_made_so)
{
    auto const id = make_person(R"({"addresses":[{"kind":"email","value":"a@b.co"}]})");
    auto const path = one(id) + "/addresses";

    auto const second = api.post(path, R"({"kind":"email","value":"c@d.co"})");
    EXPECT_FALSE(second.find("primary")->get_bool());
    auto const third = api.post(path, R"({"kind":"email","value":"e@f.co","primary":true})");
    EXPECT_TRUE(third.find("primary")->get_bool());

    auto const primary =
        read(ours, [&](db::Tx const& tx) { return primary_address(tx, id, AddressKind::email); });
    EXPECT_EQ(primary->value, "e@f.co");
    EXPECT_EQ(api.del(path + '/' + third.text("id")).status, 204);
    EXPECT_EQ(
        read(ours, [&](db::Tx const& tx) { return primary_address(tx, id, AddressKind::email); })
            ->value,
        "a@b.co");
    EXPECT_EQ(api.del(path + '/' + third.text("id")).code(), "address_not_found");
}

TEST_F(PeopleTest, an_address_given_twice_is_one_address)
{
    auto const id = make_person();
    auto const path = one(id) + "/addresses";

    auto const first = api.post(path, R"({"kind":"phone","value":"+12025550100"})");
    auto const again = api.post(path, R"({"kind":"phone","value":"+1 202 555 0100"})");

    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(api.get(path).find("data")->get_array().size(), 1U);
    EXPECT_EQ(event_types().size(), 2U);
}

// region test
TEST_F(PeopleTest, a_deleted_person_leaves_nothing_personal)
{
    auto const id = make_person(
        R"({"external_id":"u1","name":"Ana","attributes":{"a":1},
        "addresses":[{"kind":"phone","value":"+12025550100"}]})");

    EXPECT_EQ(api.del(one(id)).status, 204);

    EXPECT_EQ(api.get(one(id)).code(), "person_not_found");
    EXPECT_EQ(api.del(one(id)).code(), "person_not_found");
    EXPECT_EQ(event_types().back(), "person.deleted");
    EXPECT_EQ(last_event().at("person").at("id").get_string(), id.str());
    EXPECT_FALSE(last_event().at("person").get_object().contains("name"));
    auto const kept = read(ours, [&](db::Tx const& tx) {
        return tx.one<std::int64_t>(R"sql(
            SELECT COUNT(*) FROM people WHERE workspace_id = $1 AND id = $2 AND (name IS NOT NULL
                OR external_id IS NOT NULL OR attributes <> '{}'))sql",
            id);
    });
    EXPECT_EQ(kept, 0);
    EXPECT_EQ(events_that_say("Ana"), 0);
    EXPECT_NE(make_person(R"({"external_id":"u1",
        "addresses":[{"kind":"phone","value":"+12025550100"}]})"),
        id);
}
// endregion

TEST_F(PeopleTest, a_long_history_is_redacted_and_that_of_others_stays)
{
    auto const id = make_person(R"({"name":"Ana 0"})");
    make_person(R"({"name":"Ana's friend"})");
    for (int n = 1; n <= 250; ++n)
        api.patch(one(id), R"({"name":"Ana )" + std::to_string(n) + R"("})");
    auto const before = event_types();
    ASSERT_EQ(events_that_say("Ana "), 251);

    EXPECT_EQ(api.del(one(id)).status, 204);

    EXPECT_EQ(events_that_say("Ana "), 0);
    EXPECT_EQ(events_that_say("Ana's friend"), 1);
    EXPECT_EQ(event_types().size(), before.size() + 1);
}

TEST_F(PeopleTest, bots_and_members_are_not_deleted_here)
{
    auto const bot = write(ours, [](db::Tx& tx) { return create_bot(tx, "Robot"); });
    auto const member = write(ours, [&](db::Tx& tx) {
        return create_member(
            tx, LoginId::make(tx.now()), Role::agent, "Ana", parse_address("a@b.co"));
    });

    EXPECT_EQ(api.get(one(bot)).text("kind"), "bot");
    EXPECT_EQ(api.get(one(member)).text("role"), "agent");
    EXPECT_EQ(api.del(one(bot)).code(), "not_editable");
    EXPECT_EQ(api.del(one(member)).code(), "not_editable");
    EXPECT_EQ(api.patch(one(member), R"({"external_id":"u1"})").text("kind"), "member");
}

TEST_F(PeopleTest, an_unknown_address_makes_a_contact_and_a_known_one_finds_it)
{
    auto const with = parse_address("+551187654321");
    auto const without = parse_address("+5511987654321");

    auto const first = write(ours, [&](db::Tx& tx) { return find_or_create_by_address(tx, with); });
    auto const again =
        write(ours, [&](db::Tx& tx) { return find_or_create_by_address(tx, without, "Ana"); });
    auto const named =
        write(ours, [&](db::Tx& tx) { return find_or_create_by_address(tx, with, "Bo"); });

    EXPECT_TRUE(first.created);
    EXPECT_EQ(first.name, std::nullopt);
    EXPECT_FALSE(again.created);
    EXPECT_EQ(again.person, first.person);
    EXPECT_EQ(again.address.value, "+551187654321");
    EXPECT_EQ(named.name, "Ana");
    EXPECT_EQ(event_types(), (std::vector<std::string>{"person.created", "person.updated"}));
}

TEST_F(PeopleTest, names_from_outside_are_cut_to_what_a_name_may_be)
{
    std::string long_name;
    for (int i = 0; i < 300; ++i)
        long_name += "é";
    auto const make = [&](std::string_view address, std::string_view name) {
        return write(ours, [&](db::Tx& tx) {
            return find_or_create_by_address(tx, parse_address(address), name);
        });
    };

    EXPECT_EQ(make("+12025550100", long_name).name, long_name.substr(0, 400));
    EXPECT_EQ(make("+12025550101", " \xff ").name, std::nullopt);
    EXPECT_EQ(make("+12025550102", "  ").name, std::nullopt);
    EXPECT_EQ(make("+12025550103", " Bo ").name, "Bo");
}

TEST_F(PeopleTest, many_people_are_asked_for_at_once)
{
    std::vector<PersonId> ids;
    for (int i = 0; i < 40; ++i)
        ids.push_back(make_person(R"({"name":"P)" + std::to_string(i) + R"("})"));
    ids.push_back(ids.front());

    auto const names = read(ours, [&](db::Tx const& tx) {
        require_people(tx, ids);
        return names_of(tx, ids);
    });
    EXPECT_EQ(names.size(), 40U);
    EXPECT_EQ(names.at(ids[17]), "P17");
    read(ours, [&](db::Tx const& tx) {
        require_people(tx, {});
        return 0;
    });
    ids.push_back(PersonId::make(clock.now()));
    EXPECT_PROBLEM(read(ours,
                       [&](db::Tx const& tx) {
                           require_people(tx, ids);
                           return 0;
                       }),
        Errc::person_not_found);
}

TEST_F(PeopleTest, people_of_another_workspace_do_not_exist)
{
    auto const theirs = make_person(R"({"external_id":"u1","name":"Ana",
        "addresses":[{"kind":"phone","value":"+12025550100"}]})");
    auto const address = api.get(one(theirs)).text("addresses/0/id");
    auto const before = api.get(one(theirs)).body;

    act_in(make_workspace());

    EXPECT_EQ(api.get(one(theirs)).code(), "person_not_found");
    EXPECT_EQ(api.patch(one(theirs), R"({"name":"x"})").code(), "person_not_found");
    EXPECT_EQ(api.del(one(theirs)).code(), "person_not_found");
    EXPECT_EQ(api.get(one(theirs) + "/addresses").code(), "person_not_found");
    EXPECT_EQ(api.post(one(theirs) + "/addresses", R"({"kind":"email","value":"a@b.co"})").code(),
        "person_not_found");
    EXPECT_EQ(api.del(one(theirs) + "/addresses/" + address).code(), "person_not_found");
    EXPECT_EQ(api.get(people).find("data")->get_array().size(), 0U);
    EXPECT_EQ(api.get(people + "?external_id=u1").find("data")->get_array().size(), 0U);
    auto const own = api.put(people + "/by_external_id/u1",
        R"({"addresses":[{"kind":"phone","value":"+12025550100"}]})");
    EXPECT_EQ(own.status, 201);
    EXPECT_EQ(api.del(one(*PersonId::parse(own.text("id"))) + "/addresses/" + address).code(),
        "address_not_found");

    act_in(ours);
    EXPECT_EQ(api.get(one(theirs)).body, before);
}

TEST_F(PeopleTest, a_repeated_post_makes_one_person)
{
    net::Pairs const key{{"idempotency-key", "k1"}};

    auto const first = api.post(people, R"({"name":"Ana"})", key);
    auto const again = api.post(people, R"({"name":"Ana"})", key);
    auto const other = api.post(people, R"({"name":"Bo"})", key);

    EXPECT_EQ(again.status, 201);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.header("Idempotent-Replayed"), "true");
    EXPECT_EQ(other.code(), "idempotency_key_reused");
    EXPECT_EQ(event_types().size(), 1U);
}

struct BadInput {
    net::Method method;
    std::string target;
    std::string body;
    std::string code;
    std::string fields;
};

TEST_F(PeopleTest, bad_input_is_told_by_field_and_changes_nothing)
{
    using enum net::Method;
    auto const id = make_person();
    auto const person = one(id);
    auto const addresses = person + "/addresses";
    auto const before = event_types().size();
    std::vector<BadInput> const table{
        {post, people, "", "malformed_json", ""},
        {post, people, "{", "malformed_json", ""},
        {post, people, "[]", "invalid_body", ": must be an object"},
        {post, people, R"({"nam":"Ana"})", "invalid_body", "nam: is not a known field"},
        {post, people, R"({"name":7})", "invalid_body", "name: must be a string"},
        {post, people, R"({"name":""})", "invalid_body", "name: must not be empty"},
        {post, people, R"({"attributes":[]})", "invalid_body", "attributes: must be an object"},
        {post, people, R"({"kind":"bot"})", "invalid_body", "kind: is not a known field"},
        {post, people, R"({"addresses":[{"kind":"phone"}]})", "invalid_body",
            "addresses[0].value: is required"},
        {post, people, R"({"addresses":[{"kind":"fax","value":"1"}]})", "invalid_body",
            "addresses[0].kind: must be one of phone, email, whatsapp, external"},
        {post, people,
            R"({"addresses":[{"kind":"email","value":"a@b.co"},{"kind":"phone","value":"12"}]})",
            "invalid_phone_number",
            "addresses[1].value: must begin with + and the country code, as in +12025550100"},
        {post, people, R"({"addresses":[{"kind":"email","value":"a@b"}]})", "invalid_email",
            "addresses[0].value: is not a valid domain after the @"},
        {patch, person, R"({"id":"x"})", "invalid_body", "id: is not a known field"},
        {patch, person, R"({"name":false})", "invalid_body", "name: must be a string"},
        {patch, person + "x", "{}", "person_not_found", ""},
        {put, people + "/by_external_id/" + std::string(257, 'a'), "{}", "invalid_body",
            "external_id: must be 1 to 256 characters"},
        {put, people + "/by_external_id/u1", R"({"external_id":"u2"})", "invalid_body",
            "external_id: is not a known field"},
        {post, addresses, "{}", "invalid_body", "kind: is required; value: is required"},
        {post, addresses, R"({"kind":"phone","value":"+1"})", "invalid_phone_number",
            "value: is not a possible phone number"},
        {post, addresses, R"({"kind":"email","value":"a@b.co","primary":1})", "invalid_body",
            "primary: must be true or false"},
        {del, addresses + "/adr_1", "", "address_not_found", ""},
        {get, people + "/per_1", "", "person_not_found", ""},
        {get, people + "?limit=0", "", "invalid_query", "limit: must be from 1 to 200"},
        {get, people + "?limit=x", "", "invalid_query", "limit: must be a whole number"},
        {get, people + "?cursor=zzz", "", "invalid_cursor", "cursor: is not one of this list"},
        {get, people + "?kind=robot", "", "invalid_query",
            "kind: must be one of bot, member, user, contact"},
        {get, people + "?name=Ana", "", "invalid_query", "name: is not a known parameter"},
        {get, people + "?phone=12", "", "invalid_query", "phone: is not a possible phone number"},
        {get, people + "?email=12", "", "invalid_query", "email: must have an @"},
        {get, people + "?email=a@b.co&phone=%2B12025550100", "", "invalid_query",
            "email: cannot be combined with another of external_id, phone and email"},
    };
    for (auto const& [method, target, body, code, fields] : table) {
        auto const answer = api.call(method, target, body);
        EXPECT_EQ(answer.code(), code) << target << ' ' << body;
        EXPECT_EQ(testing::wrong_fields(answer), fields) << target << ' ' << body;
    }
    EXPECT_EQ(event_types().size(), before);
    EXPECT_EQ(api.undeclared_failures(), 0U);
}

TEST_F(PeopleTest, reading_is_not_writing)
{
    auto const id = make_person();
    api.caller.scopes = {"people:read"};

    EXPECT_EQ(api.get(one(id)).status, 200);
    EXPECT_EQ(api.get(people).status, 200);
    EXPECT_EQ(api.post(people, "{}").code(), "missing_scope");
    EXPECT_EQ(api.patch(one(id), "{}").code(), "missing_scope");
    EXPECT_EQ(api.del(one(id)).code(), "missing_scope");
    EXPECT_EQ(api.put(people + "/by_external_id/u1", "{}").code(), "missing_scope");
}

}
