#include "base/codec.hpp"

using namespace hermod;

namespace {

enum class Colour { red, green };
BOOST_DESCRIBE_ENUM(Colour, red, green)

struct Inner {
    Patch<Text<0, 10>> name;
    Or<Int<1, 200>, std::int64_t{50}> limit;
    std::optional<Id<"per">> person;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (name, limit, person))

struct Body {
    Text<1, 50> text;
    Colour colour;
    std::optional<Timestamp> at;
    std::vector<Inner> inner;
    List<std::string, 0, 3> words;
    JsonObject<200> metadata;
    bool on;
    std::int64_t number;
};
BOOST_DESCRIBE_STRUCT(Body, (), (text, colour, at, inner, words, metadata, on, number))

}

/// What is accepted is written as JSON that is accepted again and written the same; what is refused
/// says where, in UTF-8.
extern "C" int LLVMFuzzerTestOneInput(unsigned char const* data, std::size_t size)
{
    auto read = read_json<Body>({reinterpret_cast<char const*>(data), size});
    if (!read) {
        auto const& problem = read.error();
        HERMOD_CHECK(problem.code == Errc::malformed_json || !problem.fields.empty());
        for (auto const& [field, message] : problem.fields)
            HERMOD_CHECK(field.find('\0') != std::string::npos || count_code_points(field));
        return 0;
    }
    // A number of the client's that is no integer may come back with another last digit.
    read->metadata = {};
    auto const text = to_json(*read);
    auto const again = read_json<Body>(text);
    HERMOD_CHECK(again.has_value());
    HERMOD_CHECK(to_json(*again) == text);
    return 0;
}
