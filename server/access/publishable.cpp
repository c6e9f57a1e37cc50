#include "access/publishable.hpp"

#include "access/browser_guard.hpp"
#include "access/store.hpp"

#include <algorithm>

namespace hermod::access {

static constexpr std::int64_t day_us = 24LL * 3600 * 1'000'000;

void check_publishable(CreateApiKey& command, std::vector<FieldError>& wrong)
{
    auto& publishable = *command.publishable;
    auto const place = [](char const* list, std::size_t at) {
        return std::string{"publishable."} + list + '[' + std::to_string(at) + ']';
    };
    auto& origins = publishable.allowed_origins.items;
    for (std::size_t i = 0; i < origins.size(); ++i) {
        if (auto origin = read_origin(origins[i].value))
            origins[i].value = *std::move(origin);
        else
            wrong.push_back({place("allowed_origins", i), "must be like https://shop.example"});
    }
    auto& recipients = publishable.recipients.items;
    for (std::size_t i = 0; i < recipients.size(); ++i) {
        auto address = people::read_address(recipients[i].value, place("recipients", i));
        if (address)
            recipients[i].value = std::move(address->value);
        else
            wrong.push_back(
                {place("recipients", i), "must be a phone number or an e-mail address"});
    }
    if (command.scopes.items.size() != 1 || command.scopes.items.front().value != "messages:send")
        wrong.push_back({"scopes", "must be messages:send alone for a publishable key"});
}

static bool is_recipient(Publishable const& publishable, people::ParsedAddress const& recipient)
{
    return std::ranges::any_of(publishable.recipients.items, [&](auto const& text) {
        auto const own = people::read_address(text.value);
        return own && own->kind == recipient.kind && own->match_key == recipient.match_key;
    });
}

/// Counts one send to the recipient today, if it may have one more.
static void take_use(
    db::Tx& tx, KeyId const& key, people::ParsedAddress const& recipient, std::int64_t cap)
{
    auto const name = std::string{to_name(recipient.kind)} + ':' + recipient.match_key;
    auto const day = tx.now().us / day_us;
    auto const used = tx.one<std::int64_t>(R"sql(
        SELECT uses FROM publishable_uses
        WHERE workspace_id = $1 AND key_id = $2 AND recipient = $3 AND day = $4)sql",
        key, name, day);
    if (used.value_or(0) >= cap) {
        Problem problem{Errc::rate_limited, "this recipient had as many messages today as may be"};
        problem.retry_after_s =
            static_cast<int>(((day + 1) * day_us - tx.now().us) / 1'000'000 + 1);
        throw problem;
    }
    tx.run(R"sql(
        INSERT INTO publishable_uses (workspace_id, key_id, recipient, day, uses)
        VALUES ($1, $2, $3, $4, 1)
        ON CONFLICT (workspace_id, key_id, recipient, day)
            DO UPDATE SET uses = publishable_uses.uses + 1)sql",
        key, name, day);
}

void require_may_send_to(
    db::Tx& tx, Caller const& caller, std::optional<people::ParsedAddress> const& recipient)
{
    if (caller.kind != Caller::Kind::publishable)
        return;
    auto const publishable = store::publishable_of(store::require_api_key(tx, caller.key));
    if (!publishable || !recipient || !is_recipient(*publishable, *recipient))
        throw Problem{Errc::forbidden, "this key does not send to this recipient"};
    take_use(tx, caller.key, *recipient, publishable->daily_cap.value.value);
}

std::int64_t delete_old_uses(db::Tx& tx, std::int64_t limit)
{
    auto const today = tx.now().us / day_us;
    using Use = std::tuple<KeyId, std::string, std::int64_t>;
    auto const old = tx.all<Use>(R"sql(
        SELECT key_id, recipient, day FROM publishable_uses
        WHERE workspace_id = $1 AND day < $2 ORDER BY day LIMIT $3)sql",
        today, limit);
    for (auto const& [key, recipient, day] : old)
        tx.run(R"sql(
            DELETE FROM publishable_uses
            WHERE workspace_id = $1 AND key_id = $2 AND recipient = $3 AND day = $4)sql",
            key, recipient, day);
    return static_cast<std::int64_t>(old.size());
}

}
