#include "access/idempotency.hpp"
#include "conversations/conversations.hpp"
#include "net/router.hpp"

namespace hermod::conversations {

static Task<net::Reply> post_conversation(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<CreateConversation>();
    co_return net::created(co_await access::write_once(deps.db, caller, 201,
        [&](db::Tx& tx) { return create_conversation(tx, deps.connectors, caller, command); }));
}

static Task<net::Reply> get_conversations(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(
        co_await list_conversations(deps, caller, request.query_as<ListConversations>()));
}

static ConversationId conversation_of(net::Request const& request)
{
    return request.path_id<ConversationId>("conversation_id");
}

static Task<net::Reply> get_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await get_conversation(deps, caller, conversation_of(request)));
}

static Task<net::Reply> patch_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<UpdateConversation>();
    co_return net::ok(
        co_await update_conversation(deps, caller, conversation_of(request), command));
}

static Task<net::Reply> delete_one(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_await delete_conversation(deps, caller, conversation_of(request));
    co_return net::no_content();
}

static Task<net::Reply> patch_own_view(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<UpdateOwnView>();
    co_return net::ok(co_await update_own_view(deps, caller, conversation_of(request), command));
}

static Task<net::Reply> post_read(Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<MarkRead>();
    co_return net::ok(co_await mark_read(deps, caller, conversation_of(request), command));
}

static Task<net::Reply> get_sync(Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await sync(deps, caller, request.query_as<SyncQuery>()));
}

static Task<net::Reply> get_participants(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    co_return net::ok(co_await list_participants(deps, caller, conversation_of(request)));
}

static Task<net::Reply> put_participant(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const& command = request.body_as<SetParticipant>();
    auto const person = request.path_id<PersonId>("person_id");
    co_return net::ok(
        co_await set_participant(deps, caller, conversation_of(request), person, command));
}

static Task<net::Reply> delete_participant(
    Deps& deps, Caller const& caller, net::Request const& request)
{
    auto const person = request.path_id<PersonId>("person_id");
    co_await remove_participant(deps, caller, conversation_of(request), person);
    co_return net::no_content();
}

static void add_participant_routes(net::FeatureRoutes<Deps>& routes)
{
    static constexpr auto list = "/api/v1/conversations/{conversation_id}/participants";
    static constexpr auto one = "/api/v1/conversations/{conversation_id}/participants/{person_id}";
    routes.get<net::Page<Participant>>(list, get_participants)
        .scope("conversations:read")
        .for_people()
        .summary("List who is in a conversation")
        .fails_with({Errc::conversation_not_found});
    routes.put<SetParticipant, Participant>(one, put_participant)
        .scope("conversations:write")
        .for_people()
        .summary("Add a person to a conversation, or change their role")
        .fails_with({Errc::conversation_not_found, Errc::person_not_found, Errc::forbidden,
            Errc::not_editable, Errc::limit_reached});
    routes.del(one, delete_participant)
        .scope("conversations:write")
        .for_people()
        .summary("Remove a person from a conversation, or leave it")
        .fails_with({Errc::conversation_not_found, Errc::person_not_found,
            Errc::participant_not_found, Errc::forbidden, Errc::not_editable});
}

static void add_reader_routes(net::FeatureRoutes<Deps>& routes)
{
    routes.post<MarkRead, Receipt>("/api/v1/conversations/{conversation_id}/read", post_read)
        .scope("conversations:read")
        .for_people()
        .summary("Say up to which message you have read or received")
        .describe("Cursors go forward only. They are written at most once a second: a request "
                  "that comes sooner is answered with the next.")
        .fails_with({Errc::conversation_not_found, Errc::participant_not_found});
    routes
        .patch<UpdateOwnView, Conversation>(
            "/api/v1/conversations/{conversation_id}/me", patch_own_view)
        .scope("conversations:read")
        .for_people()
        .summary("Mute, archive, pin or mark a conversation as unread, for yourself")
        .fails_with({Errc::conversation_not_found, Errc::participant_not_found});
    routes.get<Synced>("/api/v1/sync", get_sync)
        .query<SyncQuery>()
        .scope("conversations:read")
        .for_people()
        .summary("What changed since a cursor, by conversation")
        .describe("Then GET /conversations/{conversation_id}/changes brings each of them up to "
                  "date. Without a cursor all conversations are told.")
        .fails_with({Errc::invalid_cursor, Errc::cursor_expired, Errc::workspace_not_found});
}

void add_routes(net::Router& router, Deps& deps)
{
    net::FeatureRoutes routes{router, deps, "conversations"};
    static constexpr auto one = "/api/v1/conversations/{conversation_id}";
    routes.post<CreateConversation, Conversation>("/api/v1/conversations", post_conversation)
        .scope("conversations:write")
        .for_people()
        .status(201)
        .summary("Open a conversation")
        .fails_with({Errc::person_not_found, Errc::account_not_found, Errc::invalid_phone_number,
            Errc::invalid_email, Errc::recipient_unreachable, Errc::forbidden});
    routes.get<net::Page<Conversation>>("/api/v1/conversations", get_conversations)
        .query<ListConversations>()
        .scope("conversations:read")
        .for_people()
        .summary("List conversations, newest activity first")
        .fails_with({Errc::invalid_cursor});
    routes.get<Conversation>(one, get_one)
        .scope("conversations:read")
        .for_people()
        .summary("Get a conversation")
        .fails_with({Errc::conversation_not_found});
    routes.patch<UpdateConversation, Conversation>(one, patch_one)
        .scope("conversations:write")
        .for_people()
        .summary("Change a conversation's title or history")
        .fails_with({Errc::conversation_not_found, Errc::forbidden, Errc::not_editable});
    routes.del(one, delete_one)
        .scope("conversations:write")
        .for_people()
        .summary("Delete a conversation")
        .fails_with({Errc::conversation_not_found, Errc::forbidden});
    add_participant_routes(routes);
    add_reader_routes(routes);
}

}
