#include "net/http_head.hpp"

#include "net/uri.hpp"

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <algorithm>
#include <cstring>

namespace hermod::net {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::iequals;

HeadScanner::State HeadScanner::scan(std::string_view bytes)
{
    while (seen_ < bytes.size()) {
        auto const* const found =
            static_cast<char const*>(std::memchr(bytes.data() + seen_, '\n', bytes.size() - seen_));
        if (!found) {
            seen_ = bytes.size();
            return State::incomplete;
        }
        auto const end = static_cast<std::size_t>(found - bytes.data());
        if (end == line_ || bytes[end - 1] != '\r')
            return State::malformed;
        if (line_ > 0 && (bytes[line_] == ' ' || bytes[line_] == '\t'))
            return State::malformed;
        auto const empty = end == line_ + 1;
        line_ = seen_ = end + 1;
        if (empty)
            return State::complete;
    }
    return State::incomplete;
}

bool is_host(std::string_view host)
{
    return !host.empty() && host.size() <= 300 && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
            || std::string_view{"-._~:[]%"}.find(c) != std::string_view::npos;
    });
}

namespace {

void assign_lower(std::string& out, std::string_view name)
{
    out.resize(name.size());
    std::ranges::transform(name, out.begin(),
        [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
}

bool is_target(std::string_view target)
{
    return std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
}

/// Fields that say one thing: with two of them, which one counts depends on the reader.
bool says_one_thing(http::field field)
{
    switch (field) {
    case http::field::authorization:
    case http::field::content_length:
    case http::field::content_type:
    case http::field::expect:
    case http::field::host:
    case http::field::transfer_encoding:
        return true;
    default:
        return false;
    }
}

/// Beast's parser, with the Request as its only store: no field container in between.
class HeadParser final : public http::basic_parser<true> {
public:
    HeadParser(Request& request, HeadLimits const& limits) : request_(request), limits_(limits)
    {
        skip(true);
        header_limit(static_cast<std::uint32_t>(limits.bytes));
    }

    std::expected<Head, Problem> finish(error_code ec);

private:
    void on_request_impl(http::verb method, boost::beast::string_view, boost::beast::string_view,
        int version, error_code& ec) override;
    void on_field_impl(http::field field, boost::beast::string_view name,
        boost::beast::string_view value, error_code& ec) override;
    void on_header_impl(error_code& ec) override { ec = {}; }
    void on_finish_impl(error_code& ec) override { ec = {}; }
    void on_response_impl(int, boost::beast::string_view, int, error_code&) override { }
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override { }
    std::size_t on_body_impl(boost::beast::string_view, error_code&) override { return 0; }
    void on_chunk_header_impl(std::uint64_t, boost::beast::string_view, error_code&) override { }
    std::size_t on_chunk_body_impl(std::uint64_t, boost::beast::string_view, error_code&) override
    {
        return 0;
    }

    void set_method(http::verb method);
    void set_target(std::string_view target);
    void read_field(http::field field, std::string_view value);
    void read_length(std::string_view value);
    void refuse(Errc code, std::string_view detail)
    {
        if (!problem_)
            problem_ = Problem{code, std::string{detail}};
    }

    Request& request_;
    HeadLimits const& limits_;
    Head head_;
    std::optional<Problem> problem_;
    std::size_t fields_ = 0;
    bool has_host_ = false;
    bool has_length_ = false;
};

void HeadParser::set_method(http::verb method)
{
    switch (method) {
    case http::verb::get:
        request_.method = Method::get;
        return;
    case http::verb::post:
        request_.method = Method::post;
        return;
    case http::verb::put:
        request_.method = Method::put;
        return;
    case http::verb::patch:
        request_.method = Method::patch;
        return;
    case http::verb::delete_:
        request_.method = Method::del;
        return;
    case http::verb::head:
        request_.method = Method::get;
        head_.kind = Head::Kind::head;
        return;
    case http::verb::options:
        request_.method = Method::get;
        head_.kind = Head::Kind::options;
        return;
    default:
        refuse(Errc::method_not_allowed, "no route takes this method");
    }
}

void HeadParser::set_target(std::string_view target)
{
    if (target.size() > limits_.target)
        return refuse(Errc::uri_too_long, {});
    auto const whole_server = head_.kind == Head::Kind::options && target == "*";
    if ((!target.starts_with('/') && !whole_server) || !is_target(target))
        return refuse(Errc::malformed_request, "the request target must be a path");
    auto const question = std::min(target.find('?'), target.size());
    request_.path.assign(target.substr(0, question));
    request_.query.clear();
    thread_local std::string decoded;
    decoded.clear();
    if (request_.path.find('%') != std::string::npos && !percent_decode(decoded, request_.path))
        return refuse(Errc::malformed_request, "the path is not valid");
    if (question < target.size()
        && !parse_query_string(request_.query, target.substr(question + 1)))
        return refuse(Errc::malformed_request, "the query is not valid");
}

void HeadParser::on_request_impl(http::verb method, boost::beast::string_view,
    boost::beast::string_view target, int version, error_code& ec)
{
    head_.http_1_0 = version == 10;
    if (version != 10 && version != 11)
        refuse(Errc::malformed_request, "this server speaks HTTP/1.1");
    else
        set_method(method);
    if (!problem_)
        set_target({target.data(), target.size()});
    if (problem_)
        ec = http::error::bad_target;
}

void HeadParser::read_length(std::string_view value)
{
    auto const [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), head_.content_length);
    if (error != std::errc{} || end != value.data() + value.size())
        return refuse(Errc::malformed_request, "the content length is not valid");
    has_length_ = true;
}

void HeadParser::read_field(http::field field, std::string_view value)
{
    switch (field) {
    case http::field::host:
        has_host_ = true;
        if (!is_host(value))
            refuse(Errc::malformed_request, "the Host header is not valid");
        return;
    case http::field::content_length:
        return read_length(value);
    case http::field::transfer_encoding:
        head_.chunked = true;
        if (!iequals(value, "chunked") || head_.http_1_0)
            refuse(Errc::malformed_request, "the transfer encoding is not supported");
        return;
    case http::field::expect:
        head_.expects_continue = true;
        if (!iequals(value, "100-continue"))
            refuse(Errc::expectation_failed, "only 100-continue can be expected");
        return;
    default:
        return;
    }
}

void HeadParser::on_field_impl(http::field field, boost::beast::string_view name,
    boost::beast::string_view value, error_code& ec)
{
    auto& headers = request_.headers;
    if (fields_ == limits_.fields)
        refuse(Errc::headers_too_large, "there are too many headers");
    if (says_one_thing(field)) {
        auto const known =
            std::find_if(headers.begin(), headers.begin() + static_cast<std::ptrdiff_t>(fields_),
                [&](auto const& header) { return iequals(header.first, name); });
        if (known != headers.begin() + static_cast<std::ptrdiff_t>(fields_))
            refuse(Errc::malformed_request, "a header that says one thing is given twice");
    }
    if (!problem_)
        read_field(field, {value.data(), value.size()});
    if (problem_) {
        ec = http::error::bad_field;
        return;
    }
    auto& header = fields_ < headers.size() ? headers[fields_] : headers.emplace_back();
    ++fields_;
    assign_lower(header.first, {name.data(), name.size()});
    header.second.assign(value.data(), value.size());
}

std::expected<Head, Problem> HeadParser::finish(error_code ec)
{
    request_.headers.resize(fields_);
    if (problem_)
        return std::unexpected(*std::move(problem_));
    if (ec == http::error::header_limit)
        return std::unexpected(Problem{Errc::headers_too_large});
    if (ec)
        return std::unexpected(Problem{Errc::malformed_request, ec.message()});
    if (!has_host_ && !head_.http_1_0)
        return std::unexpected(Problem{Errc::malformed_request, "the Host header is missing"});
    if (has_length_ && head_.chunked)
        return std::unexpected(
            Problem{Errc::malformed_request, "the body has both a length and an encoding"});
    head_.close = head_.http_1_0 || !keep_alive();
    head_.expects_continue = head_.expects_continue && head_.has_body() && !head_.http_1_0;
    return head_;
}

}

std::expected<Head, Problem> parse_head(
    std::string_view head, Request& request, HeadLimits const& limits)
{
    HeadParser parser{request, limits};
    error_code ec;
    auto const used = parser.put(boost::asio::const_buffer{head.data(), head.size()}, ec);
    // The scanner saw the end of the head here; a parser that sees another one is not trusted.
    if (!ec && (used != head.size() || !parser.is_header_done()))
        ec = http::error::bad_field;
    return parser.finish(ec);
}

ChunkedBody::State ChunkedBody::read_size(char c)
{
    auto const digit = c >= '0' && c <= '9' ? c - '0'
        : c >= 'a' && c <= 'f'              ? c - 'a' + 10
        : c >= 'A' && c <= 'F'              ? c - 'A' + 10
                                            : -1;
    if (digit >= 0) {
        // 15 digits cannot overflow and are more than any body may have.
        if (++digits_ > 15)
            return State::malformed;
        left_ = left_ * 16 + static_cast<std::uint64_t>(digit);
        return State::more;
    }
    if (digits_ == 0)
        return State::malformed;
    if (c == ';')
        part_ = Part::extension;
    else if (c == '\r')
        part_ = Part::size_end;
    else
        return State::malformed;
    return State::more;
}

ChunkedBody::State ChunkedBody::read_trailer(char c)
{
    if (c == '\r') {
        part_ = empty_line_ ? Part::last : Part::trailer_end;
        return State::more;
    }
    // The first byte of a line that goes on the one before would be a space.
    if (c == '\n' || c == '\0' || (empty_line_ && (c == ' ' || c == '\t')))
        return State::malformed;
    empty_line_ = false;
    return State::more;
}

ChunkedBody::State ChunkedBody::step(char c)
{
    auto const expect = [&](char wanted, Part next) {
        part_ = next;
        return c == wanted ? State::more : State::malformed;
    };
    switch (part_) {
    case Part::size:
        return read_size(c);
    case Part::extension:
        if (c == '\r')
            part_ = Part::size_end;
        return c == '\n' || c == '\0' ? State::malformed : State::more;
    case Part::size_end:
        digits_ = 0;
        empty_line_ = true;
        return expect('\n', left_ > 0 ? Part::data : Part::trailer);
    case Part::data_cr:
        return expect('\r', Part::data_end);
    case Part::data_end:
        return expect('\n', Part::size);
    case Part::trailer:
        return read_trailer(c);
    case Part::trailer_end:
        empty_line_ = true;
        return expect('\n', Part::trailer);
    case Part::last:
        return c == '\n' ? State::done : State::malformed;
    case Part::data:
        break;
    }
    return State::malformed;
}

ChunkedBody::State ChunkedBody::feed(std::string_view bytes, std::string& body, std::size_t& used)
{
    used = 0;
    while (used < bytes.size()) {
        if (part_ == Part::data) {
            auto const length =
                static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - used));
            body.append(bytes, used, length);
            taken_ += length;
            used += length;
            left_ -= length;
            if (left_ == 0)
                part_ = Part::data_cr;
            continue;
        }
        if (++overhead_ > max_overhead + 8 * taken_)
            return State::malformed;
        auto const state = step(bytes[used]);
        ++used;
        if (state != State::more)
            return state;
        if (part_ == Part::data && left_ > max_body_ - std::min(max_body_, taken_))
            return State::too_large;
    }
    return State::more;
}

}
