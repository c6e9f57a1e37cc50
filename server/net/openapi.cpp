#include "net/openapi.hpp"

#include "net/pipeline.hpp"
#include "net/route_ids.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace hermod::net {

static json::object schema_ref(std::string_view name)
{
    return Schemas::reference(name);
}

static json::object header_ref(std::string_view name)
{
    return {{"$ref", "#/components/headers/" + std::string{name}}};
}

static json::object parameter_ref(std::string_view name)
{
    return {{"$ref", "#/components/parameters/" + std::string{name}}};
}

static std::string lower_name(Method method)
{
    return method == Method::del ? "delete" : std::string{to_name(method)};
}

/// `post_conversations_by_conversation_id_messages`: stable, and one per route.
static std::string operation_id(Route const& route)
{
    std::string id = lower_name(route.method);
    std::string_view path = route.path;
    if (path.starts_with("/api/v1"))
        path.remove_prefix(7);
    for (auto const c : path) {
        if (c == '/')
            id.push_back('_');
        else if (c == '{')
            id += "by_";
        else if (c != '}')
            id.push_back(c == '-' || c == '.' ? '_' : c);
    }
    return id;
}

static json::object described(std::string_view type, std::string_view text)
{
    return {{"type", type}, {"description", text}};
}

static json::object field_error_schema()
{
    return {{"type", "object"},
        {"properties",
            json::object{{"field",
                             described("string",
                                 "The path of the field, such as `to.phone` or "
                                 "`participants[2].role`; of a parameter its name")},
                {"message", described("string", "What is wrong with it")}}},
        {"additionalProperties", false}, {"required", json::array{"field", "message"}}};
}

static json::object problem_schema()
{
    json::array codes;
    for (auto const& error : error_table())
        codes.emplace_back(error.name);
    json::object properties;
    properties["type"] = described("string", "Where the documentation explains the code");
    properties["type"].get_object()["format"] = "uri-reference";
    properties["title"] = described("string", "The code in words");
    properties["status"] = described("integer", "The HTTP status");
    properties["status"].get_object().insert({{"minimum", 400}, {"maximum", 599}});
    properties["code"] = described("string", "What went wrong: stable, branch on it");
    properties["code"].get_object()["enum"] = std::move(codes);
    properties["detail"] =
        described("string", "What there is to say beyond the title; left out where nothing is");
    properties["errors"] =
        described("array", "The fields and parameters that are wrong, as far as it is about some");
    properties["errors"].get_object()["items"] = field_error_schema();
    properties["request_id"] = described("string", "Names this request in the server's log");
    json::array required;
    for (auto const& property : properties)
        if (property.key() != "detail")
            required.emplace_back(property.key());
    return {{"type", "object"}, {"description", "What went wrong (RFC 9457)"},
        {"properties", std::move(properties)}, {"additionalProperties", false},
        {"required", std::move(required)}};
}

static json::object described_header(std::string_view text, std::string_view type)
{
    return {{"description", text}, {"schema", json::object{{"type", type}}}};
}

static json::object header_components()
{
    return {
        {"X-Request-Id",
            described_header("Names this request in our log; yours, if you sent one", "string")},
        {"RateLimit-Limit", described_header("Requests the workspace may make at once", "integer")},
        {"RateLimit-Remaining", described_header("How many of them are left", "integer")},
        {"RateLimit-Reset",
            described_header("Seconds until all of them are there again", "integer")},
        {"Retry-After", described_header("Seconds to wait before trying again", "integer")},
        {"Idempotent-Replayed",
            described_header("`true` where this is the answer of an earlier request", "string")},
    };
}

static json::object parameter_components()
{
    json::object key{{"name", "Idempotency-Key"}, {"in", "header"}, {"required", false},
        {"description",
            "Makes a retry safe: the same key and body get the first answer, for 24 hours"},
        {"schema",
            json::object{{"type", "string"}, {"minLength", 1}, {"maxLength", 255},
                {"pattern", "^[!-~]+$"}}}};
    json::object workspace{{"name", "Hermod-Workspace"}, {"in", "header"}, {"required", false},
        {"description", "Names the workspace, for a caller that has several"},
        {"schema",
            json::object{{"type", "string"}, {"pattern", "^wsp_[0-7][0-9a-hjkmnp-tv-z]{25}$"}}}};
    return {{"IdempotencyKey", std::move(key)}, {"Workspace", std::move(workspace)}};
}

static json::object security_components()
{
    return {{"bearer",
                json::object{{"type", "http"}, {"scheme", "bearer"},
                    {"description", "An API key (`hk_…`), an access token, or a person's token"}}},
        {"api_key",
            json::object{{"type", "apiKey"}, {"in", "header"}, {"name", "X-API-Key"},
                {"description", "An API key (`hk_…`)"}}},
        {"cookie",
            json::object{{"type", "apiKey"}, {"in", "cookie"}, {"name", "__Host-hermod"},
                {"description",
                    "A browser's session. What changes something needs the header "
                    "`Hermod-CSRF: 1` too"}}}};
}

