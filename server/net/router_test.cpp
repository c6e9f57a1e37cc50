#include "net/router.hpp"

#include <gtest/gtest.h>

namespace hermod::net {

static Router example()
{
    Router router;
    for (auto const& [method, path] : std::vector<std::pair<Method, std::string>>{
             {Method::get, "/people"},
             {Method::post, "/people"},
             {Method::get, "/people/{person_id}"},
             {Method::del, "/people/{person_id}"},
             {Method::post, "/people/import"},
             {Method::get, "/people/{person_id}/tokens"},
             {Method::put, "/people/by_external_id/{external_id}"},
             {Method::get, "/a/{x}/b/{y}"},
         })
        router.add({.method = method,
            .path = path,
            .tag = {},
            .summary = {},
            .description = {},
            .scope = {},
            .failures = {},
            .stream_type = {},
            .reply_type = {},
            .query_fields = {},
            .handler = {}});
    return router;
}

static std::string found(Router const& router, Method method, std::string path, Pairs* values = {})
{
    Request request;
    request.method = method;
    request.path = std::move(path);
    auto const match = router.find(request);
    if (values)
        *values = request.path_values;
    if (match.route)
        return match.route->path;
    return match.allowed.empty() ? "404" : "405";
}

TEST(RouterTest, literal_segments_win_over_values)
{
    auto const router = example();

    EXPECT_EQ(found(router, Method::post, "/people/import"), "/people/import");
    EXPECT_EQ(found(router, Method::get, "/people/imports"), "/people/{person_id}");
    EXPECT_EQ(found(router, Method::put, "/people/by_external_id/tokens"),
        "/people/by_external_id/{external_id}");
}

TEST(RouterTest, a_literal_that_leads_nowhere_gives_way_to_a_value)
{
    auto const router = example();

    EXPECT_EQ(found(router, Method::get, "/people/import/tokens"), "/people/{person_id}/tokens");
    EXPECT_EQ(found(router, Method::get, "/people/by_external_id"), "/people/{person_id}");
}

TEST(RouterTest, an_unknown_path_is_told_from_an_unknown_method)
{
    auto const router = example();

    EXPECT_EQ(found(router, Method::patch, "/people"), "405");
    EXPECT_EQ(found(router, Method::get, "/people/import"), "405");
    for (auto const path : {"", "/", "people", "/people/", "//people", "/people//tokens", "/peopl",
             "/people/x/y", "/People", "/people/%2", "/people/%zz", "/people/%00", "/people/%ff"})
        EXPECT_EQ(found(router, Method::get, path), "404") << path;
    EXPECT_EQ(found(router, Method::get, std::string(1000, '/')), "404");
}

TEST(RouterTest, values_are_decoded_and_an_encoded_slash_stays_in_its_segment)
{
    auto const router = example();
    Pairs values;

    EXPECT_EQ(found(router, Method::get, "/a/one%2Ftwo/b/%C3%A9%20+", &values), "/a/{x}/b/{y}");
    EXPECT_EQ(values, (Pairs{{"x", "one/two"}, {"y", "é +"}}));
    EXPECT_EQ(found(router, Method::get, "/%70eople"), "/people");
    EXPECT_EQ(found(router, Method::get, "/people%2Fx"), "404");
}

TEST(RouterTest, two_handlers_of_one_method_and_path_are_a_bug)
{
    auto router = example();
    Route second{.method = Method::get,
        .path = "/people/{id}",
        .tag = {},
        .summary = {},
        .description = {},
        .scope = {},
        .failures = {},
        .stream_type = {},
        .reply_type = {},
        .query_fields = {},
        .handler = {}};

    EXPECT_DEATH(router.add(second), "check failed");
}

TEST(RouterTest, the_methods_of_a_path_are_known)
{
    auto const router = example();

    std::vector<Method> methods;
    for (auto const* const route : router.routes_of("/people"))
        methods.push_back(route->method);

    EXPECT_EQ(methods, (std::vector{Method::get, Method::post}));
    EXPECT_TRUE(router.routes_of("/nobody").empty());
}

}
