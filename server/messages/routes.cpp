#include "base/errors.hpp"
#include "messages/messages.hpp"
#include "net/router.hpp"

#include <algorithm>

namespace hermod::messages {

/// `?wait=` of an addressed send.
struct SendQuery {
    Or<Int<0, 30>, std::int64_t{0}> wait; ///< seconds to hold the answer until it was sent
};
BOOST_DESCRIBE_STRUCT(SendQuery, (), (wait))

static FieldTexts field_texts(SendQuery const*)
{
    static constexpr auto texts = describe<SendQuery>({
        {"wait",
            "Seconds to hold the answer until the message was sent or has failed; without it "
            "the answer comes at once, `queued`"},
    });
    return texts;
}

static MessageId message_of(net::Request const& request)
{
    return request.path_id<MessageId>("message_id");
}

static ConversationId conversation_of(net::Request const& request)
{
    return request.path_id<ConversationId>("conversation_id");
}

static Task<net::Reply> post_message(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<SendMessage>();
    co_return net::created(co_await send_message(deps, caller, conversation_of(request), command));
}

static Task<net::Reply> post_addressed(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const wait = std::chrono::seconds{request.query_as<SendQuery>().wait.value.value};
    auto const deadline = deps.clock.now() + wait;
    auto message = co_await send_addressed(deps, caller, request.body_as<SendAddressed>());
    if (wait > std::chrono::seconds{0})
        message = co_await wait_until_settled(deps, caller, std::move(message), deadline);
    co_return net::accepted(message);
}

static Task<net::Reply> get_messages(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& query = request.query_as<ListMessages>();
    co_return net::ok(co_await list_messages(deps, caller, conversation_of(request), query));
}

static Task<net::Reply> get_log(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await list_message_log(deps, caller, request.query_as<ListMessageLog>()));
}

static Task<net::Reply> get_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await get_message(deps, caller, message_of(request)));
}

static Task<net::Reply> get_attempts(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await list_attempts(deps, caller, message_of(request)));
}

static Task<net::Reply> post_resend(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::accepted(co_await resend_message(deps, caller, message_of(request)));
}

static Task<net::Reply> patch_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<EditMessage>();
    co_return net::ok(co_await edit_message(deps, caller, message_of(request), command));
}

static Task<net::Reply> delete_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_await delete_message(deps, caller, message_of(request));
    co_return net::no_content();
}

static Task<net::Reply> get_edits(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await list_edits(deps, caller, message_of(request)));
}

static Emoji emoji_of(net::Request const& request)
{
    Emoji emoji{request.path_value("emoji")};
    auto const length = count_code_points(emoji.value);
    auto const bad = [](unsigned char c) { return c <= ' ' || c == 0x7f; };
    if (!length || *length < 1 || *length > 64 || std::ranges::any_of(emoji.value, bad))
        throw Problem{Errc::invalid_body, {},
            {{"emoji", "must be 1 to 64 characters, without spaces or control characters"}}};
    return emoji;
}

static Task<net::Reply> put_reaction(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await add_reaction(deps, caller, message_of(request), emoji_of(request)));
}

static Task<net::Reply> delete_reaction(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(
        co_await remove_reaction(deps, caller, message_of(request), emoji_of(request)));
}

static Task<net::Reply> put_pin(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await pin_message(deps, caller, message_of(request), true));
}

static Task<net::Reply> delete_pin(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await pin_message(deps, caller, message_of(request), false));
}

static Task<net::Reply> post_forward(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<ForwardMessage>();
    co_return net::created(co_await forward_message(deps, caller, message_of(request), command));
}

static Task<net::Reply> get_changes(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& query = request.query_as<ChangesQuery>();
    co_return net::ok(co_await list_changes(deps, caller, conversation_of(request), query));
}

static void add_send_routes(net::FeatureRoutes<Deps>& routes)
{
    routes
        .post<SendMessage, Message>(
            "/api/v1/conversations/{conversation_id}/messages", post_message)
        .scope("messages:send")
        .for_people()
        .status(201)
        .summary("Send a message to a conversation")
        .fails_with({Errc::conversation_not_found, Errc::person_not_found,
            Errc::participant_not_found, Errc::message_not_found, Errc::account_not_found,
            Errc::client_id_reused, Errc::unsupported_content, Errc::recipient_unreachable,
            Errc::unknown_connector, Errc::forbidden});
    routes.post<SendAddressed, Message>("/api/v1/messages", post_addressed)
        .query<SendQuery>()
        .scope("messages:send")
        .for_pages()
        .for_people("messages:send_addressed")
        .status(202)
        .summary("Send a message to an address")
        .describe("Finds or makes the person and the conversation. With wait, answers when the "
                  "message was sent or has failed, or after that many seconds.")
        .fails_with({Errc::person_not_found, Errc::account_not_found, Errc::message_not_found,
            Errc::invalid_phone_number, Errc::invalid_email, Errc::client_id_reused,
            Errc::unsupported_content, Errc::recipient_unreachable, Errc::unknown_connector,
            Errc::no_account, Errc::forbidden});
    routes.post<ForwardMessage, Message>("/api/v1/messages/{message_id}/forward", post_forward)
        .scope("messages:send")
        .for_people()
        .status(201)
        .summary("Forward a message to another conversation")
        .fails_with({Errc::message_not_found, Errc::conversation_not_found, Errc::not_editable,
            Errc::account_not_found, Errc::client_id_reused, Errc::unsupported_content,
            Errc::recipient_unreachable, Errc::unknown_connector, Errc::forbidden});
    routes.post<net::Nothing, Message>("/api/v1/messages/{message_id}/resend", post_resend)
        .scope("messages:send")
        .status(202)
        .summary("Try a failed message again")
        .fails_with({Errc::message_not_found, Errc::not_resendable, Errc::account_not_found});
}

