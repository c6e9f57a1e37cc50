#include "accounts/accounts.hpp"
#include "accounts/accounts_world_test.hpp"

namespace hermod::accounts {

TEST_F(AccountsTest, a_new_account_is_stored_with_its_event_and_never_shows_its_credentials)
{
    auto const account = create({.connector = {"mail"},
        .name = Text<1, 200>{"Shop mail"},
        .address = Text<1, 320>{"shop@example.com"},
        .settings = Settings{R"({"a":1})"},
        .credentials = Credentials{R"({"password":"hunter2"})"}});

    EXPECT_EQ(account.state, State::connecting);
    EXPECT_EQ(to_json(get(account.id)), to_json(account));
    auto const log = events();
    ASSERT_EQ(log.size(), 1U);
    EXPECT_EQ(log[0].find("hunter2"), std::string::npos);
    EXPECT_NE(log[0].find("\"previous_state\":null"), std::string::npos);
    auto const sealed =
        read(workspace, [&](db::Tx const& tx) { return find_sealed_credentials(tx, account.id); });
    EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
    auto const view =
        read(workspace, [&](db::Tx const& tx) { return open(tx, account.id, keyring); });
    EXPECT_EQ(view.credentials, R"({"password":"hunter2"})");
    EXPECT_EQ(view.address, "shop@example.com");
}

TEST_F(AccountsTest, credentials_moved_to_another_row_do_not_open)
{
    auto const first = create("mail");
    auto const second = create("mail");
    write(workspace, [&](db::Tx& tx) {
        update(tx, require_account(tx, second.id), find_sealed_credentials(tx, first.id), false);
    });

    EXPECT_PROBLEM(read(workspace, [&](db::Tx const& tx) { return open(tx, second.id, keyring); }),
        Errc::internal);
}

TEST_F(AccountsTest, a_wrong_field_is_named)
{
    try {
        create({.connector = {"mail"}, .settings = Settings{R"({"bad":1})"}});
        FAIL() << "was taken";
    } catch (Problem const& problem) {
        EXPECT_EQ(problem.code, Errc::invalid_body);
        ASSERT_EQ(problem.fields.size(), 1U);
        EXPECT_EQ(problem.fields[0].field, "settings.bad");
    }
    EXPECT_PROBLEM(create({.connector = {"mail"}, .settings = Settings{R"({"url":1})"}}),
        Errc::address_blocked);
    EXPECT_PROBLEM(create({.connector = {"mail"}, .credentials = Credentials{R"({"wrong":1})"}}),
        Errc::invalid_body);
    EXPECT_PROBLEM(create("fax"), Errc::unknown_connector);
    EXPECT_PROBLEM(
        create({.connector = {"mail"}, .address = Text<1, 320>{"nobody@"}}), Errc::invalid_email);
    EXPECT_PROBLEM(create({.connector = {"mail"}, .address = Text<1, 320>{"+12025550100"}}),
        Errc::invalid_body);
    EXPECT_PROBLEM(create({.connector = {"mail"},
                       .address = Text<1, 320>{"other@example.com"},
                       .settings = Settings{R"({"fixed":1})"}}),
        Errc::invalid_body);
    EXPECT_TRUE(events().empty());
}

TEST_F(AccountsTest, the_address_follows_from_the_settings_where_the_connector_says_so)
{
    auto const account = create({.connector = {"mail"}, .settings = Settings{R"({"fixed":1})"}});

    EXPECT_EQ(account.address, "fixed@example.com");
    EXPECT_EQ(account.name, "fixed@example.com");

    auto const changed = run(update_account(deps, me(), account.id, {.settings = Settings{"{}"}}));
    EXPECT_EQ(changed.address, "fixed@example.com"); // kept until another is given
}

TEST_F(AccountsTest, a_workspace_has_at_most_so_many)
{
    for (int i = 0; i < 5; ++i)
        create("mail");

    EXPECT_PROBLEM(create("mail"), Errc::limit_reached);
}

TEST_F(AccountsTest, the_first_account_of_a_kind_is_its_default_and_patch_moves_it)
{
    auto const first = create("mail");
    auto const second = create("sandbox");
    EXPECT_TRUE(first.is_default);
    EXPECT_TRUE(second.is_default); // of phone
    EXPECT_EQ(default_of(AddressKind::email), first.id);

    auto const moved = run(update_account(deps, me(), second.id, {.is_default = true}));

    EXPECT_TRUE(moved.is_default);
    EXPECT_EQ(default_of(AddressKind::email), second.id);
    EXPECT_EQ(default_of(AddressKind::phone), second.id);
    EXPECT_FALSE(get(first.id).is_default);
    EXPECT_EQ(events().size(), 4U); // two new, the one that lost, the one that won

    run(update_account(deps, me(), second.id, {.is_default = false}));
    EXPECT_FALSE(get(second.id).is_default);
    EXPECT_EQ(default_of(AddressKind::email), std::nullopt);
}

TEST_F(AccountsTest, a_sandbox_makes_room_for_the_first_account_that_reaches_people)
{
    auto const box = create("sandbox");
    EXPECT_EQ(default_of(AddressKind::email), box.id);

    auto const real = create("mail");

    EXPECT_TRUE(real.is_default);
    EXPECT_EQ(default_of(AddressKind::email), real.id);
    EXPECT_EQ(default_of(AddressKind::phone), box.id);
    EXPECT_TRUE(get(box.id).is_default); // of phone still
    EXPECT_EQ(events().size(), 3U); // the sandbox, what it gave up, the new one

    // Somebody wants the sandbox: what comes later does not take that away.
    run(update_account(deps, me(), box.id, {.is_default = true}));
    EXPECT_FALSE(create("mail").is_default);
    EXPECT_FALSE(create("sandbox").is_default);
    EXPECT_EQ(default_of(AddressKind::email), box.id);
}

TEST_F(AccountsTest, a_connector_that_is_asked_for_or_a_test_key_finds_its_own)
{
    auto const real = create("mail");
    auto const box = create("sandbox");
    EXPECT_EQ(default_of(AddressKind::email), real.id);

    EXPECT_EQ(default_of(AddressKind::email, "sandbox"), box.id);
    EXPECT_EQ(default_of(AddressKind::email, "fax"), std::nullopt);
    EXPECT_EQ(default_of(AddressKind::email, {}, true), box.id);
    EXPECT_EQ(default_of(AddressKind::email, "mail", true), std::nullopt);
}

TEST_F(AccountsTest, deleting_erases_credentials_and_hands_the_default_on)
{
    auto const first = create({.connector = {"mail"}, .credentials = Credentials{R"({"p":"x"})"}});
    auto const second = create("mail");

    run(delete_account(deps, me(), first.id));

    EXPECT_PROBLEM(get(first.id), Errc::account_not_found);
    EXPECT_EQ(default_of(AddressKind::email), second.id);
    EXPECT_TRUE(get(second.id).is_default);
    EXPECT_EQ(
        read(workspace, [&](db::Tx const& tx) { return find_sealed_credentials(tx, first.id); }),
        "");
    EXPECT_PROBLEM(run(delete_account(deps, me(), first.id)), Errc::account_not_found);
}

TEST_F(AccountsTest, another_workspace_has_nothing)
{
    auto const account = create("mail");
    auto const stranger = caller_of(make_workspace());

    EXPECT_PROBLEM(run(get_account(deps, stranger, account.id)), Errc::account_not_found);
    EXPECT_PROBLEM(run(get_capabilities(deps, stranger, account.id)), Errc::account_not_found);
    EXPECT_PROBLEM(run(update_account(deps, stranger, account.id, {})), Errc::account_not_found);
    EXPECT_PROBLEM(run(delete_account(deps, stranger, account.id)), Errc::account_not_found);
    EXPECT_PROBLEM(run(connect_account(deps, stranger, account.id)), Errc::account_not_found);
    EXPECT_PROBLEM(run(pause_account(deps, stranger, account.id)), Errc::account_not_found);
    EXPECT_TRUE(run(list_accounts(deps, stranger, {})).data.empty());
    EXPECT_EQ(get(account.id).id, account.id);
}

TEST_F(AccountsTest, a_test_key_sees_and_makes_sandbox_accounts_only)
{
    auto const real = create("mail");
    auto const box = create({.connector = {"sandbox"}}, true);

    EXPECT_PROBLEM(create({.connector = {"mail"}}, true), Errc::test_key_refused);
    EXPECT_PROBLEM(run(get_account(deps, me(true), real.id)), Errc::account_not_found);
    EXPECT_EQ(run(get_account(deps, me(true), box.id)).id, box.id);
    auto const seen = run(list_accounts(deps, me(true), {})).data;
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].id, box.id);
    EXPECT_TRUE(
        run(list_accounts(deps, me(true), {.connector = Text<1, 64>{"mail"}})).data.empty());
}

