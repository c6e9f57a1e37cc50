#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::people {

/// Reads CSV (RFC 4180) record by record: fields in quotes with `""` for a quote, line ends of any
/// kind, a byte order mark before the first. The delimiter is what the first record has most of:
/// comma, semicolon or tab. Empty lines are left out.
class CsvReader {
public:
    static constexpr std::size_t max_field = 16384; ///< bytes
    static constexpr std::size_t max_fields = 200;

    explicit CsvReader(std::string_view text);

    using Record = std::vector<std::string>;
    /// The next record, none at the end; or what is wrong with the text at it, after which nothing
    /// more can be read.
    std::expected<std::optional<Record>, std::string> next();

    char delimiter() const { return delimiter_; }
    /// Of the record read last, the first being 1, empty lines not counted.
    std::size_t number() const { return number_; }

private:
    bool at_end() const { return position_ == text_.size(); }
    bool at_line_end() const;
    void skip_line_end();
    std::optional<std::string> read_field(std::string& field);
    std::optional<std::string> read_quoted(std::string& field);
    std::optional<std::string> read_plain(std::string& field);

    std::string_view text_;
    std::size_t position_ = 0;
    std::size_t number_ = 0;
    char delimiter_ = ',';
};

}
