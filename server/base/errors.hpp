#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hermod {

/// Every way a request can end other than well: code, HTTP status, title. The code is the stable
/// name a client branches on; api/errors.json and the TypeScript union are generated from here.
#define HERMOD_ERRORS(X)                                                                           \
    X(malformed_json, 400, "The request body is not JSON")                                         \
    X(malformed_request, 400, "The request is not valid HTTP")                                     \
    X(invalid_query, 400, "A query parameter is not valid")                                        \
    X(invalid_cursor, 400, "The cursor is not valid")                                              \
    X(invalid_body, 422, "A field of the request body is not valid")                               \
    X(unauthenticated, 401, "The request has no valid credentials")                                \
    X(invalid_credentials, 401, "The e-mail address or the password is wrong")                     \
    X(forbidden, 403, "The caller may not do this")                                                \
    X(missing_scope, 403, "The credentials lack a scope this route needs")                         \
    X(csrf_refused, 403, "A request with the session cookie must prove where it comes from")       \
    X(origin_refused, 403, "The key is not for pages of this origin")                              \
    X(test_key_refused, 403, "A test key reaches sandbox accounts only")                           \
    X(workspace_required, 400, "The caller has several workspaces and must name one")              \
    X(route_not_found, 404, "There is no such route")                                              \
    X(workspace_not_found, 404, "There is no such workspace")                                      \
    X(person_not_found, 404, "There is no such person")                                            \
    X(address_not_found, 404, "There is no such address")                                          \
    X(attribute_not_found, 404, "There is no such attribute")                                      \
    X(import_not_found, 404, "There is no such import")                                            \
    X(account_not_found, 404, "There is no such account")                                          \
    X(conversation_not_found, 404, "There is no such conversation")                                \
    X(participant_not_found, 404, "There is no such participant")                                  \
    X(message_not_found, 404, "There is no such message")                                          \
    X(job_not_found, 404, "There is no such job")                                                  \
    X(webhook_not_found, 404, "There is no such webhook")                                          \
    X(delivery_not_found, 404, "There is no such delivery")                                        \
    X(api_key_not_found, 404, "There is no such API key")                                          \
    X(session_not_found, 404, "There is no such session")                                          \
    X(method_not_allowed, 405, "The route does not take this method")                              \
    X(request_timeout, 408, "The request did not arrive in time")                                  \
    X(email_taken, 409, "The e-mail address is already registered")                                \
    X(address_taken, 409, "The address belongs to another person")                                 \
    X(external_id_taken, 409, "The external id belongs to another person")                         \
    X(last_owner, 409, "A workspace keeps at least one owner")                                     \
    X(not_resendable, 409, "The message is not in a state from which it can be resent")            \
    X(not_retriable, 409, "It is not in a state from which it can be retried")                     \
    X(webhook_disabled, 409, "The webhook is disabled")                                            \
    X(not_editable, 409, "The resource can no longer be changed")                                  \
    X(not_mergeable, 409, "These two people cannot be merged, or not be told apart")               \
    X(not_merged, 409, "The person is not merged into this one")                                   \
    X(merge_in_progress, 409, "A merge of this person is still moving conversations; try again")   \
    X(cursor_expired, 410, "The cursor is older than what is kept, or from another epoch")         \
    X(body_too_large, 413, "The request body is too large")                                        \
    X(uri_too_long, 414, "The request target is too long")                                         \
    X(unsupported_media_type, 415, "The request body has a type this route does not take")         \
    X(expectation_failed, 417, "The server does not do what the Expect header asks")               \
    X(idempotency_key_reused, 422, "The key was used before with another request")                 \
    X(client_id_reused, 422, "The client id was used before with another message")                 \
    X(unknown_connector, 422, "There is no such connector")                                        \
    X(no_account, 422, "No account of the workspace can reach this address")                       \
    X(unsupported_content, 422, "The connector cannot carry this content")                         \
    X(recipient_unreachable, 422, "The recipient has no address this account can reach")           \
    X(invalid_phone_number, 422, "The phone number is not possible")                               \
    X(invalid_email, 422, "The e-mail address is not valid")                                       \
    X(limit_reached, 422, "A limit of the workspace is reached")                                   \
    X(rate_limited, 429, "Too many requests")                                                      \
    X(headers_too_large, 431, "The request headers are too large")                                 \
    X(internal, 500, "Something went wrong on our side")                                           \
    X(overloaded, 503, "The server is too busy; try again")                                        \
    X(storage_unavailable, 503, "The database cannot be reached or is full")                       \
    X(draining, 503, "The server is shutting down")                                                \
    X(address_blocked, 422, "The address is in a network that may not be reached")

enum class Errc : std::uint8_t {
#define HERMOD_ERROR(code, status, title) code,
    HERMOD_ERRORS(HERMOD_ERROR)
#undef HERMOD_ERROR
};

struct ErrorInfo {
    Errc code;
    int status;
    std::string_view name;
    std::string_view title;
};

ErrorInfo const& info(Errc code);
std::span<ErrorInfo const> error_table();

/// What is wrong with one field; `field` is a path such as `to.phone` or `participants[2].role`.
struct FieldError {
    std::string field;
    std::string message;
};

/// Ends the request. The client sees the code's title, `detail` and the fields; `detail` therefore
/// never holds a secret or another tenant's data.
class Problem : public std::exception {
public:
    explicit Problem(Errc code, std::string detail = {}, std::vector<FieldError> fields = {})
        : code(code), detail(std::move(detail)), fields(std::move(fields))
    {
    }

    char const* what() const noexcept override;

    Errc code;
    std::string detail;
    std::vector<FieldError> fields;
    std::optional<int> retry_after_s{};
};

/// A broken invariant is a bug that must not go on: prints the message and aborts.
[[noreturn]] void check_failed(char const* condition, char const* file, int line);
#define HERMOD_CHECK(condition)                                                                    \
    ((condition) ? void() : ::hermod::check_failed(#condition, __FILE__, __LINE__))

}
