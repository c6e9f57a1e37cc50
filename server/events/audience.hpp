#pragma once

#include "db/tx.hpp"
#include "events/catalogue.hpp"
#include "events/store.hpp"
#include "net/caller.hpp"

#include <optional>

namespace hermod::events {

/// What the audience must know of conversations. Implemented in conversations/, passed in by app/.
class Membership {
public:
    struct Standing {
        bool external; ///< seen by every member whose role reads conversations
        std::optional<std::int64_t> joined_offset; ///< none: not a participant
    };

    virtual ~Membership() = default;
    virtual Standing standing(
        db::Tx const& tx, ConversationId const& conversation, PersonId const& person) const = 0;
    /// Whether the line is about no account, or one that a test key reaches.
    virtual bool test_key_sees(db::Tx const& tx, Line const& line) const = 0;
};

/// Who sees what, for every way of reading the log: an API key what its scopes give; a person the
/// events of their conversations from where they joined and those that name them, also after
/// leaving; a member also external conversations, as the role gives. Of accounts, a test key sees
/// the sandbox's alone.
class Audience {
public:
    Audience(Catalogue const& catalogue, Membership const& membership)
        : catalogue_(catalogue), membership_(membership)
    {
    }

    /// Needs no database for a caller whose answer does not depend on conversations.
    bool needs_membership(Caller const& caller) const
    {
        return caller.kind != Caller::Kind::api_key || caller.test;
    }
    bool sees_type(Caller const& caller, std::string_view type) const;
    bool sees(db::Tx const& tx, Caller const& caller, Line const& line) const;

private:
    Catalogue const& catalogue_;
    Membership const& membership_;
};

}
