#include "net/http_transfer.hpp"

#include "base/text.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace hermod::net {

static constexpr std::size_t max_header_bytes = 64 * 1024;
/// Shorter than the idle time of usual servers, so that a kept connection is seldom found closed.
static constexpr long kept_connection_s = 30;

static std::optional<IpAddress> address_in(sockaddr const* address)
{
    if (address->sa_family == AF_INET) {
        sockaddr_in peer{};
        std::memcpy(&peer, address, sizeof peer);
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(bytes.data(), &peer.sin_addr, bytes.size());
        return IpAddress::v4(bytes);
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 peer{};
        std::memcpy(&peer, address, sizeof peer);
        std::array<std::uint8_t, 16> bytes{};
        std::memcpy(bytes.data(), &peer.sin6_addr, bytes.size());
        return IpAddress::v6(bytes);
    }
    return std::nullopt;
}

curl_socket_t GuardedSockets::open(void* self, curlsocktype purpose, curl_sockaddr* address)
{
    auto& sockets = *static_cast<GuardedSockets*>(self);
    auto const peer = address_in(&address->addr);
    if (purpose != CURLSOCKTYPE_IPCXN || !peer || !sockets.guard.allows(*peer)) {
        sockets.refused_one = true;
        return CURL_SOCKET_BAD;
    }
    sockets.opened_one = true;
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void set_guarded_options(
    CURL* easy, GuardedSockets& sockets, char const* protocols, std::string const& ca_file)
{
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    // Without it a slow resolver would hold up the thread when a request is given up.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &GuardedSockets::open);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, &sockets);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!ca_file.empty())
        curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file.c_str());
}

HttpTransfer::HttpTransfer(
    AddressGuard const& guard, HttpClientOptions const& options, HttpRequest const& request)
    : sockets_{guard}, options_(options), request_(request)
{
}

static bool is_token(std::string_view text)
{
    static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
            || others.find(c) != std::string_view::npos;
    });
}

std::optional<std::string> HttpTransfer::wrong_header() const
{
    static constexpr std::string_view ours[] = {
        "content-length", "transfer-encoding", "host", "connection", "expect", "upgrade"};
    for (auto const& [name, value] : request_.headers) {
        auto const lower = to_lower(name);
        auto const printable = std::ranges::all_of(value, [](char c) {
            return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
        });
        if (!is_token(name) || !printable || std::ranges::find(ours, lower) != std::end(ours))
            return name;
    }
    return std::nullopt;
}

std::optional<HttpError> HttpTransfer::prepare()
{
    auto const vetted = sockets_.guard.vet(request_.url, {UrlRules::Kind::http, false});
    if (!vetted) {
        auto const blocked = vetted.error().blocked;
        return HttpError{blocked ? HttpFailure::blocked_address : HttpFailure::invalid_request,
            false, "the URL " + vetted.error().message};
    }
    if (!is_token(request_.method))
        return HttpError{HttpFailure::invalid_request, false, "the method is not one"};
    if (auto const name = wrong_header())
        return HttpError{HttpFailure::invalid_request, false, "the header is not allowed"};

    init_curl();
    easy_.reset(curl_easy_init());
    if (!easy_)
        throw std::bad_alloc{};
    url_ = vetted->str();
    curl_easy_setopt(easy(), CURLOPT_URL, url_.c_str());
    curl_easy_setopt(easy(), CURLOPT_ERRORBUFFER, error_);
    set_guarded_options(easy(), sockets_, "http,https", options_.ca_file);
    set_method();
    set_headers();
    set_limits();
    return std::nullopt;
}

void HttpTransfer::set_method()
{
    auto const& method = request_.method;
    if (method == "HEAD") {
        curl_easy_setopt(easy(), CURLOPT_NOBODY, 1L);
    } else if (!request_.body.empty() || method == "POST" || method == "PUT" || method == "PATCH") {
        curl_easy_setopt(easy(), CURLOPT_POST, 1L);
        curl_easy_setopt(
            easy(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        curl_easy_setopt(easy(), CURLOPT_POSTFIELDS, request_.body.c_str());
        curl_easy_setopt(easy(), CURLOPT_CUSTOMREQUEST, method.c_str());
    } else {
        curl_easy_setopt(easy(), CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy(), CURLOPT_CUSTOMREQUEST, method.c_str());
    }
}

void HttpTransfer::set_headers()
{
    auto has_type = false;
    auto has_agent = false;
    for (auto const& [name, value] : request_.headers) {
        has_type |= to_lower(name) == "content-type";
        has_agent |= to_lower(name) == "user-agent";
        // `Name;` is how libcurl takes a header without a value.
        append(headers_, value.empty() ? name + ";" : name + ": " + value);
    }
    append(headers_, "Expect:");
    if (!has_type)
        append(headers_, "Content-Type:");
    if (!has_agent)
        curl_easy_setopt(easy(), CURLOPT_USERAGENT, "Hermod/1");
    curl_easy_setopt(easy(), CURLOPT_HTTPHEADER, headers_.get());
    for (auto const& line : options_.resolve)
        append(resolve_, line);
    curl_easy_setopt(easy(), CURLOPT_RESOLVE, resolve_.get());
}

void HttpTransfer::set_limits()
{
    auto* const handle = easy();
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(handle, CURLOPT_MAXAGE_CONN, kept_connection_s);
    curl_easy_setopt(
        handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.connect_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request_.total_timeout.count()));
    curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, &HttpTransfer::on_prerequest);
    curl_easy_setopt(handle, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
}

/// Called each time the request is about to go out. A second time means that a kept connection died
/// under the first try, and libcurl would repeat it: the peer may have acted on the first.
int HttpTransfer::on_prerequest(void* self, char* peer, char*, int, int)
{
    auto& transfer = *static_cast<HttpTransfer*>(self);
    auto const address = IpAddress::parse(peer);
    if (!address || !transfer.sockets_.guard.allows(*address)) {
        transfer.blocked_ = true;
        return CURL_PREREQFUNC_ABORT;
    }
    auto const& method = transfer.request_.method;
    auto const may_repeat = transfer.request_.repeatable || method == "GET" || method == "HEAD"
        || method == "PUT" || method == "DELETE";
    if (transfer.tries_ > 0 && !may_repeat)
        return CURL_PREREQFUNC_ABORT;
    ++transfer.tries_;
    return CURL_PREREQFUNC_OK;
}

std::size_t HttpTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self)
{
    auto const length = size * count;
    auto const good = static_cast<HttpTransfer*>(self)->add_header({data, length});
    return good ? length : length + 1; // any other count than its own ends the transfer
}

