#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::db::postgres {

struct Token {
    enum class Kind { word, quoted, param, literal, symbol };
    Kind kind;
    std::string text; ///< words in lower case; a parameter's digits
    int depth; ///< of parentheses around it; a parenthesis itself counts as outside

    bool is(std::string_view word) const { return kind == Kind::word && text == word; }
    bool is_symbol(char c) const
    {
        return kind == Kind::symbol && text.size() == 1 && text[0] == c;
    }
    bool is_name() const { return kind == Kind::word || kind == Kind::quoted; }
};

/// The tokens of one SQL statement; nothing where it holds what we do not read with certainty:
/// two statements, dollar quotes, backslashes in strings, unclosed quotes or parentheses.
std::optional<std::vector<Token>> tokenise(std::string_view sql);

}
