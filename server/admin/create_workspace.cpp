#include "access/access.hpp"
#include "admin/commands.hpp"
#include "admin/opened_database.hpp"

#include <fmt/format.h>

#include <istream>
#include <ostream>

namespace hermod::admin {

/// As the API would take it: the same limits, the same errors.
template <class T>
static T checked(T command)
{
    auto result = read_json<T>(to_json(command));
    if (!result)
        throw Problem{result.error()};
    return *std::move(result);
}

void create_workspace(
    app::Config const& config, WorkspaceRequest const& request, std::istream& in, std::ostream& out)
{
    std::string password;
    std::getline(in, password);
    auto const command = checked(access::Register{
        .email = {request.email},
        .password = {password},
        .name = {request.name},
        .workspace_name = {request.workspace},
    });
    OpenedDatabase opened{config};
    access::PasswordThread passwords{opened.clock()};
    auto const made =
        opened.run(access::create_workspace_with_owner(opened.database(), passwords, command));
    passwords.close();
    out << fmt::format(
        "{} (login {}, person {})\n", made.workspace.str(), made.login.str(), made.owner.str());
}

void create_api_key(app::Config const& config, ApiKeyRequest const& request, std::ostream& out)
{
    auto const workspace = WorkspaceId::parse(request.workspace);
    if (!workspace)
        throw Problem{Errc::workspace_not_found};
    access::CreateApiKey command;
    command.name = {request.name};
    command.environment.value =
        request.test ? access::Environment::test : access::Environment::live;
    for (auto const& scope : request.scopes)
        command.scopes.items.push_back({scope});
    command = checked(std::move(command));
    OpenedDatabase opened{config};
    auto const issued =
        opened.run(access::create_api_key_for(opened.database(), *workspace, command));
    out << issued.key.value() << '\n';
}

}
