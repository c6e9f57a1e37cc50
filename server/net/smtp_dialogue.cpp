#include "net/smtp_dialogue.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>

namespace hermod::net {

static constexpr std::size_t longest_detail = 300;
static constexpr std::size_t longest_reply = 2000;

void SmtpScript::client_says(std::string_view line)
{
    if (code_ == 334) // the answer to an AUTH challenge is bare base64, whatever it looks like
        return;
    auto const verb = to_lower(line.substr(0, 4));
    if (verb == "ehlo" || verb == "helo" || verb == "star")
        phase_ = SmtpPhase::greeting;
    else if (verb == "auth")
        phase_ = SmtpPhase::auth;
    else if (verb == "mail")
        phase_ = SmtpPhase::mail_from;
    else if (verb == "rcpt")
        phase_ = SmtpPhase::recipient;
    else if (verb == "data")
        phase_ = SmtpPhase::data;
    else if (verb == "quit")
        over_ = true;
}

void SmtpScript::server_says(std::string_view line)
{
    auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (answered_ || over_ || line.size() < 3 || !std::ranges::all_of(line.substr(0, 3), is_digit))
        return;
    if (phase_ == SmtpPhase::connect)
        phase_ = SmtpPhase::greeting;
    auto const code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (code != code_ || phase_ != replied_phase_)
        words_.clear();
    code_ = code;
    replied_phase_ = phase_;
    if (words_.size() < longest_reply) {
        words_ += words_.empty() ? "" : " ";
        words_ += trim(line.size() > 4 ? line.substr(4) : std::string_view{});
    }
    // `250-` goes on, `250 ` ends.
    answered_ = phase_ == SmtpPhase::after_data && (line.size() == 3 || line[3] != '-');
}

/// `5.1.1` at the beginning of the words (RFC 3463).
static std::string enhanced_code_of(std::string_view words)
{
    auto const end = words.find_first_not_of("0123456789.");
    auto const code = words.substr(0, end);
    auto const dots = std::ranges::count(code, '.');
    auto const first = code.empty() ? ' ' : code.front();
    auto const good = dots == 2 && (first == '2' || first == '4' || first == '5')
        && code.size() <= 11 && !code.ends_with('.') && code.find("..") == std::string_view::npos;
    return good ? std::string{code} : std::string{};
}

static std::string printable(std::string_view text)
{
    std::string out;
    for (auto const c : text.substr(0, longest_detail))
        out += c >= ' ' && c < '\x7f' ? c : '?';
    return out;
}

SmtpOutcome SmtpScript::outcome(std::string_view failure) const
{
    SmtpOutcome outcome{.phase = phase_};
    auto const said_no =
        code_ >= 400 && replied_phase_ == phase_ && (phase_ != SmtpPhase::after_data || answered_);
    if (code_ != 0 && replied_phase_ == phase_) {
        outcome.code = code_;
        outcome.enhanced_code = enhanced_code_of(words_);
    }
    if (answered_ && code_ >= 200 && code_ < 300) {
        outcome.result = SmtpResult::sent;
        outcome.detail = printable(words_);
    } else if (said_no) {
        outcome.result = SmtpResult::refused;
        outcome.detail = printable(words_);
    } else {
        outcome.result = phase_ == SmtpPhase::after_data ? SmtpResult::unknown : SmtpResult::failed;
        outcome.detail = printable(failure);
    }
    return outcome;
}

SmtpDialogue::SmtpDialogue(
    AddressGuard const& guard, SmtpServer const& server, MailMessage const* message)
    : sockets_{guard}, server_(server), message_(message)
{
    init_curl();
    easy_.reset(curl_easy_init());
    if (!easy_)
        throw std::bad_alloc{};
    set_options();
    if (message_)
        set_text(*message_);
    else
        curl_easy_setopt(easy_.get(), CURLOPT_CONNECT_ONLY, 1L);
}

static long use_ssl(SmtpServer const& server)
{
    switch (server.starttls) {
    case StartTls::required:
        return CURLUSESSL_ALL;
    case StartTls::optional:
        return CURLUSESSL_TRY;
    case StartTls::never:
        return CURLUSESSL_NONE;
    }
    return CURLUSESSL_ALL;
}

void SmtpDialogue::set_options()
{
    auto* const easy = easy_.get();
    set_guarded_options(easy, sockets_, "smtp,smtps", server_.ca_file);
    auto url = server_.url.str();
    if (!server_.ehlo_name.empty())
        url += "/" + server_.ehlo_name;
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
    curl_easy_setopt(easy, CURLOPT_USE_SSL, use_ssl(server_));
    if (!server_.username.empty()) {
        curl_easy_setopt(easy, CURLOPT_USERNAME, server_.username.c_str());
        curl_easy_setopt(easy, CURLOPT_PASSWORD, server_.password.c_str());
    }
    curl_easy_setopt(
        easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(server_.connect_timeout.count()));
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(server_.total_timeout.count()));
    // What it waits for a reply while it does not give way: bounded by the whole as well.
    auto const reply_s = std::max<long>(1, static_cast<long>(server_.total_timeout.count() / 1000));
    curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, reply_s);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, &SmtpDialogue::on_debug);
    curl_easy_setopt(easy, CURLOPT_DEBUGDATA, this);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &SmtpDialogue::on_write);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, &SmtpDialogue::on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, this);
}

