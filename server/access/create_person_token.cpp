#include "access/idempotency.hpp"
#include "access/person_tokens.hpp"

namespace hermod::access {

bool may_have_token(people::PersonRow const& person)
{
    return person.kind == people::PersonKind::user || person.kind == people::PersonKind::contact;
}

static void require_eligible(db::Tx const& tx, PersonId const& id)
{
    if (!may_have_token(people::require_person(tx, id)))
        throw Problem{Errc::forbidden, "members sign in, and bots have their API key"};
}

static std::string without_token(IssuedPersonToken const& issued)
{
    auto copy = issued;
    copy.token.reset();
    return to_json(copy);
}

Task<IssuedPersonToken> create_person_token(
    Deps& deps, Caller const& caller, PersonId const& id, CreatePersonToken const& command)
{
    auto const now = deps.clock.now();
    // A token's times are whole seconds.
    auto const expires_at = Timestamp::from_s(now.unix_s() + command.expires_in.value.value);
    IssuedPersonToken const issued{deps.signer.sign(PersonToken{caller.workspace, id, expires_at,
                                                        command.addressed_sends.value, caller.test},
                                       now),
        expires_at};
    // The token is nobody's row: without an Idempotency-Key nothing is written.
    if (caller.idempotency)
        co_return co_await write_once(
            deps.database, caller, 201,
            [&](db::Tx& tx) {
                require_eligible(tx, id);
                return issued;
            },
            without_token);
    co_await deps.database.read(
        caller.workspace, [&](db::Tx const& tx) { require_eligible(tx, id); });
    co_return issued;
}

}
