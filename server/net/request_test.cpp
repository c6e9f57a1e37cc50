#include "net/caller.hpp"
#include "net/query.hpp"
#include "net/request.hpp"
#include "net/uri.hpp"

#include <gtest/gtest.h>

namespace hermod::net {
namespace request_test {

enum class Kind { direct, group };
BOOST_DESCRIBE_ENUM(Kind, direct, group)

struct Filter {
    PageLimit limit;
    std::optional<std::string> cursor;
    std::optional<Kind> kind;
    std::optional<bool> archived;
    std::optional<std::vector<Kind>> kinds;
    Text<1, 5> name;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (limit, cursor, kind, archived, kinds, name))

static std::string wrong(Pairs const& pairs)
{
    auto const read = read_query<Filter>(pairs);
    std::string text;
    if (!read)
        for (auto const& [field, message] : read.error().fields)
            text += field + ": " + message + "; ";
    return text;
}

TEST(QueryTest, values_take_the_type_of_their_field)
{
    auto const read = read_query<Filter>({{"limit", "7"}, {"kind", "group"}, {"archived", "true"},
        {"kinds", "direct,group"}, {"name", "42"}});

    ASSERT_TRUE(read);
    EXPECT_EQ(read->limit.value, 7);
    EXPECT_EQ(read->kind, Kind::group);
    EXPECT_EQ(read->archived, true);
    EXPECT_EQ(read->kinds, (std::vector{Kind::direct, Kind::group}));
    EXPECT_EQ(read->name.value, "42");
    EXPECT_EQ(read->cursor, std::nullopt);
}

TEST(QueryTest, what_is_left_out_has_its_default)
{
    EXPECT_EQ(read_query<Filter>({{"name", "x"}})->limit.value, 50);
}

TEST(QueryTest, bad_values_are_refused_by_name)
{
    for (auto const value :
        {"0", "201", "-1", "", "x", "1x", "1.5", "1e1", " 1", "+1", "-0", "99999999999999999999"})
        EXPECT_TRUE(wrong({{"name", "x"}, {"limit", value}}).starts_with("limit: ")) << value;
    EXPECT_EQ(wrong({}), "name: is required; ");
    EXPECT_EQ(wrong({{"name", ""}}), "name: must not be empty; ");
    EXPECT_EQ(wrong({{"name", "a"}, {"name", "b"}}), "name: is given twice; ");
    EXPECT_EQ(wrong({{"name", "a"}, {"Limit", "1"}}), "Limit: is not a known parameter; ");
    EXPECT_EQ(wrong({{"name", "a"}, {"archived", "yes"}}), "archived: must be true or false; ");
    EXPECT_TRUE(wrong({{"name", "a"}, {"kinds", "direct,"}}).starts_with("kinds[1]: "));
}

TEST(UriTest, percent_encoding_is_undone_or_refused)
{
    std::string out;
    EXPECT_TRUE(percent_decode(out, "a%20b+%C3%A9"));
    EXPECT_EQ(out, "a b+é");
    for (auto const bad : {"%", "%1", "%g0", "%0g", "%00", "%ff", "%C3", "a%"}) {
        std::string ignored;
        EXPECT_FALSE(percent_decode(ignored, bad)) << bad;
    }
    Pairs pairs;
    EXPECT_TRUE(parse_query_string(pairs, "a=1&&b=x+y%26&c&=d&e=f=g"));
    EXPECT_EQ(pairs, (Pairs{{"a", "1"}, {"b", "x y&"}, {"c", ""}, {"", "d"}, {"e", "f=g"}}));
    std::string many;
    for (int i = 0; i < 101; ++i)
        many += "a&";
    EXPECT_FALSE(parse_query_string(pairs, many));
}

TEST(UriTest, encoding_and_decoding_give_the_text_back)
{
    std::string encoded;
    percent_encode(encoded, "é/ ~a+&=%");
    std::string decoded;

    EXPECT_EQ(encoded, "%C3%A9%2F%20~a%2B%26%3D%25");
    EXPECT_TRUE(percent_decode(decoded, encoded));
    EXPECT_EQ(decoded, "é/ ~a+&=%");
}

TEST(CursorTest, fields_come_back_whatever_they_hold)
{
    std::vector<std::string> const fields{"", "a:b", std::string{"\0\xff", 2}, "12"};

    EXPECT_EQ(decode_cursor(encode_cursor(fields)), fields);
}

TEST(CursorTest, what_is_not_ours_is_nothing)
{
    for (auto const text : {"!", "MQ", "MTphYg", "OTk6YQ", "OjE6YQ", "LTE6YQ",
             "MTg0NDY3NDQwNzM3MDk1NTE2MTY6YQ", "MTg0NDY3NDQwNzM3MDk1NTE2MTU6YQ"})
        EXPECT_EQ(decode_cursor(text), std::nullopt) << text;
    EXPECT_EQ(decode_cursor(std::string(2000, 'A')), std::nullopt);
}

TEST(ProblemReplyTest, what_is_down_for_now_says_when_to_come_again)
{
    for (auto const code : {Errc::overloaded, Errc::storage_unavailable, Errc::draining})
        EXPECT_EQ(problem_reply(Problem{code}, "r").headers, (Pairs{{"Retry-After", "1"}}));
    EXPECT_EQ(problem_reply(Problem{Errc::internal}, "r").headers, Pairs{});
}

TEST(ProblemReplyTest, tells_code_fields_and_request)
{
    Problem problem{Errc::invalid_body, {}, {{"to", "is \"odd\""}, {"x", "y"}}};
    problem.retry_after_s = 7;

    auto const reply = problem_reply(problem, "req_1");

    EXPECT_EQ(reply.status, 422);
    EXPECT_EQ(reply.content_type, "application/problem+json");
    EXPECT_EQ(reply.headers, (Pairs{{"Retry-After", "7"}}));
    EXPECT_EQ(reply.body,
        R"({"type":"/docs#error-invalid_body","title":"A field of the request body is not valid",)"
        R"("status":422,"code":"invalid_body",)"
        R"("errors":[{"field":"to","message":"is \"odd\""},{"field":"x","message":"y"}],)"
        R"("request_id":"req_1"})");
}