static void add_change_routes(net::FeatureRoutes<Deps>& routes)
{
    static constexpr auto one = "/api/v1/messages/{message_id}";
    static constexpr auto reaction = "/api/v1/messages/{message_id}/reactions/{emoji}";
    static constexpr auto pin = "/api/v1/messages/{message_id}/pin";
    routes.patch<EditMessage, Message>(one, patch_one)
        .scope("messages:send")
        .for_people()
        .summary("Edit a message")
        .describe("By its author, or a key with messages:send_as. What it said before is kept. A "
                  "message of an account can be edited while it waits to be sent.")
        .fails_with({Errc::message_not_found, Errc::forbidden, Errc::not_editable,
            Errc::limit_reached, Errc::unsupported_content, Errc::participant_not_found,
            Errc::account_not_found, Errc::unknown_connector});
    routes.del(one, delete_one)
        .scope("messages:send")
        .for_people()
        .summary("Delete a message")
        .describe("Leaves a tombstone in its place; its content goes, in the log too. A message "
                  "that waits to be sent is not sent.")
        .fails_with({Errc::message_not_found, Errc::forbidden, Errc::not_editable});
    routes.put<net::Nothing, Message>(reaction, put_reaction)
        .scope("messages:send")
        .for_people()
        .summary("React to a message")
        .fails_with({Errc::message_not_found, Errc::not_editable, Errc::unsupported_content,
            Errc::limit_reached, Errc::invalid_body});
    routes.del<Message>(reaction, delete_reaction)
        .scope("messages:send")
        .for_people()
        .summary("Take a reaction back")
        .fails_with({Errc::message_not_found, Errc::not_editable, Errc::unsupported_content,
            Errc::invalid_body});
    routes.put<net::Nothing, Message>(pin, put_pin)
        .scope("messages:send")
        .for_people()
        .summary("Pin a message in its conversation")
        .fails_with({Errc::message_not_found, Errc::not_editable, Errc::limit_reached});
    routes.del<Message>(pin, delete_pin)
        .scope("messages:send")
        .for_people()
        .summary("Unpin a message")
        .fails_with({Errc::message_not_found, Errc::not_editable});
}

static void add_catch_up_routes(net::FeatureRoutes<Deps>& routes)
{
    routes.get<net::Page<Edit>>("/api/v1/messages/{message_id}/edits", get_edits)
        .scope("messages:read")
        .for_people()
        .summary("List what an edited message said before")
        .fails_with({Errc::message_not_found});
    routes.get<Changes>("/api/v1/conversations/{conversation_id}/changes", get_changes)
        .query<ChangesQuery>()
        .scope("messages:read")
        .for_people()
        .summary("What changed in a conversation after a rev")
        .describe("Messages as they are now, with tombstones, reactions and statuses; ask again "
                  "with the answer's rev while there is more.")
        .fails_with({Errc::conversation_not_found, Errc::cursor_expired});
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "messages"};
    document_content(router);
    add_send_routes(routes);
    add_change_routes(routes);
    add_catch_up_routes(routes);
    routes.get<net::Page<Message>>("/api/v1/conversations/{conversation_id}/messages", get_messages)
        .query<ListMessages>()
        .scope("messages:read")
        .for_people()
        .summary("List a conversation's messages, newest first, or after a seq")
        .fails_with({Errc::conversation_not_found, Errc::invalid_cursor});
    routes.get<net::Page<Message>>("/api/v1/messages", get_log)
        .query<ListMessageLog>()
        .scope("messages:read")
        .summary("List what crossed the accounts, newest first")
        .fails_with({Errc::invalid_cursor});
    routes.get<Message>("/api/v1/messages/{message_id}", get_one)
        .scope("messages:read")
        .for_people()
        .summary("Get a message")
        .fails_with({Errc::message_not_found});
    routes.get<net::Page<Attempt>>("/api/v1/messages/{message_id}/attempts", get_attempts)
        .scope("messages:read")
        .summary("List the tries of an outgoing message")
        .fails_with({Errc::message_not_found});
}

}
