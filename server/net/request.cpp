#include "net/request.hpp"

#include "base/crypto.hpp"

#include <algorithm>

namespace hermod::net {

static constexpr std::size_t max_cursor_length = 1024;
static constexpr std::size_t max_cursor_fields = 16;

std::string_view Request::header(std::string_view name) const
{
    for (auto const& [key, value] : headers)
        if (key == name)
            return value;
    return {};
}

std::string_view Request::host() const
{
    return forwarded_host.empty() ? header("host") : std::string_view{forwarded_host};
}

std::string const& Request::path_value(std::string_view name) const
{
    auto const found = std::ranges::find(path_values, name, &Pairs::value_type::first);
    HERMOD_CHECK(found != path_values.end());
    return found->second;
}

Reply no_content()
{
    return {204, {}, {}, {}};
}

static void append_field_errors(std::string& out, std::vector<FieldError> const& fields)
{
    out.push_back('[');
    for (auto const& [field, message] : fields) {
        if (out.back() != '[')
            out.push_back(',');
        out += "{\"field\":";
        append_json_string(out, field);
        out += ",\"message\":";
        append_json_string(out, message);
        out.push_back('}');
    }
    out.push_back(']');
}

static constexpr int busy_retry_after_s = 1;

Reply problem_reply(Problem const& problem, std::string_view request_id)
{
    auto const& about = info(problem.code);
    Reply reply{about.status, "application/problem+json", {}, {}};
    auto& out = reply.body;
    out.append("{\"type\":\"/docs#error-").append(about.name).append("\",\"title\":");
    append_json_string(out, about.title);
    out += ",\"status\":";
    append_integer(out, about.status);
    out.append(",\"code\":\"").append(about.name).append("\"");
    // What broke on our side is for the log; the client can do nothing with it.
    if (!problem.detail.empty() && about.status < 500) {
        out += ",\"detail\":";
        append_json_string(out, problem.detail);
    }
    out += ",\"errors\":";
    append_field_errors(out, problem.fields);
    out += ",\"request_id\":";
    append_json_string(out, request_id);
    out.push_back('}');
    // What is down or full for now is worth another try soon.
    auto const wait = problem.retry_after_s ? problem.retry_after_s
        : about.status == 503               ? std::optional{busy_retry_after_s}
                                            : std::nullopt;
    if (wait)
        reply.headers.emplace_back("Retry-After", std::to_string(*wait));
    return reply;
}

// Each field as `<length>:<bytes>`, so that a field may hold anything.
std::string encode_cursor(std::vector<std::string> const& fields)
{
    std::string plain;
    for (auto const& field : fields) {
        append_integer(plain, static_cast<std::int64_t>(field.size()));
        plain.append(":").append(field);
    }
    return to_base64url(plain);
}

std::optional<std::vector<std::string>> decode_cursor(std::string_view cursor)
{
    if (cursor.size() > max_cursor_length)
        return std::nullopt;
    auto const plain = from_base64url(cursor);
    if (!plain)
        return std::nullopt;
    std::vector<std::string> fields;
    std::string_view rest = *plain;
    while (!rest.empty()) {
        std::size_t length = 0;
        auto const [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
        auto const digits = static_cast<std::size_t>(end - rest.data());
        if (error != std::errc{} || digits == rest.size() || *end != ':'
            || length > rest.size() - digits - 1 || fields.size() == max_cursor_fields)
            return std::nullopt;
        fields.emplace_back(rest.substr(digits + 1, length));
        rest.remove_prefix(digits + 1 + length);
    }
    return fields;
}

}