TEST(ProblemReplyTest, has_a_detail_only_where_it_says_more_than_the_title)
{
    auto const with = problem_reply(Problem{Errc::invalid_body, "Say \"it\""}, "req_1");
    auto const without = problem_reply(Problem{Errc::invalid_body}, "req_1");

    EXPECT_NE(with.body.find(R"(,"code":"invalid_body","detail":"Say \"it\"","errors":[])"),
        std::string::npos);
    EXPECT_EQ(without.body.find("detail"), std::string::npos);
}

TEST(ProblemReplyTest, keeps_the_details_of_our_own_failures_to_the_log)
{
    auto const reply = problem_reply(Problem{Errc::internal, "disk /var/x"}, "req_1");

    EXPECT_EQ(reply.body.find("disk"), std::string::npos);
}

static Caller session(Role role)
{
    Caller caller;
    caller.kind = Caller::Kind::session;
    caller.role = role;
    return caller;
}

static Caller key(std::set<std::string, std::less<>> scopes)
{
    Caller caller;
    caller.kind = Caller::Kind::api_key;
    caller.role = Role::owner; // means nothing for a key
    caller.scopes = std::move(scopes);
    return caller;
}

TEST(CallerTest, a_session_may_what_its_role_may)
{
    for (auto const role : {Role::owner, Role::admin})
        for (auto const scope : {"api_keys:write", "messages:send_as", "admin"})
            EXPECT_TRUE(session(role).has_scope(scope)) << scope;
    for (auto const scope : {"messages:send", "messages:write", "people:write", "accounts:read"})
        EXPECT_TRUE(session(Role::agent).has_scope(scope)) << scope;
    for (auto const scope : {"accounts:write", "api_keys:read", "messages:send_as", "admin"})
        EXPECT_FALSE(session(Role::agent).has_scope(scope)) << scope;
    EXPECT_TRUE(session(Role::viewer).has_scope("accounts:read"));
    for (auto const scope : {"people:write", "messages:send", "api_keys:read", "admin"})
        EXPECT_FALSE(session(Role::viewer).has_scope(scope)) << scope;
}

TEST(CallerTest, roles_are_one_inside_the_other)
{
    for (auto const scope : scopes_of(Role::agent))
        EXPECT_TRUE(session(Role::admin).has_scope(scope)) << scope;
    for (auto const scope : scopes_of(Role::viewer)) {
        EXPECT_TRUE(session(Role::admin).has_scope(scope)) << scope;
        EXPECT_TRUE(scope.ends_with(":read")) << scope;
    }
}

TEST(CallerTest, a_persons_token_may_what_it_says_and_is_not_of_the_team)
{
    Caller person;
    person.kind = Caller::Kind::person;
    person.role = Role::owner; // means nothing for a person
    person.scopes = {"messages:send"};

    EXPECT_TRUE(person.has_scope("messages:send"));
    EXPECT_FALSE(person.has_scope("messages:read"));
    EXPECT_FALSE(person.has_scope("admin"));
    EXPECT_FALSE(person.is_team());
}

TEST(CallerTest, a_key_may_what_its_scopes_say)
{
    EXPECT_TRUE(key({"people:write"}).has_scope("people:read"));
    EXPECT_TRUE(key({"people:write"}).has_scope("people:write"));
    EXPECT_FALSE(key({"people:read"}).has_scope("people:write"));
    EXPECT_FALSE(key({"people:write"}).has_scope("accounts:read"));
    EXPECT_TRUE(key({"messages:write"}).has_scope("messages:send"));
    EXPECT_FALSE(key({"messages:write"}).has_scope("messages:send_as"));
    EXPECT_FALSE(key({"messages:send"}).has_scope("messages:read"));
    EXPECT_TRUE(key({"admin"}).has_scope("messages:send_as"));
    EXPECT_FALSE(key({"people:write"}).has_scope("admin"));
    EXPECT_FALSE(key({}).has_scope("people:read"));
    EXPECT_TRUE(key({}).has_scope(""));
    EXPECT_FALSE(Caller{}.has_scope(""));
}

}
}
