#include "access/store.hpp"

namespace hermod::access {

Task<std::vector<ApiKey>> list_api_keys(Deps& deps, Caller const& caller)
{
    co_return co_await deps.database.read(caller.workspace, [](db::Tx const& tx) {
        std::vector<ApiKey> keys;
        for (auto const& row : store::list_api_keys(tx))
            keys.push_back(store::to_view(row, tx.now()));
        return keys;
    });
}

}
