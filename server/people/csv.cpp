#include "people/csv.hpp"

#include <algorithm>
#include <array>

namespace hermod::people {

/// What the first record has most of outside quotes; a comma where it has none.
static char find_delimiter(std::string_view text)
{
    static constexpr std::array candidates{',', ';', '\t'};
    std::array<std::size_t, 3> counts{};
    bool quoted = false;
    for (auto const c : text) {
        if (c == '"')
            quoted = !quoted;
        if (quoted)
            continue;
        if (c == '\n' || c == '\r')
            break;
        for (std::size_t i = 0; i < candidates.size(); ++i)
            counts[i] += c == candidates[i] ? 1 : 0;
    }
    return candidates[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
}

CsvReader::CsvReader(std::string_view text) : text_(text)
{
    static constexpr std::string_view mark = "\xef\xbb\xbf";
    if (text_.starts_with(mark))
        text_.remove_prefix(mark.size());
    while (!at_end() && at_line_end())
        skip_line_end();
    delimiter_ = find_delimiter(text_.substr(position_));
}

bool CsvReader::at_line_end() const
{
    return text_[position_] == '\n' || text_[position_] == '\r';
}

void CsvReader::skip_line_end()
{
    auto const crlf = text_.substr(position_).starts_with("\r\n");
    position_ += crlf ? 2 : 1;
}

static std::string too_long()
{
    return "has a field of more than " + std::to_string(CsvReader::max_field) + " bytes";
}

std::optional<std::string> CsvReader::read_quoted(std::string& field)
{
    for (++position_; !at_end();) {
        auto const c = text_[position_++];
        if (c != '"') {
            field.push_back(c);
        } else if (!at_end() && text_[position_] == '"') {
            field.push_back('"');
            ++position_;
        } else {
            if (!at_end() && text_[position_] != delimiter_ && !at_line_end())
                return "has text after a closing quote";
            return std::nullopt;
        }
        if (field.size() > max_field)
            return too_long();
    }
    return "has a quote that is not closed";
}

std::optional<std::string> CsvReader::read_plain(std::string& field)
{
    auto const begin = position_;
    while (!at_end() && text_[position_] != delimiter_ && !at_line_end()) {
        if (text_[position_] == '"')
            return "has a quote in a field that does not begin with one";
        ++position_;
    }
    if (position_ - begin > max_field)
        return too_long();
    field = text_.substr(begin, position_ - begin);
    return std::nullopt;
}

std::optional<std::string> CsvReader::read_field(std::string& field)
{
    if (!at_end() && text_[position_] == '"')
        return read_quoted(field);
    return read_plain(field);
}

std::expected<std::optional<CsvReader::Record>, std::string> CsvReader::next()
{
    while (!at_end() && at_line_end())
        skip_line_end();
    if (at_end())
        return std::nullopt;
    ++number_;
    Record record;
    for (;;) {
        if (record.size() == max_fields)
            return std::unexpected("has more than " + std::to_string(max_fields) + " fields");
        if (auto wrong = read_field(record.emplace_back())) {
            position_ = text_.size();
            return std::unexpected(*std::move(wrong));
        }
        if (at_end())
            return record;
        if (at_line_end()) {
            skip_line_end();
            return record;
        }
        ++position_; // the delimiter; what follows is a field, be it empty
    }
}

}
