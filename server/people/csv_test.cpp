#include "people/csv.hpp"

#include <gtest/gtest.h>

namespace hermod::people {

static std::string read(std::string_view text)
{
    CsvReader reader{text};
    std::string out;
    for (;;) {
        auto record = reader.next();
        if (!record)
            return out + std::to_string(reader.number()) + ": " + record.error();
        if (!*record)
            return out;
        for (auto const& field : **record)
            out += '[' + field + ']';
        out += '/';
    }
}

TEST(CsvTest, records_are_read_as_rfc_4180_says)
{
    EXPECT_EQ(read(""), "");
    EXPECT_EQ(read("a"), "[a]/");
    EXPECT_EQ(read("a,b\r\n1,2\r\n"), "[a][b]/[1][2]/");
    EXPECT_EQ(read("a,b\n1,2"), "[a][b]/[1][2]/");
    EXPECT_EQ(read("a,b\r1,2\r"), "[a][b]/[1][2]/");
    EXPECT_EQ(read("a,,\n,,"), "[a][][]/[][][]/");
    EXPECT_EQ(read("\"a,b\",\"c\"\"d\",\"e\r\nf\",\"\"\n"), "[a,b][c\"d][e\r\nf][]/");
    EXPECT_EQ(read(" a , b \n"), "[ a ][ b ]/");
}

TEST(CsvTest, a_byte_order_mark_and_empty_lines_are_left_out)
{
    EXPECT_EQ(read("\xef\xbb\xbf\r\n\na,b\n\n\r\n1,2\n\n"), "[a][b]/[1][2]/");
    EXPECT_EQ(read("\xef\xbb\xbf"), "");
}

TEST(CsvTest, the_delimiter_is_what_the_header_has_most_of)
{
    EXPECT_EQ(read("a;b\n1,5;2\n"), "[a][b]/[1,5][2]/");
    EXPECT_EQ(read("a\tb\n1\t2\n"), "[a][b]/[1][2]/");
    EXPECT_EQ(read("\"a;b;c\",d\n1,2\n"), "[a;b;c][d]/[1][2]/");
    EXPECT_EQ(read("\n\n\na;b\n1;2"), "[a][b]/[1][2]/");
}

TEST(CsvTest, what_cannot_be_read_is_told_with_its_record)
{
    EXPECT_EQ(read("a,b\n\"1,2\n"), "[a][b]/2: has a quote that is not closed");
    EXPECT_EQ(read("a\n\n\"1\"2\n"), "[a]/2: has text after a closing quote");
    EXPECT_EQ(read("a\n1\"2\n"), "[a]/2: has a quote in a field that does not begin with one");
    EXPECT_EQ(read(std::string(CsvReader::max_field + 1, 'x')),
        "1: has a field of more than 16384 bytes");
    EXPECT_EQ(read('"' + std::string(CsvReader::max_field + 1, 'x') + '"'),
        "1: has a field of more than 16384 bytes");
    EXPECT_EQ(read(std::string(CsvReader::max_fields, ',')), "1: has more than 200 fields");
    EXPECT_EQ(read(std::string(CsvReader::max_fields - 1, ',')).size(), 200 * 2 + 1);
}

}
