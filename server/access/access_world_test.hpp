#pragma once

#include "access/assembly.hpp"
#include "net/router.hpp"
#include "testing/api.hpp"
#include "testing/world.hpp"

#include <string>

/// For the tests of this folder: its routes behind its own authenticator.
namespace hermod::access {

/// What a caller is to the routes of the tests' own.
struct Seen {
    std::optional<PersonId> person_id;
    WorkspaceId workspace_id;
};
BOOST_DESCRIBE_STRUCT(Seen, (), (person_id, workspace_id))

struct SeenQuery {
    std::optional<Text<1, 256>> ticket;
};
BOOST_DESCRIBE_STRUCT(SeenQuery, (), (ticket))

struct SendTo {
    Text<1, 320> to;
};
BOOST_DESCRIBE_STRUCT(SendTo, (), (to))

/// One process: what lives as long as it does, and its routes.
struct Node {
    Node(db::Database& database, Clock& clock, asio::io_context& io, Keyring const& keyring,
        Settings settings = {})
        : access(database, clock, keyring, settings)
        , tenants{database}
        , people_deps{database}
        , api(clock, metrics, io)
    {
        add_routes(api.router, access.deps);
        workspaces::add_routes(api.router, tenants);
        people::add_routes(api.router, people_deps);
        net::FeatureRoutes<Deps> own{api.router, access.deps, "tests"};
        own.get<Seen>("/stream", see)
            .scope("events:read")
            .for_people()
            .takes_ticket()
            .query<SeenQuery>();
        own.get<Seen>("/seen", see).scope("messages:read").for_people();
        own.post<SendTo, Seen>("/send", send)
            .scope("messages:send")
            .for_pages()
            .for_people("messages:send_addressed")
            .fails_with({Errc::forbidden, Errc::invalid_phone_number});
        api.authenticator = &access.authenticator;
    }
    ~Node() { access.passwords.close(); }

    static Task<net::Reply> see(Deps&, Caller const& caller, net::Request const&)
    {
        co_return net::ok(Seen{caller.person, caller.workspace});
    }
    static Task<net::Reply> send(Deps& deps, Caller const& caller, net::Request const& request)
    {
        auto const to = people::parse_address(request.body_as<SendTo>().to.value);
        co_await deps.database.write(
            caller.workspace, [&](db::Tx& tx) { require_may_send_to(tx, caller, to); });
        co_return net::ok(Seen{caller.person, caller.workspace});
    }

    Metrics metrics;
    Assembly access;
    workspaces::Deps tenants;
    people::Deps people_deps;
    testing::Api api;
};

class AccessWorld : public testing::World {
protected:
    static net::Pairs bearer(std::string const& token)
    {
        return {{"authorization", "Bearer " + token}};
    }
    static net::Pairs bearer_in(std::string const& token, std::string const& workspace)
    {
        return {{"authorization", "Bearer " + token}, {"hermod-workspace", workspace}};
    }

    testing::Answer sign_up(std::string const& email = "ana@example.com")
    {
        auto answer = api.post("/api/v1/auth/register",
            R"({"email":")" + email
                + R"(","password":"correct horse","name":"Ana","workspace_name":"Shop"})");
        EXPECT_EQ(answer.status, 201) << json_to_text(answer.body);
        return answer;
    }
    testing::Answer log_in(
        std::string const& password, std::string const& email = "ana@example.com")
    {
        return api.post("/api/v1/auth/login",
            R"({"email":")" + email + R"(","password":")" + password + R"("})");
    }
    testing::Answer new_key(net::Pairs const& as, std::string const& rest)
    {
        return api.post("/api/v1/api_keys", R"({"name":"Robot",)" + rest + '}', as);
    }
    testing::Answer refresh(std::string const& token, net::Pairs headers = {})
    {
        return api.post(
            "/api/v1/auth/refresh", R"({"refresh_token":")" + token + R"("})", std::move(headers));
    }
    /// A second member, as an invitation will make one; signed in.
    testing::Answer join(
        WorkspaceId const& workspace, Role role, std::string const& email = "bo@example.com")
    {
        auto const login = *LoginId::parse(sign_up(email).text("login/id"));
        clock.advance(seconds{1});
        write(workspace, [&](db::Tx& tx) {
            auto const address = people::parse_address(people::AddressKind::email, email);
            auto const person = people::create_member(tx, login, role, "Bo", address);
            workspaces::add_membership(tx, login, person, role);
        });
        return log_in("correct horse", email);
    }

    std::int64_t count(std::string_view sql)
    {
        return run(db.system().read(
            [&](db::GlobalTx const& tx) { return tx.one<std::int64_t>(sql).value_or(-1); }));
    }
    /// What the audit log says was done, newest first; what was done at one instant in any order.
    std::vector<std::string> actions(net::Pairs const& as)
    {
        std::vector<std::string> names;
        for (auto const& entry : api.get("/api/v1/audit_log", as).body.at("data").get_array())
            names.emplace_back(entry.at("action").get_string());
        return names;
    }

    Keyring keyring{Keyring::parse("k1:" + std::string(64, '1'))};
    Node node{db, clock, io, keyring};
    Assembly& access{node.access};
    testing::Api& api{node.api};
};

}
