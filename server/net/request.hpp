#pragma once

#include "base/codec.hpp"
#include "base/errors.hpp"
#include "base/task.hpp"

#include <any>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hermod::net {

enum class Method { get, post, put, patch, del };
BOOST_DESCRIBE_ENUM(Method, get, post, put, patch, del)

/// The code a route answers when a path names an id that is not there, or not one at all.
template <class IdType>
constexpr Errc not_found_code();
template <>
constexpr Errc not_found_code<WorkspaceId>()
{
    return Errc::workspace_not_found;
}
template <>
constexpr Errc not_found_code<PersonId>()
{
    return Errc::person_not_found;
}
template <>
constexpr Errc not_found_code<AddressId>()
{
    return Errc::address_not_found;
}
template <>
constexpr Errc not_found_code<ImportId>()
{
    return Errc::import_not_found;
}
template <>
constexpr Errc not_found_code<AccountId>()
{
    return Errc::account_not_found;
}
template <>
constexpr Errc not_found_code<ConversationId>()
{
    return Errc::conversation_not_found;
}
template <>
constexpr Errc not_found_code<MessageId>()
{
    return Errc::message_not_found;
}
template <>
constexpr Errc not_found_code<JobId>()
{
    return Errc::job_not_found;
}
template <>
constexpr Errc not_found_code<WebhookId>()
{
    return Errc::webhook_not_found;
}
template <>
constexpr Errc not_found_code<DeliveryId>()
{
    return Errc::delivery_not_found;
}
template <>
constexpr Errc not_found_code<KeyId>()
{
    return Errc::api_key_not_found;
}
template <>
constexpr Errc not_found_code<SessionId>()
{
    return Errc::session_not_found;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The body of a request whose route takes it piece by piece. Nothing is read from the client
/// before it is asked for, so that a slow taker slows the client down.
class BodyReader {
public:
    /// The next piece, good until the next call; empty: the body has ended. Throws the Problem of a
    /// body that is too large, malformed, too slow or left unfinished; the handler lets it pass.
    virtual Task<std::string_view> read() = 0;

protected:
    ~BodyReader() = default;
};

/// Where an answer goes that is made piece by piece.
class BodyWriter {
public:
    /// Returns once the network has taken the piece: a slow reader slows its maker down. False: the
    /// client is gone, and the rest need not be made.
    virtual Task<bool> write(std::string_view piece) = 0;

protected:
    ~BodyWriter() = default;
};

/// One parsed request. Header names are lower case; `path` is as sent, the values in the path and
/// the query are percent-decoded.
struct Request {
    Method method = Method::get;
    std::string path;
    Pairs query;
    Pairs headers;
    std::string body;
    BodyReader* stream = nullptr; ///< instead of `body`, where the route takes a stream
    /// The client's, textual, without port: behind a trusted proxy the one that proxy names.
    std::string remote_address;
    bool secure = false; ///< it came over TLS, to us or to a trusted proxy
    std::string forwarded_host; ///< what a trusted proxy says the client asked for
    std::string request_id;
    Pairs path_values; ///< set by the router
    std::any parsed_body; ///< set by the router: the In of the route
    std::any parsed_query; ///< set by the router: the query struct of the route

    std::string_view header(std::string_view name) const; ///< empty where there is none
    /// The host, with its port where there is one, that the client meant to reach.
    std::string_view host() const;

    /// The id in the path; 404 with the code of its kind where it is not one.
    template <class IdType>
    IdType path_id(std::string_view name) const
    {
        auto const id = IdType::parse(path_value(name));
        if (!id)
            throw Problem{not_found_code<IdType>()};
        return *id;
    }
    std::string const& path_value(std::string_view name) const;

    /// What the router parsed before it called the handler; asking for another type is a bug.
    template <class T>
    T const& body_as() const
    {
        return std::any_cast<T const&>(parsed_body);
    }
    template <class T>
    T const& query_as() const
    {
        return std::any_cast<T const&>(parsed_query);
    }
};

struct Reply {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    Pairs headers;
    /// Instead of `body`: called once the head is written, writes the body piece by piece. What it
    /// throws ends the connection amid the answer, so that no one takes a part for the whole.
    std::move_only_function<Task<void>(BodyWriter&)> stream{};
    std::optional<std::uint64_t> length{}; ///< of the stream, where it is known
};

template <class T>
Reply reply(int status, T const& value)
{
    return {status, "application/json", to_json(value), {}};
}
template <class T>
Reply ok(T const& value)
{
    return reply(200, value);
}
template <class T>
Reply created(T const& value)
{
    return reply(201, value);
}
template <class T>
Reply accepted(T const& value)
{
    return reply(202, value);
}
Reply no_content();
/// `application/problem+json` (RFC 9457).
Reply problem_reply(Problem const& problem, std::string_view request_id);

/// One page of a list; `next` is the cursor of the one after it.
template <class T>
struct Page {
    std::vector<T> data;
    std::optional<std::string> next;
};

/// An opaque list cursor made of plain fields, and back; nothing where it is not ours.
std::string encode_cursor(std::vector<std::string> const& fields);
std::optional<std::vector<std::string>> decode_cursor(std::string_view cursor);

using PageLimit = Or<Int<1, 200>, std::int64_t{50}>;

}

namespace hermod {

template <class T>
struct Codec<net::Page<T>> {
    static void write(std::string& out, net::Page<T> const& page)
    {
        out += "{\"data\":";
        Codec<std::vector<T>>::write(out, page.data);
        out += ",\"next\":";
        Codec<std::optional<std::string>>::write(out, page.next);
        out.push_back('}');
    }
    static json::object schema(Schemas& schemas)
    {
        static constexpr FieldText texts[] = {
            {"data", "This page's part of the list"},
            {"next", "Give it as `cursor` to get the next page; null on the last one"},
        };
        return schemas.define_object(std::string{type_name<T>()} + "Page",
            {{"data", Codec<std::vector<T>>::schema(schemas)},
                {"next", Codec<std::optional<std::string>>::schema(schemas)}},
            {"data", "next"}, texts);
    }
};

}
