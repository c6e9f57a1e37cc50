#pragma once

#include "base/codec.hpp"
#include "db/tx.hpp"
#include "net/caller.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::workspaces {

/// One fact of an audited act; never a secret.
struct AuditDetail {
    std::string name;
    std::string value;
};
BOOST_DESCRIBE_STRUCT(AuditDetail, (), (name, value))
FieldTexts field_texts(AuditDetail const*);

/// `app_user`: a person by their own token. `operator`: who runs the server, by its command line.
enum class AuditActorKind { member, api_key, app_user, server_operator };
BOOST_DESCRIBE_ENUM(AuditActorKind, member, api_key, app_user, server_operator)

/// Writes down who did what, in the transaction that does it: every administrative act calls this.
/// `action` is `<thing>.<past participle>`; `target` the id of what was acted on.
void audit(db::Tx& tx, Caller const& caller, std::string_view action, std::string const& target,
    std::vector<AuditDetail> const& details = {});

/// At most `limit` of the oldest entries from before `before`; how many went.
std::int64_t delete_old_audit(db::Tx& tx, Timestamp before, std::int64_t limit);

}
