#pragma once

namespace hermod::accounts::metric {

inline constexpr char const* accounts = "hermod_accounts";
inline constexpr char const* accounts_help =
    "Accounts of all workspaces, by connector and state, as this node last saw them";

}
