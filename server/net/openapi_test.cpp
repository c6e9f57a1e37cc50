#include "net/openapi.hpp"
#include "net/operational.hpp"
#include "net/pipeline.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

namespace hermod::net {
namespace openapi_test {

enum class Kind { direct, group };
BOOST_DESCRIBE_ENUM(Kind, direct, group)

struct Inner {
    std::optional<Kind> kind;
    Or<Int<1, 9>, std::int64_t{3}> size;
};
BOOST_DESCRIBE_STRUCT(Inner, (), (kind, size))

struct Thing {
    PersonId id;
    Inner inner;
    std::optional<Inner> other;
    std::vector<std::string> words;
    JsonObject<100> metadata;
    Timestamp created_at;
};
BOOST_DESCRIBE_STRUCT(Thing, (), (id, inner, other, words, metadata, created_at))

static FieldTexts field_texts(Thing const*)
{
    static constexpr auto texts = describe<Thing>({
        {"inner", "What is `inside`"},
        {"other", "Perhaps another"},
        {"metadata", "Yours, see `ThingNote`"},
    });
    return texts;
}

/// What `metadata` may hold: nothing but the document knows it.
struct Note {
    std::optional<std::string> text;
    Inner inner;
};
BOOST_DESCRIBE_STRUCT(Note, (), (text, inner))

struct Filter {
    PageLimit limit;
    std::optional<std::vector<Kind>> kinds;
    Kind kind;
};
BOOST_DESCRIBE_STRUCT(Filter, (), (limit, kinds, kind))

static FieldTexts field_texts(Filter const*)
{
    static constexpr auto texts = describe<Filter>({{"kinds", "Only these"}});
    return texts;
}

struct Deps { };

static Task<Reply> handler(Deps&, Caller const&, Request const&)
{
    co_return no_content();
}

struct OpenApiTest : testing::Test {
    OpenApiTest()
    {
        FeatureRoutes<Deps> things{router, deps, "things"};
        things.post<Thing, Thing>("/api/v1/things", handler)
            .status(201)
            .summary("Make a thing")
            .describe("Of some `kind`.")
            .scope("things:write")
            .fails_with({Errc::email_taken, Errc::address_taken});
        things.get<Page<Thing>>("/api/v1/things", handler).query<Filter>().summary("List things");
        FeatureRoutes<Deps> people{router, deps, "people"};
        people.del("/api/v1/people/{person_id}/labels/{label}", handler).summary("Drop a label");
        people.post<Inner, Thing>("/api/v1/login", handler).open().summary("Log in");
    }

    json::value at(std::string_view pointer) const
    {
        boost::system::error_code ec;
        json::value const document = openapi_document(router);
        auto const* const found = document.find_pointer(pointer, ec);
        return found ? *found : json::value("nothing at " + std::string{pointer});
    }

