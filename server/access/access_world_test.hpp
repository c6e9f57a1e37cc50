#pragma once

#include "access/assembly.hpp"
#include "net/router.hpp"
#include "testing/api.hpp"
#include "testing/world.hpp"

#include <string>

/// For the tests of this folder: its routes behind its own authenticator.
namespace hermod::access {

class AccessWorld : public testing::World {
protected:
    AccessWorld()
    {
        add_routes(api.router, access.deps);
        workspaces::add_routes(api.router, tenants);
        people::add_routes(api.router, people_deps);
        api.authenticator = &access.authenticator;
    }
    ~AccessWorld() override { access.passwords.close(); }

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

    std::int64_t count(std::string_view sql)
    {
        return run(db.system().read(
            [&](db::GlobalTx const& tx) { return tx.one<std::int64_t>(sql).value_or(-1); }));
    }

    Keyring keyring{Keyring::parse("k1:" + std::string(64, '1'))};
    Assembly access{db, clock, keyring};
    workspaces::Deps tenants{db};
    people::Deps people_deps{db};
    testing::Api api{clock, metrics, io};
};

}
