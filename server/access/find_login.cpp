#include "access/store.hpp"

namespace hermod::access {

Task<std::optional<LoginId>> find_login(db::Database& database, std::string_view email)
{
    auto const parsed = people::parse_address(people::AddressKind::email, email, "email");
    co_return co_await database.system().read([&](db::GlobalTx const& tx) {
        auto const login = store::find_login_by_email(tx, parsed.match_key);
        return login ? std::optional{login->id} : std::nullopt;
    });
}

}
