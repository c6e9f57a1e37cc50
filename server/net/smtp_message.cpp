#include "net/smtp_message.hpp"

#include "base/crypto.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace hermod::net {

static constexpr std::size_t fold_at = 78;
static constexpr std::size_t longest_line = 900; ///< well below the 998 of RFC 5322
static constexpr std::size_t encoded_bytes = 39; ///< 52 characters of base64, 12 around, the name

static bool is_ascii(std::string_view text)
{
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

static bool is_blank_or_control(char c)
{
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
}

/// Line breaks and other control characters become blanks: a header field cannot end early.
static std::string to_one_line(std::string_view text)
{
    std::string line{text};
    std::ranges::replace_if(
        line, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, ' ');
    return line;
}

/// At most `limit` bytes of `text`, not ending amid a character.
static std::size_t whole_characters(std::string_view text, std::size_t limit)
{
    if (text.size() <= limit)
        return text.size();
    auto end = limit;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;
    return end == 0 ? limit : end;
}

/// Encoded words of RFC 2047, one a line.
static std::string encoded_words(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        auto const length = whole_characters(text, encoded_bytes);
        if (!out.empty())
            out += "\r\n ";
        out += "=?UTF-8?B?" + to_base64(text.substr(0, length)) + "?=";
        text.remove_prefix(length);
    }
    return out;
}

/// Breaks at blanks; every blank stays, as RFC 5322 takes the break away again.
static std::string fold(std::string_view name, std::string_view text)
{
    std::string out{name};
    out += ": ";
    auto column = out.size();
    while (!text.empty()) {
        auto const blanks = std::min(text.find_first_not_of(' '), text.size());
        auto const end = std::min(text.find(' ', blanks), text.size());
        auto const has_word = end > blanks;
        if (blanks > 0 && has_word && column + end > fold_at) {
            out += "\r\n";
            column = 0;
        }
        out += text.substr(0, end);
        column += end;
        text.remove_prefix(end);
    }
    return out + "\r\n";
}

static bool has_long_word(std::string_view text)
{
    std::size_t length = 0;
    for (auto const c : text) {
        length = c == ' ' ? 0 : length + 1;
        if (length > fold_at)
            return true;
    }
    return false;
}

std::string unstructured_header(std::string_view name, std::string_view text)
{
    auto line = to_one_line(text);
    while (line.ends_with(' '))
        line.pop_back();
    // `=?` would be read as an encoded word, and a word without end cannot be folded.
    auto const plain = is_ascii(line) && line.find("=?") == std::string::npos
        && !has_long_word(line) && !line.starts_with(' ') && line.size() <= longest_line;
    if (plain)
        return fold(name, line);
    return std::string{name} + ": " + encoded_words(line) + "\r\n";
}

static std::string display_name(std::string_view name)
{
    auto const line = to_one_line(name);
    if (!is_ascii(line) || line.find("=?") != std::string::npos || line.size() > 60)
        return encoded_words(line);
    std::string quoted = "\"";
    for (auto const c : line) {
        if (c == '"' || c == '\\')
            quoted += '\\';
        quoted += c;
    }
    return quoted + "\"";
}

static std::string mailbox_header(std::string_view name, Mailbox const& mailbox)
{
    if (mailbox.name.empty())
        return std::string{name} + ": " + mailbox.address + "\r\n";
    return std::string{name} + ": " + display_name(mailbox.name) + "\r\n <" + mailbox.address
        + ">\r\n";
}

bool is_mail_address(std::string_view text)
{
    static constexpr std::string_view forbidden = "<>()[]\\,;:\"";
    auto const at = text.find('@');
    return text.size() <= 254 && at != std::string_view::npos && at > 0 && at <= 64
        && at + 1 < text.size() && text.find('@', at + 1) == std::string_view::npos
        && text.find_first_of(forbidden) == std::string_view::npos
        && std::ranges::none_of(text, is_blank_or_control);
}