/// `The id of the person` for `person_id`; an id that the caller chose says whose it is.
static std::string text_of_path_value(std::string_view name)
{
    if (name == "external_id")
        return "Your own id of the person";
    if (name == "key_id")
        return "The id of the API key";
    if (name.ends_with("_id"))
        name.remove_suffix(3);
    return "The id of the " + std::string{name};
}

/// What every list says of these where its own query does not.
static std::string_view text_of_parameter(QueryField const& field)
{
    if (!field.text.empty())
        return field.text;
    if (field.name == "limit")
        return "How many there may be on a page";
    if (field.name == "cursor")
        return "`next` of the page before; without it the list begins at its beginning";
    return {};
}

/// A query has no null: a parameter that may be null may be left out.
static json::object without_null(json::object schema)
{
    auto const drop = [](json::value& list) {
        auto& items = list.get_array();
        items.erase(std::remove_if(items.begin(), items.end(),
                        [](json::value const& item) { return item.is_null() || item == "null"; }),
            items.end());
    };
    if (auto* const type = schema.if_contains("type"); type && type->is_array()) {
        drop(*type);
        if (type->get_array().size() == 1)
            *type = json::value(type->get_array().front());
    }
    if (auto* const values = schema.if_contains("enum"))
        drop(*values);
    if (auto const* const choices = schema.if_contains("anyOf");
        choices && choices->is_array() && choices->get_array().size() == 2)
        return json::object{choices->get_array().front().as_object()};
    return schema;
}

static json::array parameters_of(Route const& route, Schemas& schemas)
{
    json::array parameters;
    for (auto const& value : values_in_path(route.path)) {
        json::object schema{{"type", "string"}};
        if (value.prefix.empty())
            schema["minLength"] = 1;
        else
            schema["pattern"] = "^" + std::string{value.prefix} + "_[0-7][0-9a-hjkmnp-tv-z]{25}$";
        parameters.push_back(json::object{{"name", value.name}, {"in", "path"}, {"required", true},
            {"description", text_of_path_value(value.name)}, {"schema", std::move(schema)}});
    }
    for (auto const& field : route.query_fields) {
        auto schema = without_null(field.schema(schemas));
        json::object parameter{{"name", field.name}, {"in", "query"}, {"required", field.required}};
        if (auto const text = text_of_parameter(field); !text.empty())
            parameter["description"] = text;
        if (auto const* type = schema.if_contains("type"); type && *type == "array")
            parameter["explode"] = false; // `a,b`
        parameter["schema"] = std::move(schema);
        parameters.push_back(std::move(parameter));
    }
    if (route.auth == Auth::required) {
        parameters.push_back(parameter_ref("Workspace"));
        if (route.method == Method::post)
            parameters.push_back(parameter_ref("IdempotencyKey"));
    }
    return parameters;
}

static json::object headers_of(Route const& route, bool success)
{
    json::object headers{{"X-Request-Id", header_ref("X-Request-Id")}};
    if (route.auth == Auth::required)
        for (auto const name : {"RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"})
            headers[name] = header_ref(name);
    if (success && route.auth == Auth::required && route.method == Method::post)
        headers["Idempotent-Replayed"] = header_ref("Idempotent-Replayed");
    return headers;
}

static json::object problem_content()
{
    return {{"application/problem+json", json::object{{"schema", schema_ref("Problem")}}}};
}

static json::object problem_responses(Route const& route)
{
    auto const possible = possible_failures(route);
    std::map<int, json::array> by_status;
    for (auto const& error : error_table())
        if (possible[static_cast<std::size_t>(error.code)])
            by_status[error.status].emplace_back(error.name);
    json::object responses;
    for (auto& [status, codes] : by_status) {
        std::string text;
        for (auto const& code : codes)
            text.append(text.empty() ? "`" : ", `").append(code.get_string()).append("`");
        auto headers = headers_of(route, false);
        if (status == 429 || status == 503)
            headers["Retry-After"] = header_ref("Retry-After");
        responses[std::to_string(status)] =
            json::object{{"description", text}, {"headers", std::move(headers)},
                {"content", problem_content()}, {"x-codes", std::move(codes)}};
    }
    return responses;
}

static std::string_view meaning_of(int status)
{
    switch (status) {
    case 200:
        return "Done";
    case 201:
        return "Made";
    case 202:
        return "Accepted: the rest happens later";
    case 204:
        return "Done; there is nothing to tell";
    default:
        return "Answered";
    }
}

