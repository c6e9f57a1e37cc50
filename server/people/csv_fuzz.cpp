#include "base/errors.hpp"
#include "people/csv.hpp"

#include <cstddef>
#include <cstdint>

using namespace hermod;

static std::vector<people::CsvReader::Record> read_all(std::string_view text, bool& whole)
{
    people::CsvReader reader{text};
    std::vector<people::CsvReader::Record> records;
    for (;;) {
        auto record = reader.next();
        whole = record.has_value();
        if (!record || !*record)
            return records;
        HERMOD_CHECK(!(*record)->empty());
        for (auto const& field : **record)
            HERMOD_CHECK(field.size() <= people::CsvReader::max_field);
        records.push_back(**std::move(record));
        HERMOD_CHECK(reader.number() == records.size());
    }
}

static std::string written(std::vector<people::CsvReader::Record> const& records)
{
    std::string text;
    for (auto const& record : records) {
        for (auto const& field : record) {
            text += &field == record.data() ? "\"" : ",\"";
            for (auto const c : field)
                text += c == '"' ? std::string{"\"\""} : std::string{c};
            text += '"';
        }
        text += "\r\n";
    }
    return text;
}

/// What was read, written with every field in quotes, reads the same.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    bool whole = false;
    auto const records = read_all({reinterpret_cast<char const*>(data), size}, whole);
    auto const again = read_all(written(records), whole);
    HERMOD_CHECK(whole);
    HERMOD_CHECK(again == records);
    return 0;
}