TEST_F(AccountsTest, pages_go_on_where_the_last_ended)
{
    std::vector<AccountId> made;
    for (int i = 0; i < 5; ++i)
        made.push_back(create("mail").id);

    std::vector<AccountId> seen;
    ListAccounts query{.limit = {2}};
    for (;;) {
        auto const page = run(list_accounts(deps, me(), query));
        for (auto const& account : page.data)
            seen.push_back(account.id);
        if (!page.next)
            break;
        query.cursor = Text<1, 512>{*page.next};
    }
    EXPECT_EQ(seen, made);

    for (auto const* cursor : {"x", "", "AAAA"})
        EXPECT_PROBLEM(
            run(list_accounts(deps, me(), {.cursor = Text<1, 512>{cursor}})), Errc::invalid_cursor);
}

TEST_F(AccountsTest, what_somebody_stopped_no_report_starts)
{
    auto const account = create("mail");

    EXPECT_EQ(run(pause_account(deps, me(), account.id)).state, State::paused);
    set(account.id, {"connected", {}, {}});
    EXPECT_EQ(state_of(account.id), State::paused);

    EXPECT_EQ(run(disconnect_account(deps, me(), account.id)).state, State::disconnected);
    set(account.id, {"connected", {}, {}});
    EXPECT_EQ(state_of(account.id), State::disconnected);
    EXPECT_EQ(run(pause_account(deps, me(), account.id)).state, State::disconnected);

    EXPECT_EQ(run(connect_account(deps, me(), account.id)).state, State::connecting);
    set(account.id, {"action_needed", "wrong password", "credentials"});
    auto const shown = get(account.id);
    EXPECT_EQ(shown.state, State::action_needed);
    EXPECT_EQ(shown.state_reason, "wrong password");
    EXPECT_EQ(shown.action, "credentials");

    set(account.id, {"connected", {}, {}});
    EXPECT_EQ(get(account.id).action, std::nullopt);
}