/// The first pass: answers give the plain names to the schemas.
static json::object responses_of(Route const& route, Schemas& schemas)
{
    json::object responses;
    for (auto const status : {std::optional{route.success}, route.other_success}) {
        if (!status)
            continue;
        json::object success{
            {"description", meaning_of(*status)}, {"headers", headers_of(route, true)}};
        if (route.reply_schema && *status != 204)
            success["content"] = json::object{
                {"application/json", json::object{{"schema", route.reply_schema(schemas)}}}};
        if (!route.reply_type.empty())
            success["content"] = json::object{{route.reply_type,
                json::object{{"schema", json::object{{"type", "string"}, {"format", "binary"}}}}}};
        responses[std::to_string(*status)] = std::move(success);
    }
    for (auto& problem : problem_responses(route))
        responses[problem.key()] = std::move(problem.value());
    responses["default"] = json::object{
        {"description", "Anything else that goes wrong"}, {"content", problem_content()}};
    return responses;
}

static json::object operation_of(Route const& route, json::object responses, Schemas& schemas)
{
    json::object operation{{"operationId", operation_id(route)}};
    operation["tags"] = json::array{json::value(route.tag)};
    operation["summary"] = route.summary;
    if (!route.description.empty())
        operation["description"] = route.description;
    if (!route.scope.empty())
        operation["x-scope"] = route.scope;
    if (route.for_people)
        operation["x-for-people"] = true;
    if (route.auth == Auth::none)
        operation["security"] = json::array{};
    if (auto parameters = parameters_of(route, schemas); !parameters.empty())
        operation["parameters"] = std::move(parameters);
    if (!route.stream_type.empty()) {
        json::object const bytes{{"type", "string"}, {"format", "binary"}};
        operation["requestBody"] = json::object{{"required", true},
            {"content", json::object{{route.stream_type, json::object{{"schema", bytes}}}}}};
    }
    if (route.body_schema) {
        json::object content{
            {"application/json", json::object{{"schema", route.body_schema(schemas)}}}};
        operation["requestBody"] =
            json::object{{"required", true}, {"content", std::move(content)}};
    }
    operation["responses"] = std::move(responses);
    return operation;
}

static json::object sorted(json::object const& object)
{
    std::map<std::string_view, json::value const*> members;
    for (auto const& member : object)
        members.emplace(member.key(), &member.value());
    json::object result;
    for (auto const& [key, value] : members)
        result.emplace(key, *value);
    return result;
}

static json::array tags_of(std::vector<Route const*> const& routes)
{
    std::set<std::string> names;
    for (auto const* const route : routes)
        names.insert(route->tag);
    json::array tags;
    for (auto const& name : names)
        tags.push_back(json::object{{"name", name}});
    return tags;
}

static json::object frame(json::array tags)
{
    json::object document{{"openapi", "3.1.0"}};
    document["info"] =
        json::object{{"title", "Hermod"}, {"version", "1"}, {"description", conventions()},
            {"license", json::object{{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}};
    json::array servers;
    servers.push_back(json::object{{"url", "/"}});
    document["servers"] = std::move(servers);
    json::array security;
    security.push_back(json::object{{"bearer", json::array{}}});
    security.push_back(json::object{{"api_key", json::array{}}});
    security.push_back(json::object{{"cookie", json::array{}}});
    document["security"] = std::move(security);
    document["tags"] = std::move(tags);
    return document;
}

/// What requests hold as free-form JSON. Its struct's own name may mean something else elsewhere.
static void define_named(Schemas& schemas, Router::NamedSchema const& named)
{
    Schemas own;
    own.direction = schemas.direction;
    auto const root = named.schema(own);
    auto const* const reference = root.if_contains("$ref");
    for (auto const& [name, schema] : own.components) {
        auto const is_root = reference && *reference == Schemas::reference(name).at("$ref");
        schemas.define(is_root ? named.name : std::string{name}, schema.as_object());
    }
}

json::object openapi_document(Router const& router)
{
    std::vector<Route const*> routes;
    for (auto const& route : router.routes())
        if (!route->tag.empty())
            routes.push_back(route.get());
    std::ranges::sort(routes, {},
        [](Route const* route) { return std::pair{std::string_view{route->path}, route->method}; });

    Schemas schemas;
    schemas.define("Problem", problem_schema());
    std::vector<json::object> responses;
    for (auto const* const route : routes)
        responses.push_back(responses_of(*route, schemas));
    schemas.direction = Schemas::Direction::in;
    json::object paths;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        auto& path = paths[routes[i]->path];
        if (!path.is_object())
            path.emplace_object();
        path.get_object()[lower_name(routes[i]->method)] =
            operation_of(*routes[i], std::move(responses[i]), schemas);
    }

    for (auto const& named : router.documented())
        define_named(schemas, named);

    auto document = frame(tags_of(routes));
    document["paths"] = std::move(paths);
    json::object components;
    components["schemas"] = sorted(schemas.components);
    components["parameters"] = parameter_components();
    components["headers"] = header_components();
    components["securitySchemes"] = security_components();
    document["components"] = std::move(components);
    document["x-errors"] = errors_document();
    return document;
}

json::array errors_document()
{
    json::array errors;
    for (auto const& error : error_table())
        errors.push_back(
            json::object{{"code", error.name}, {"status", error.status}, {"title", error.title}});
    return errors;
}

}
