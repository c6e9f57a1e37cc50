#pragma once

#include "net/request.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hermod::net {

/// `scheme://host[:port]` as browsers write it (lower case, no default port, no slash), or `*`.
bool is_cors_origin(std::string_view text);

/// What web pages of other origins may do. An origin that is listed may send cookies; `*` lets the
/// others in without them, for a page that brings its own key.
class Cors {
public:
    Cors() : Cors(std::vector<std::string>{}) { }
    explicit Cors(std::vector<std::string> const& origins);

    /// The header lines of every answer to a page of this origin, of a client that is no page where
    /// it is empty. Good as long as this is.
    std::string_view lines_for(std::string_view origin) const;
    /// The same of a route that a publishable key opens: it names its own origins, so any page may
    /// ask, without cookies.
    std::string_view lines_for_pages(std::string_view origin) const;
    /// Whether OPTIONS with these headers asks what a page of its origin may send.
    bool is_preflight(Request const& request, bool for_pages) const;
    /// What it may: besides `lines_for`.
    static Pairs preflight_headers(std::string const& methods);

private:
    std::map<std::string, std::string, std::less<>> listed_;
    std::string others_;
    std::string pages_;
    std::string vary_;
    bool any_ = false;
};

}