TEST_F(AccountsTest, a_report_that_changes_nothing_is_no_event)
{
    auto const account = create("mail");
    set(account.id, {"connected", {}, {}});
    auto const before = events().size();

    set(account.id, {"connected", {}, {}});

    EXPECT_EQ(events().size(), before);
}

TEST_F(AccountsTest, new_settings_start_the_account_anew_and_a_new_name_does_not)
{
    auto const account = create("mail");
    set(account.id, {"connected", {}, {}});

    EXPECT_EQ(run(update_account(deps, me(), account.id, {.name = Text<1, 200>{"New"}})).state,
        State::connected);
    EXPECT_EQ(
        run(update_account(deps, me(), account.id, {.settings = Settings{R"({"x":1})"}})).state,
        State::connecting);
    run(pause_account(deps, me(), account.id));
    EXPECT_EQ(
        run(update_account(deps, me(), account.id, {.credentials = Credentials{R"({"p":"y"})"}}))
            .state,
        State::paused);
    auto const view =
        read(workspace, [&](db::Tx const& tx) { return open(tx, account.id, keyring); });
    EXPECT_EQ(view.credentials, R"({"p":"y"})");
    EXPECT_EQ(view.settings, R"({"x":1})");
    EXPECT_EQ(view.name, "New");
}

}
