#pragma once

#include "base/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {

struct Mailbox {
    std::string address; ///< checked by is_mail_address
    std::string name{}; ///< any UTF-8; empty: none
};

/// What becomes a message of RFC 5322 with MIME. The same fields give the same bytes, so every try
/// of a message is one message.
struct MailMessage {
    Mailbox from;
    Mailbox to;
    std::string subject;
    std::string message_id; ///< without angle brackets
    std::optional<std::string> in_reply_to{}; ///< likewise
    std::vector<std::string> references{}; ///< likewise, oldest first
    Timestamp date;
    std::string text; ///< UTF-8
    std::optional<std::string> html{};
};

/// CRLF lines of at most 998 bytes, all ASCII. Whatever a field holds, it cannot end its line: line
/// breaks and control characters in header fields become spaces, the rest is encoded (RFC 2047).
std::string to_mime(MailMessage const& message);

/// An address we are ready to put between `<` and `>`: one `@`, a domain, no blanks, quotes, angle
/// brackets or control characters, at most 254 bytes.
bool is_mail_address(std::string_view text);
/// `left@right` of printable ASCII without angle brackets or blanks.
bool is_message_id(std::string_view text);

std::string to_rfc5322_date(Timestamp time);
/// One header field, folded at 78 columns; `text` is unstructured UTF-8.
std::string unstructured_header(std::string_view name, std::string_view text);
std::string quoted_printable(std::string_view text);

}
