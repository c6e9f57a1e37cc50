#include "db/postgres/tokens.hpp"

#include <cctype>

namespace hermod::db::postgres {

static bool starts_word(char c)
{
    return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || (c & 0x80) != 0;
}

static bool goes_on_word(char c)
{
    return starts_word(c) || std::isdigit(static_cast<unsigned char>(c)) || c == '$';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

namespace {
class Reader {
public:
    explicit Reader(std::string_view sql) : sql_(sql) { }

    std::optional<std::vector<Token>> read()
    {
        while (skip_blank() && at_ < sql_.size()) {
            if (!read_one())
                return std::nullopt;
        }
        if (failed_ || depth_ != 0)
            return std::nullopt;
        return std::move(tokens_);
    }

private:
    char peek(std::size_t ahead = 0) const
    {
        return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
    }

    void add(Token::Kind kind, std::string text)
    {
        tokens_.push_back({kind, std::move(text), depth_});
    }

    // Blanks and comments.
    bool skip_blank()
    {
        while (at_ < sql_.size()) {
            if (std::isspace(static_cast<unsigned char>(peek()))) {
                ++at_;
            } else if (peek() == '-' && peek(1) == '-') {
                at_ = std::min(sql_.find('\n', at_), sql_.size());
            } else if (peek() == '/' && peek(1) == '*') {
                auto const end = sql_.find("*/", at_ + 2);
                // A comment within a comment nests in PostgreSQL.
                if (end == sql_.npos || sql_.substr(at_ + 2, end - at_ - 2).contains("/*"))
                    return !(failed_ = true);
                at_ = end + 2;
            } else {
                return true;
            }
        }
        return true;
    }

    bool read_one()
    {
        auto const c = peek();
        if (starts_word(c))
            return read_word();
        if (c == '\'')
            return read_quoted('\'', Token::Kind::literal);
        if (c == '"')
            return read_quoted('"', Token::Kind::quoted);
        if (c == '$')
            return read_param();
        if (std::isdigit(static_cast<unsigned char>(c))) {
            auto const begin = at_;
            while (goes_on_word(peek()) || peek() == '.')
                ++at_;
            add(Token::Kind::literal, std::string{sql_.substr(begin, at_ - begin)});
            return true;
        }
        return read_symbol(c);
    }

    bool read_word()
    {
        std::string text;
        while (goes_on_word(peek()))
            text += lower(sql_[at_++]);
        // E'…', U&'…' and their kin have escapes of their own.
        if (peek() == '\'' || (text == "u" && peek() == '&'))
            return false;
        add(Token::Kind::word, std::move(text));
        return true;
    }

    bool read_quoted(char quote, Token::Kind kind)
    {
        std::string text;
        for (++at_; at_ < sql_.size(); ++at_) {
            if (peek() == '\\')
                return false;
            if (peek() == quote) {
                if (peek(1) != quote) {
                    ++at_;
                    add(kind, std::move(text));
                    return true;
                }
                ++at_;
            }
            text += peek();
        }
        return false;
    }

    bool read_param()
    {
        std::string digits;
        for (++at_; std::isdigit(static_cast<unsigned char>(peek())); ++at_)
            digits += peek();
        if (digits.empty() || digits.size() > 4 || goes_on_word(peek()))
            return false;
        add(Token::Kind::param, std::move(digits));
        return true;
    }

    bool read_symbol(char c)
    {
        if (c == ')' && --depth_ < 0)
            return false;
        // A last semicolon ends the one statement; anything after it would be a second.
        if (c == ';') {
            ++at_;
            return skip_blank() && at_ >= sql_.size();
        }
        static constexpr std::string_view operators = "<>=!|&#@~^*+-/%:?";
        if (!operators.contains(c)) {
            ++at_;
            add(Token::Kind::symbol, std::string(1, c));
        } else {
            // `>=`, `<>`, `::` are one token, so that a lone `=` is equality and nothing else.
            std::string text;
            while (at_ < sql_.size() && operators.contains(peek())
                && !(!text.empty() && peek() == '-' && peek(1) == '-')
                && !(!text.empty() && peek() == '/' && peek(1) == '*'))
                text += sql_[at_++];
            add(Token::Kind::symbol, std::move(text));
        }
        if (c == '(')
            ++depth_;
        return true;
    }

    std::string_view sql_;
    std::size_t at_ = 0;
    int depth_ = 0;
    bool failed_ = false;
    std::vector<Token> tokens_;
};
}

std::optional<std::vector<Token>> tokenise(std::string_view sql)
{
    return Reader{sql}.read();
}

}