    Router router;
    Deps deps;
};

static void expect_typed_and_closed(json::value const& schema, std::string const& where)
{
    if (schema.is_array()) {
        for (auto const& item : schema.get_array())
            expect_typed_and_closed(item, where);
        return;
    }
    if (!schema.is_object())
        return;
    auto const& object = schema.get_object();
    if (auto const* const type = object.if_contains("type"); type && *type == "object")
        EXPECT_TRUE(object.contains("additionalProperties")) << where;
    for (auto const& member : object)
        expect_typed_and_closed(member.value(), where + "/" + std::string{member.key()});
}

TEST_F(OpenApiTest, streams_are_bytes_of_their_type)
{
    Router of_files;
    FeatureRoutes<Deps> files{of_files, deps, "files"};
    files.post<Nothing, Thing>("/api/v1/files", handler)
        .takes_stream("multipart/form-data", 1 << 30)
        .summary("Upload");
    files.get<Nothing>("/api/v1/files/{label}", handler)
        .gives("application/octet-stream")
        .status(200)
        .summary("Download");

    auto const document = openapi_document(of_files);
    auto const& upload = document.at("paths").at("/api/v1/files").at("post");
    auto const& download = document.at("paths").at("/api/v1/files/{label}").at("get");

    EXPECT_EQ(json::serialize(upload.at("requestBody")),
        R"({"required":true,"content":{"multipart/form-data":{"schema":{"type":"string","format":"binary"}}}})");
    EXPECT_TRUE(upload.at("responses").as_object().contains("415"));
    EXPECT_EQ(json::serialize(download.at("responses").at("200").at("content")),
        R"({"application/octet-stream":{"schema":{"type":"string","format":"binary"}}})");
}

TEST_F(OpenApiTest, a_route_is_described_by_its_registration)
{
    auto const post = at("/paths/~1api~1v1~1things/post");

    EXPECT_EQ(post.at("operationId"), "post_things");
    EXPECT_EQ(post.at("tags"), json::parse(R"(["things"])"));
    EXPECT_EQ(post.at("summary"), "Make a thing");
    EXPECT_EQ(post.at("x-scope"), "things:write");
    EXPECT_EQ(post.at_pointer("/responses/201/content/application~1json/schema/$ref"),
        "#/components/schemas/Thing");
    EXPECT_EQ(post.at_pointer("/requestBody/content/application~1json/schema/$ref"),
        "#/components/schemas/ThingInput");
    EXPECT_EQ(post.at_pointer("/responses/409/x-codes"),
        json::parse(R"(["email_taken","address_taken"])"));
    EXPECT_EQ(post.at_pointer("/responses/422/x-codes"),
        json::parse(R"(["invalid_body","idempotency_key_reused"])"));
    EXPECT_TRUE(post.at_pointer("/responses/429/headers").as_object().contains("Retry-After"));
}

TEST_F(OpenApiTest, what_a_request_may_leave_out_an_answer_always_has)
{
    EXPECT_EQ(at("/components/schemas/Inner/required"), json::parse(R"(["kind","size"])"));
    EXPECT_EQ(at("/components/schemas/InnerInput/required").is_string(), true); // none
    EXPECT_EQ(at("/components/schemas/ThingInput/properties/inner/$ref"),
        "#/components/schemas/InnerInput");
    EXPECT_EQ(at("/components/schemas/Thing/properties/inner/$ref"), "#/components/schemas/Inner");
}

TEST_F(OpenApiTest, parameters_are_typed)
{
    auto const label = at("/paths/~1api~1v1~1people~1{person_id}~1labels~1{label}/delete");
    EXPECT_EQ(label.at_pointer("/parameters/0"),
        json::parse(
            R"({"name":"person_id","in":"path","required":true,"description":"The id of the person",)"
            R"("schema":{"type":"string","pattern":"^per_[0-7][0-9a-hjkmnp-tv-z]{25}$"}})"));
    EXPECT_EQ(label.at_pointer("/parameters/1/schema"),
        json::parse(R"({"type":"string","minLength":1})"));
    EXPECT_EQ(label.at_pointer("/responses/404/x-codes"),
        json::parse(R"(["workspace_not_found","person_not_found"])"));

    auto const list = at("/paths/~1api~1v1~1things/get");
    EXPECT_EQ(list.at_pointer("/parameters/0"),
        json::parse(R"({"name":"limit","in":"query","required":false,)"
                    R"("description":"How many there may be on a page",)"
                    R"("schema":{"type":"integer","minimum":1,"maximum":200,"default":50}})"));
    EXPECT_EQ(list.at_pointer("/parameters/1/explode"), false);
    EXPECT_EQ(list.at_pointer("/parameters/2/required"), true);
    EXPECT_EQ(list.at_pointer("/responses/200/content/application~1json/schema/$ref"),
        "#/components/schemas/ThingPage");
}

TEST_F(OpenApiTest, fields_and_parameters_say_what_they_are)
{
    for (auto const name : {"Thing", "ThingInput"}) {
        auto const properties = at("/components/schemas/" + std::string{name} + "/properties");
        EXPECT_EQ(properties.at_pointer("/inner/description"), "What is `inside`") << name;
        EXPECT_EQ(properties.at_pointer("/other/description"), "Perhaps another") << name;
        EXPECT_FALSE(properties.at("id").as_object().contains("description")) << name;
    }
    EXPECT_EQ(at("/components/schemas/ThingPage/properties/next/description").is_string(), true);
    EXPECT_NE(at("/components/schemas/ThingPage/properties/next/description"),
        at("/components/schemas/nothing"));
    EXPECT_EQ(at("/paths/~1api~1v1~1things/get/parameters/1/description"), "Only these");
    EXPECT_EQ(at("/paths/~1api~1v1~1things/get/parameters/0/description"),
        "How many there may be on a page");
}

TEST_F(OpenApiTest, what_is_sent_as_free_form_json_has_a_schema_under_its_own_name)
{
    router.document("ThingNote", &Codec<Note>::schema);

    EXPECT_EQ(at("/components/schemas/ThingNote/properties/text/type"),
        json::parse(R"(["string","null"])"));
    EXPECT_EQ(
        at("/components/schemas/ThingNote/properties/inner/$ref"), "#/components/schemas/Inner");
    EXPECT_TRUE(at("/components/schemas/Note").is_string()); // there is none
}

TEST_F(OpenApiTest, what_holds_everywhere_is_the_introduction)
{
    auto const text = std::string{at("/info/description").as_string()};

    for (auto const word : {"Idempotency-Key", "Hermod-Workspace", "X-API-Key", "`cursor`"})
        EXPECT_NE(text.find(word), std::string::npos) << word;
}

TEST_F(OpenApiTest, an_open_route_needs_nothing)
{
    EXPECT_EQ(at("/paths/~1api~1v1~1login/post/security"), json::array{});
    EXPECT_FALSE(at("/paths/~1api~1v1~1login/post/responses").as_object().contains("401"));
}

TEST_F(OpenApiTest, every_object_is_closed_or_openly_open)
{
    expect_typed_and_closed(at("/components/schemas"), "");
    EXPECT_EQ(at("/components/schemas/Thing/properties/metadata/additionalProperties"), true);
    EXPECT_EQ(at("/components/schemas/Problem/additionalProperties"), false);
}

TEST_F(OpenApiTest, every_reference_leads_somewhere)
{
    auto const document = openapi_document(router);
    auto const text = json::serialize(document);
    int references = 0;
    for (auto i = text.find("\"$ref\":\"#"); i != std::string::npos;
        i = text.find("\"$ref\":\"#", i + 1)) {
        auto const pointer = text.substr(i + 9, text.find('"', i + 9) - i - 9);
        boost::system::error_code ec;
        EXPECT_TRUE(json::value(document).find_pointer(pointer, ec)) << pointer;
        ++references;
    }
    EXPECT_GT(references, 20);
}

TEST_F(OpenApiTest, the_order_of_registration_does_not_show)
{
    Router other;
    FeatureRoutes<Deps> people{other, deps, "people"};
    people.post<Inner, Thing>("/api/v1/login", handler).open().summary("Log in");
    people.del("/api/v1/people/{person_id}/labels/{label}", handler).summary("Drop a label");
    FeatureRoutes<Deps> things{other, deps, "things"};
    things.get<Page<Thing>>("/api/v1/things", handler).query<Filter>().summary("List things");
    things.post<Thing, Thing>("/api/v1/things", handler)
        .status(201)
        .summary("Make a thing")
        .describe("Of some `kind`.")
        .scope("things:write")
        .fails_with({Errc::email_taken, Errc::address_taken});

    EXPECT_EQ(pretty_json(openapi_document(router)), pretty_json(openapi_document(other)));
}

TEST_F(OpenApiTest, the_operators_routes_are_not_in_the_document)
{
    Metrics metrics;
    Operational operational{.metrics = metrics, .router = router, .check_ready = {}};
    add_operational_routes(router, operational);

    EXPECT_TRUE(at("/paths/~1healthz").is_string());
}

TEST(PrettyJsonTest, is_json_and_easy_to_read)
{
    auto const value =
        json::parse(R"({"a":[1,2],"b":{},"c":[],"d":[{"x":null}],"e":"\"","f":{"g":true}})");

