#pragma once

#include "net/router.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace hermod::net {

/// The OpenAPI 3.1 document of every route that has a tag: what `/openapi.json` and
/// api/openapi.json hold. The same routes give the same text, in whatever order they were added.
json::object openapi_document(Router const& router);

/// What holds for every route, as the document's introduction: paragraphs, `## ` headings and
/// `- ` lists of Markdown, code between backticks.
std::string_view conventions();

/// The error table, as api/errors.json holds it: `[{code, status, title}]`.
json::array errors_document();

/// Two spaces per level; short lists of plain values on one line; ends with a line break.
std::string pretty_json(json::value const& value);

}
