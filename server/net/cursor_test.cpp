#include "net/cursor.hpp"

#include <gtest/gtest.h>

namespace hermod::net {

TEST(CursorTest, a_cursor_gives_back_what_it_was_made_of)
{
    auto const id = PersonId::make(Timestamp::from_s(1));
    auto const cursor = encode_cursor({"after", "42", id.str()});

    auto const [way, seq, person] = read_cursor<std::string, std::int64_t, PersonId>(cursor);

    EXPECT_EQ(way, "after");
    EXPECT_EQ(seq, 42);
    EXPECT_EQ(person, id);
}

TEST(CursorTest, what_is_no_such_cursor_is_refused)
{
    std::string const wrong[]{"", "%", "x", encode_cursor({}), encode_cursor({"1", "2"}),
        encode_cursor({""}), encode_cursor({"-1"}), encode_cursor({"1x"}), encode_cursor({" 1"}),
        encode_cursor({"99999999999999999999"})};
    for (auto const& cursor : wrong) {
        SCOPED_TRACE(cursor);
        try {
            read_cursor<std::int64_t>(cursor);
            ADD_FAILURE() << "was taken";
        } catch (Problem const& problem) {
            EXPECT_EQ(problem.code, Errc::invalid_cursor);
        }
    }
    EXPECT_THROW(read_cursor<PersonId>(encode_cursor({"msg_1"})), Problem);
}

}