    auto const text = pretty_json(value);

    EXPECT_EQ(json::parse(text), value);
    EXPECT_EQ(text,
        "{\n  \"a\": [1, 2],\n  \"b\": {},\n  \"c\": [],\n  \"d\": [\n    {\n      \"x\": null\n"
        "    }\n  ],\n  \"e\": \"\\\"\",\n  \"f\": {\n    \"g\": true\n  }\n}\n");
}

struct NoOne final : Authenticator {
    Task<std::expected<Caller, Problem>> authenticate(Request const&, Route const&) override
    {
        co_return Caller{};
    }
};

struct OperationalTest : testing::Test {
    OperationalTest() { add_operational_routes(router, operational); }

    Reply get(std::string path)
    {
        NoOne no_one;
        Pipeline pipeline{router, no_one, clock, metrics, {}};
        Exchange exchange;
        exchange.request.path = std::move(path);
        auto reply = pipeline.begin(exchange);
        if (!reply)
            run_blocking(io, [&]() -> Task<void> { reply = co_await pipeline.handle(exchange); });
        return *std::move(reply);
    }

    asio::io_context io;
    FakeClock clock;
    Metrics metrics;
    Router router;
    bool database = true;
    Operational operational{
        .metrics = metrics, .router = router, .check_ready = [this]() -> Task<void> {
            if (!database)
                throw Problem{Errc::storage_unavailable};
            co_return;
        }};
};

TEST_F(OperationalTest, readiness_follows_the_database_and_the_shutdown)
{
    EXPECT_EQ(get("/readyz").status, 200);
    EXPECT_EQ(get("/health").status, 200);
    database = false;
    EXPECT_EQ(get("/readyz").status, 503);
    EXPECT_EQ(get("/healthz").status, 200);
    database = true;
    operational.draining = true;
    EXPECT_EQ(get("/readyz").status, 503);
}

TEST_F(OperationalTest, metrics_and_document_are_served)
{
    EXPECT_NE(get("/metrics").body.find("hermod_net_requests_in_flight"), std::string::npos);
    EXPECT_EQ(json::parse(get("/openapi.json").body).at("openapi"), "3.1.0");
}

TEST_F(OperationalTest, the_roots_lead_to_the_page)
{
    for (auto const path : {"/", "/api/v1"}) {
        auto const reply = get(path);

        EXPECT_EQ(reply.status, 302) << path;
        EXPECT_NE(std::ranges::find(
                      reply.headers, std::pair<std::string, std::string>{"Location", "/docs"}),
            reply.headers.end())
            << path;
    }
    EXPECT_EQ(get("/api").status, 404);
}

TEST_F(OperationalTest, the_page_allows_its_own_script_alone)
{
    auto const page = get("/docs");

    EXPECT_NE(
        page.body.find("<script>" + std::string{docs_script()} + "</script>"), std::string::npos);
    EXPECT_EQ(docs_script().find("innerHTML"), std::string_view::npos);
    EXPECT_NE(page.headers.front().second.find("script-src 'sha256-"), std::string::npos);
}

}
}
