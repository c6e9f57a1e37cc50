#include "loadgen/scenario.hpp"

#include "common/world.hpp"
#include <boost/json.hpp>
#include <fmt/format.h>

#include <stdexcept>

namespace hermod::bench {

Scenario read_scenario(std::string const& path)
{
    auto const json = boost::json::parse(read_file(path));
    Scenario scenario;
    scenario.host = std::string{json.at("host").as_string()};
    scenario.port = json.at("port").to_number<std::uint16_t>();
    for (auto const& each : json.at("paths").as_array())
        scenario.paths.emplace_back(each.as_string());
    for (auto const& [name, value] : json.at("headers").as_object())
        scenario.headers.emplace_back(name, value.as_string());
    scenario.text_bytes = json.at("text_bytes").to_number<std::size_t>();
    scenario.client_ids = json.at("client_ids").as_bool();
    if (scenario.paths.empty())
        throw std::runtime_error{"a scenario without paths"};
    return scenario;
}

Requests::Requests(Scenario const& scenario)
{
    auto const numbered = fmt::format(R"({{"text":"{}")", text_of(scenario.text_bytes));
    std::vector<std::size_t> ends{numbered.size() - 1};
    auto body = numbered;
    if (scenario.client_ids) {
        body += fmt::format(R"(,"client_id":"load-{:0{}}")", 0, number_digits);
        ends.push_back(body.size() - 1);
    }
    body += '}';
    for (auto const& path : scenario.paths) {
        auto text =
            fmt::format("POST {} HTTP/1.1\r\nHost: {}:{}\r\nContent-Type: application/json\r\n",
                path, scenario.host, scenario.port);
        for (auto const& [name, value] : scenario.headers)
            text += fmt::format("{}: {}\r\n", name, value);
        text += fmt::format("Content-Length: {}\r\n\r\n", body.size());
        Request request{.text = {}, .number_ends = ends};
        for (auto& end : request.number_ends)
            end += text.size();
        request.text = text + body;
        requests_.push_back(std::move(request));
    }
}

std::string const& Requests::next()
{
    auto& request = requests_[number_ % requests_.size()];
    ++number_;
    for (auto const end : request.number_ends)
        number_text(request.text.data() + end, number_);
    return request.text;
}

}