bool HttpTransfer::add_header(std::string_view line)
{
    header_bytes_ += line.size();
    if (header_bytes_ > max_header_bytes) {
        too_large_ = true;
        return false;
    }
    if (line.starts_with("HTTP/")) { // after an interim answer comes another
        response_.headers.clear();
        return true;
    }
    auto const colon = line.find(':');
    if (colon != std::string_view::npos)
        response_.headers.emplace_back(
            to_lower(trim(line.substr(0, colon))), std::string{trim(line.substr(colon + 1))});
    return true;
}

std::size_t HttpTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self)
{
    auto& transfer = *static_cast<HttpTransfer*>(self);
    auto& body = transfer.response_.body;
    auto const length = size * count;
    auto const room = transfer.request_.max_response_bytes - body.size();
    body.append(data, std::min(length, room));
    if (length <= room)
        return length;
    transfer.response_.body_was_cut = transfer.request_.cut_response;
    transfer.too_large_ = !transfer.request_.cut_response;
    return length + 1;
}

HttpOutcome HttpTransfer::outcome(CURLcode code)
{
    long status = 0;
    curl_easy_getinfo(easy(), CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK && !response_.body_was_cut)
        return std::unexpected(failure(code));
    if (status < 200)
        return std::unexpected(HttpError{HttpFailure::protocol, true, "no HTTP answer came"});
    long connections = 0;
    curl_easy_getinfo(easy(), CURLINFO_NUM_CONNECTS, &connections);
    response_.status = static_cast<int>(status);
    response_.connection_was_reused = connections == 0;
    response_.timings = timings();
    return std::move(response_);
}

static HttpFailure failure_of(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return HttpFailure::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
        return HttpFailure::connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_ISSUER_ERROR:
        return HttpFailure::tls;
    case CURLE_OPERATION_TIMEDOUT:
        return HttpFailure::timeout;
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_PARTIAL_FILE:
    case CURLE_ABORTED_BY_CALLBACK:
        return HttpFailure::closed;
    case CURLE_URL_MALFORMAT:
        return HttpFailure::invalid_request;
    default:
        return HttpFailure::protocol;
    }
}

HttpError HttpTransfer::failure(CURLcode code) const
{
    auto const arrived = tries_ > 0;
    if (blocked_ || (code == CURLE_COULDNT_CONNECT && sockets_.blocked()))
        return {HttpFailure::blocked_address, arrived, "the host is in a private network"};
    if (too_large_)
        return {HttpFailure::too_large, arrived, "the answer is too large"};
    auto const failure = failure_of(code);
    // What went wrong with TLS only the longer text tells; the others might tell an address.
    auto const* const text =
        failure == HttpFailure::tls && error_[0] != '\0' ? error_ : curl_easy_strerror(code);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return {failure, arrived, "the kept connection closed before the answer came"};
    return {failure, arrived, text};
}

HttpTimings HttpTransfer::timings() const
{
    auto const read = [this](CURLINFO what) {
        curl_off_t us = 0;
        curl_easy_getinfo(easy(), what, &us);
        return std::chrono::microseconds{us};
    };
    auto const dns = read(CURLINFO_NAMELOOKUP_TIME_T);
    auto const connected = read(CURLINFO_CONNECT_TIME_T);
    auto const secured = read(CURLINFO_APPCONNECT_TIME_T);
    std::chrono::microseconds const none{0};
    return {dns, std::max(connected - dns, none), std::max(secured - connected, none),
        read(CURLINFO_STARTTRANSFER_TIME_T), read(CURLINFO_TOTAL_TIME_T)};
}

}