void SmtpDialogue::set_text(MailMessage const& message)
{
    auto* const easy = easy_.get();
    mime_ = to_mime(message);
    append(recipients_, message.to.address);
    curl_easy_setopt(easy, CURLOPT_MAIL_FROM, message.from.address.c_str());
    curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients_.get());
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &SmtpDialogue::on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, this);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(mime_.size()));
}

int SmtpDialogue::on_debug(CURL* easy, curl_infotype kind, char* data, std::size_t size, void* self)
{
    auto& dialogue = *static_cast<SmtpDialogue*>(self);
    if (kind == CURLINFO_HEADER_OUT) {
        dialogue.script_.client_says({data, size});
        // Politeness may not hold up the thread.
        if (std::string_view{data, size}.starts_with("QUIT"))
            curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, 2L);
    } else if (kind == CURLINFO_HEADER_IN)
        dialogue.script_.server_says(trim({data, size}));
    if (dialogue.script_.answered())
        dialogue.tell(dialogue.script_.outcome({}));
    return 0;
}

std::size_t SmtpDialogue::on_read(char* out, std::size_t size, std::size_t count, void* self)
{
    auto& dialogue = *static_cast<SmtpDialogue*>(self);
    auto const length = std::min(size * count, dialogue.mime_.size() - dialogue.given_);
    std::memcpy(out, dialogue.mime_.data() + dialogue.given_, length);
    dialogue.given_ += length;
    // libcurl knows the size: after these bytes it sends the end by itself.
    if (dialogue.given_ == dialogue.mime_.size())
        dialogue.script_.text_ended();
    return length;
}

std::size_t SmtpDialogue::on_write(char*, std::size_t size, std::size_t count, void*)
{
    return size * count;
}

int SmtpDialogue::on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t)
{
    return static_cast<SmtpDialogue*>(self)->stop_->load() ? 1 : 0;
}

void SmtpDialogue::tell(SmtpOutcome outcome)
{
    if (auto const* const listener = std::exchange(on_outcome_, nullptr))
        (*listener)(std::move(outcome));
}

std::string SmtpDialogue::failure_text(CURLcode code, bool stopped) const
{
    if (stopped)
        return "Hermod is shutting down";
    auto const server = server_.url.authority();
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return "the mail server " + server + " did not answer in time";
    case CURLE_USE_SSL_FAILED:
        return "the mail server " + server
            + " does not offer STARTTLS, which settings.starttls requires";
    case CURLE_WEIRD_SERVER_REPLY:
        return "the mail server " + server + " answered what is not SMTP";
    case CURLE_LOGIN_DENIED:
        return "the mail server " + server + " offers no way to sign in that Hermod knows";
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        return "the mail server " + server + " closed the connection";
    case CURLE_COULDNT_CONNECT: {
        long why = 0;
        curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &why);
        return "the mail server " + server + " cannot be reached: "
            + (why == 0 ? curl_easy_strerror(code)
                        : std::generic_category().message(static_cast<int>(why)));
    }
    default:
        // Its longer text tells why: no such host, a certificate that is too old.
        return "the mail server " + server
            + " cannot be used: " + (error_[0] != '\0' ? error_ : curl_easy_strerror(code));
    }
}

void SmtpDialogue::run(
    std::atomic<bool> const& stop, std::function<void(SmtpOutcome)> const& on_outcome)
{
    stop_ = &stop;
    on_outcome_ = &on_outcome;
    auto const code = curl_easy_perform(easy_.get());
    auto outcome = script_.outcome(failure_text(code, stop.load()));
    if (code == CURLE_OK && !message_) {
        outcome.result = SmtpResult::sent;
        outcome.detail.clear();
    } else if (code == CURLE_COULDNT_CONNECT && sockets_.blocked()) {
        outcome = {.result = SmtpResult::blocked_address,
            .detail = "the mail server " + server_.url.authority() + " is in a private network"};
    } else if ((code == CURLE_LOGIN_DENIED || code == CURLE_USE_SSL_FAILED)
        && outcome.result == SmtpResult::failed) {
        // No other try would end otherwise: somebody has to change what the account says.
        outcome.result = SmtpResult::refused;
        outcome.phase = SmtpPhase::auth;
        outcome.code = 0; // the last reply said nothing against it
        outcome.enhanced_code.clear();
    }
    tell(std::move(outcome));
}

}
