#include "net/openapi.hpp"

namespace hermod::net {

static constexpr std::string_view text =
    R"md(Messaging for products: one API for every network and for chat.

## Calling

JSON in and out, names in `snake_case`, times in UTC as RFC 3339 with milliseconds. A field or parameter that is not known is refused by its name. Every answer has an `X-Request-Id`, which names the request in the server's log.

## Who calls

Send `Authorization: Bearer <token>`: an API key (`hk_live_…`, or `hk_test_…`, which reaches sandbox accounts only), or the access token of a session. An API key may come as `X-API-Key` instead. A key has scopes, and each route says which one it needs; a member may do what their role allows. Credentials that reach several workspaces name one by `Hermod-Workspace: wsp_…`. What a caller may not see does not exist (404); what it sees but may not do is 403.

## Lists

A list is `{"data": […], "next": "…"}`. Give `next` as `cursor` to get the following page; it is null on the last one. `limit` says how many there are on a page: 50 unless given, at most 200. A cursor is opaque: keep it and give it back, no more.

## Repeating a request

Every POST takes an `Idempotency-Key`, which makes a retry safe: for 24 hours the same key with the same body gets the first answer, marked `Idempotent-Replayed: true`, and does nothing again. The same key with another body is refused with `idempotency_key_reused`. Only what succeeded is remembered. A `client_id` in a message does the same, per author.

## Errors

What goes wrong is `application/problem+json` with a stable `code`; the fields and parameters that are wrong are in `errors`. 408, 429, 502, 503 and 504 are worth another try, after `Retry-After` seconds where it is given.

## Limits

Every answer to a caller tells `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`; beyond the limit it is 429 with `Retry-After`. A body has at most 1 MiB unless the route says otherwise.

## Events

Every change is one event of the workspace's log, without gaps and in order. `GET /api/v1/events?after=<cursor>&wait=25` answers as soon as there are events behind the cursor, or after 25 seconds with none; its `next` is never null and is the next `after`. `after=start` begins at the oldest event that is kept; without `after` it begins now. A cursor below what is kept is 410, `cursor_expired`: read the resources afresh and go on from now.
)md";

std::string_view conventions()
{
    return text;
}

}
