#pragma once

#include "net/request.hpp"

#include <optional>
#include <string>
#include <vector>

/// What a browser tells of the page behind a request, and what we believe of it.
namespace hermod::access {

/// Whether a request that comes with the session cookie was made by our own page: the browser says
/// so by Sec-Fetch-Site and Origin, and what changes something carries `Hermod-CSRF: 1`, which no
/// page of another origin can add without being asked first. Why not, or nothing.
std::optional<Problem> check_own_page(net::Request const& request, bool plain_http);

/// `https://shop.example:8443` in its one spelling; nothing where it is no origin.
std::optional<std::string> read_origin(std::string_view text);

/// Whether the page is of one of the origins, which are in their one spelling.
bool is_from_one_of(net::Request const& request, std::vector<std::string> const& origins);

}
