#include "base/errors.hpp"
#include "net/smtp_dialogue.hpp"
#include "net/smtp_message.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

using namespace hermod;
using namespace hermod::net;

/// The input cut at each NUL.
static std::vector<std::string> fields_of(std::string_view text)
{
    std::vector<std::string> fields(8);
    for (auto& field : fields) {
        auto const end = text.find('\0');
        field = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return fields;
}

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/// Lines of printable ASCII, short enough; above the first empty one only our own header fields.
static void check_mime(std::string_view mime)
{
    static constexpr std::string_view ours[] = {"Date", "From", "To", "Subject", "Message-ID",
        "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
    bool in_header = true;
    std::size_t headers = 0;
    while (!mime.empty()) {
        auto const end = mime.find("\r\n");
        HERMOD_CHECK(end != std::string_view::npos);
        auto const line = mime.substr(0, end);
        mime.remove_prefix(end + 2);
        HERMOD_CHECK(line.size() <= 998);
        for (auto const c : line)
            HERMOD_CHECK(c == '\t' || (c >= ' ' && c <= '~'));
        if (line.empty())
            in_header = false;
        if (!in_header || line.starts_with(' '))
            continue;
        std::size_t length = 0;
        while (length < line.size() && is_name_character(line[length]))
            ++length;
        bool known = false;
        for (auto const name : ours)
            known |= name == line.substr(0, length);
        HERMOD_CHECK(known && length < line.size() && line[length] == ':');
        ++headers;
    }
    HERMOD_CHECK(!in_header && headers <= std::size(ours));
}

static void check_dialogue(std::vector<std::string> const& lines)
{
    SmtpScript script;
    bool client = false;
    for (auto const& line : lines) {
        client ? script.client_says(line) : script.server_says(line);
        client = !client;
    }
    auto const before = script.outcome("lost");
    HERMOD_CHECK(before.result != SmtpResult::sent && before.result != SmtpResult::unknown);
    script.text_ended();
    HERMOD_CHECK(script.outcome("lost").result == SmtpResult::unknown);
    for (auto const& line : lines)
        script.server_says(line);
    for (auto const c : script.outcome("lost").detail)
        HERMOD_CHECK(c >= ' ' && c <= '~');
}

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const fields = fields_of({reinterpret_cast<char const*>(data), size});
    MailMessage mail{.from = {"shop@example.com", fields[0]},
        .to = {"ana@example.com", fields[1]},
        .subject = fields[2],
        .message_id = "msg_1@example.com",
        .in_reply_to = fields[3],
        .references = {fields[4], fields[3]},
        .date = Timestamp::from_s(1'800'000'000),
        .text = fields[5]};
    if (!fields[6].empty())
        mail.html = fields[6];
    check_mime(to_mime(mail));
    check_dialogue(fields);
    (void)is_mail_address(fields[7]);
    return 0;
}