bool is_message_id(std::string_view text)
{
    auto const at = text.find('@');
    return text.size() <= 250 && at != std::string_view::npos && at > 0 && at + 1 < text.size()
        && std::ranges::all_of(
            text, [](char c) { return c > ' ' && c < '\x7f' && c != '<' && c != '>'; });
}

std::string to_rfc5322_date(Timestamp time)
{
    static constexpr std::array<char const*, 7> days{
        "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<char const*, 12> months{
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    using namespace std::chrono;
    sys_seconds const moment{seconds{time.unix_s()}};
    auto const day = floor<std::chrono::days>(moment);
    year_month_day const date{day};
    hh_mm_ss const clock{moment - day};
    char text[64];
    std::snprintf(text, sizeof text, "%s, %02u %s %04d %02d:%02d:%02d +0000",
        days[weekday{day}.c_encoding()], unsigned{date.day()}, months[unsigned{date.month()} - 1],
        int{date.year()}, static_cast<int>(clock.hours().count()),
        static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
    return text;
}

/// One line of text in lines of at most 76 characters, the soft breaks included.
static void append_quoted_line(std::string& out, std::string_view line)
{
    static constexpr char hex[] = "0123456789ABCDEF";
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        auto const c = static_cast<unsigned char>(line[i]);
        auto const is_last = i + 1 == line.size();
        auto const blank = c == ' ' || c == '\t';
        // A dot or `From ` at the start of a line has a meaning of its own on the way.
        auto const risky = column == 0 && (c == '.' || c == 'F');
        auto const plain =
            ((c > ' ' && c < 0x7f && c != '=') || blank) && !(blank && is_last) && !risky;
        auto const width = plain ? std::size_t{1} : std::size_t{3};
        if (column + width > (is_last ? 76 : 75)) {
            out += "=\r\n";
            column = 0;
            --i; // again: what begins a line is written differently
            continue;
        }
        if (plain) {
            out += static_cast<char>(c);
        } else {
            out += '=';
            out += hex[c >> 4];
            out += hex[c & 15];
        }
        column += width;
    }
    out += "\r\n";
}

std::string quoted_printable(std::string_view text)
{
    std::string out;
    out.reserve(text.size() + text.size() / 8 + 2);
    while (!text.empty()) {
        auto const end = std::min(text.find_first_of("\r\n"), text.size());
        append_quoted_line(out, text.substr(0, end));
        auto const pair = text.substr(end).starts_with("\r\n");
        text.remove_prefix(std::min(end + (pair ? 2 : 1), text.size()));
    }
    return out;
}

static std::string part(std::string_view type, std::string_view text)
{
    return "Content-Type: " + std::string{type}
    + "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + quoted_printable(text);
}

static std::string body_of(MailMessage const& message)
{
    if (!message.html)
        return part("text/plain", message.text);
    // `=_` cannot occur in quoted-printable text, so no part holds the boundary; and the same
    // message has the same one on every try.
    auto const boundary = "=_" + to_hex(sha256(message.message_id)).substr(0, 32);
    return "Content-Type: multipart/alternative;\r\n boundary=\"" + boundary + "\"\r\n\r\n--"
        + boundary + "\r\n" + part("text/plain", message.text) + "--" + boundary + "\r\n"
        + part("text/html", *message.html) + "--" + boundary + "--\r\n";
}

std::string to_mime(MailMessage const& message)
{
    auto out = "Date: " + to_rfc5322_date(message.date) + "\r\n";
    out += mailbox_header("From", message.from);
    out += mailbox_header("To", message.to);
    if (!message.subject.empty())
        out += unstructured_header("Subject", message.subject);
    out += "Message-ID: <" + message.message_id + ">\r\n";
    if (message.in_reply_to && is_message_id(*message.in_reply_to))
        out += "In-Reply-To: <" + *message.in_reply_to + ">\r\n";
    std::string references;
    for (auto const& id : message.references) {
        if (is_message_id(id))
            references += (references.empty() ? "References: <" : "\r\n <") + id + ">";
    }
    if (!references.empty())
        out += references + "\r\n";
    out += "MIME-Version: 1.0\r\n";
    return out + body_of(message);
}

}
