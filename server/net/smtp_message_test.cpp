#include "base/crypto.hpp"
#include "net/smtp_message.hpp"

#include <gtest/gtest.h>

namespace hermod::net {

static MailMessage message()
{
    return {.from = {"shop@example.com", "The Shop"},
        .to = {"ana@example.org"},
        .subject = "Your code",
        .message_id = "msg_1@example.com",
        .date = *parse_rfc3339("2026-11-06T08:49:37Z"),
        .text = "Hello\nworld"};
}

static std::vector<std::string> lines_of(std::string const& text)
{
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        auto const end = text.find("\r\n", at);
        EXPECT_NE(end, std::string::npos) << "a line without CRLF";
        if (end == std::string::npos)
            break;
        lines.push_back(text.substr(at, end - at));
        at = end + 2;
    }
    return lines;
}

static void expect_sound(std::string const& mime)
{
    for (auto const& line : lines_of(mime)) {
        EXPECT_LE(line.size(), 998U);
        for (auto const c : line) {
            EXPECT_TRUE(c == '\t' || (c >= ' ' && c < '\x7f')) << static_cast<int>(c) << line;
        }
    }
}

TEST(SmtpMessageTest, a_plain_message)
{
    EXPECT_EQ(to_mime(message()),
        "Date: Fri, 06 Nov 2026 08:49:37 +0000\r\n"
        "From: \"The Shop\"\r\n <shop@example.com>\r\n"
        "To: ana@example.org\r\n"
        "Subject: Your code\r\n"
        "Message-ID: <msg_1@example.com>\r\n"
        "MIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "Hello\r\nworld\r\n");
}

TEST(SmtpMessageTest, html_comes_as_an_alternative_and_every_try_is_the_same)
{
    auto mail = message();
    mail.html = "<p>Hello</p>";

    auto const mime = to_mime(mail);

    EXPECT_EQ(mime, to_mime(mail));
    EXPECT_NE(mime.find("multipart/alternative"), std::string::npos);
    EXPECT_LT(mime.find("text/plain"), mime.find("text/html"));
    EXPECT_TRUE(mime.ends_with("--\r\n"));
    expect_sound(mime);
}

TEST(SmtpMessageTest, a_reply_names_what_it_answers)
{
    auto mail = message();
    mail.in_reply_to = "b@x";
    mail.references = {"a@x", "not an id", "b@x"};

    auto const mime = to_mime(mail);

    EXPECT_NE(mime.find("\r\nIn-Reply-To: <b@x>\r\n"), std::string::npos);
    EXPECT_NE(mime.find("\r\nReferences: <a@x>\r\n <b@x>\r\n"), std::string::npos);
}

TEST(SmtpMessageTest, no_field_can_add_a_header)
{
    auto mail = message();
    mail.subject = "x\r\nBcc: evil@example.com\r\n\r\nbody";
    mail.from.name = "a\r\nBcc: evil@example.com";
    mail.in_reply_to = "a@b>\r\nBcc: evil@example.com";
    mail.references = {"a@b\r\nBcc: evil"};

    auto const mime = to_mime(mail);

    for (auto const& line : lines_of(mime))
        EXPECT_FALSE(line.starts_with("Bcc")) << mime;
    EXPECT_EQ(mime.find("\r\n\r\n"), mime.find("\r\n\r\nHello"));
    expect_sound(mime);
}

TEST(SmtpMessageTest, subjects_are_encoded_and_folded)
{
    EXPECT_EQ(unstructured_header("Subject", "Grüße"),
        "Subject: =?UTF-8?B?" + to_base64("Grüße") + "?=\r\n");
    EXPECT_EQ(unstructured_header("Subject", "=?UTF-8?B?eA==?="),
        "Subject: =?UTF-8?B?" + to_base64("=?UTF-8?B?eA==?=") + "?=\r\n");

    std::string words;
    for (int i = 0; i < 30; ++i)
        words += "word ";
    auto const folded = unstructured_header("Subject", words);
    for (auto const& line : lines_of(folded))
        EXPECT_LE(line.size(), 78U);
    EXPECT_GT(lines_of(folded).size(), 1U);

    expect_sound(unstructured_header("Subject", std::string(2000, 'x')));
    expect_sound(unstructured_header("Subject", std::string(2000, ' ')));
    expect_sound(unstructured_header("Subject", "\x80\x80\x80" + std::string(200, '\xbf')));
}

TEST(SmtpMessageTest, encoded_words_hold_whole_characters)
{
    std::string text;
    for (int i = 0; i < 50; ++i)
        text += "€"; // three bytes each

    for (auto const& line : lines_of(unstructured_header("Subject", text))) {
        EXPECT_LE(line.size(), 78U);
        auto const begin = line.find("?B?") + 3;
        auto const decoded = from_base64(line.substr(begin, line.find("?=", begin) - begin));
        ASSERT_TRUE(decoded.has_value()) << line;
        EXPECT_EQ(decoded->size() % 3, 0U);
    }
}

TEST(SmtpMessageTest, names_with_specials_are_quoted)
{
    auto mail = message();
    mail.from.name = R"(A "B" \ <c@d>, E)";

    EXPECT_NE(to_mime(mail).find("From: \"A \\\"B\\\" \\\\ <c@d>, E\"\r\n <shop@example.com>"),
        std::string::npos);
}

TEST(SmtpMessageTest, quoted_printable_keeps_what_it_is_given)
{
    struct Row {
        char const* text;
        char const* encoded;
    };
    static constexpr Row rows[] = {
        {"", ""},
        {"a", "a\r\n"},
        {"a\n", "a\r\n"},
        {"a\r\nb", "a\r\nb\r\n"},
        {"a\rb", "a\r\nb\r\n"},
        {"a\n\nb", "a\r\n\r\nb\r\n"},
        {"1=2", "1=3D2\r\n"},
        {"tail ", "tail=20\r\n"},
        {"tail\t\nx", "tail=09\r\nx\r\n"},
        {".", "=2E\r\n"},
        {"..a", "=2E.a\r\n"},
        {"From here", "=46rom here\r\n"},
        {"ü", "=C3=BC\r\n"},
    };
    for (auto const& row : rows)
        EXPECT_EQ(quoted_printable(row.text), row.encoded) << row.text;
}

TEST(SmtpMessageTest, quoted_printable_lines_are_short)
{
    for (auto const* text : {"x", "ü", ".", " ", "=", "ab "}) {
        std::string long_text;
        for (int i = 0; i < 300; ++i)
            long_text += text;
        for (auto const& line : lines_of(quoted_printable(long_text))) {
            EXPECT_LE(line.size(), 76U) << text;
            EXPECT_FALSE(line.starts_with('.')) << text;
            EXPECT_FALSE(line.ends_with(' ')) << text;
        }
    }
}

TEST(SmtpMessageTest, addresses_and_ids_that_would_break_out_are_refused)
{
    for (auto const* good : {"a@b", "a.b+c@example.com", "ü@example.com", "a'b@x.y", "x@xn--a"})
        EXPECT_TRUE(is_mail_address(good)) << good;
    for (auto const* bad : {"", "a", "@b", "a@", "a@b@c", "a b@c", "a@b>", "<a@b", "a@b\r\nRCPT",
             "a@b,c@d", "\"a\"@b", "a@[127.0.0.1]", "a\t@b"})
        EXPECT_FALSE(is_mail_address(bad)) << bad;
    EXPECT_TRUE(is_message_id("msg_1@x"));
    for (auto const* bad : {"", "x", "@x", "x@", "a b@c", "<a@b>", "a@b\r\n", "ü@x"})
        EXPECT_FALSE(is_message_id(bad)) << bad;
}

}
