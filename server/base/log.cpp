#include "base/log.hpp"

#include "base/codec.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace hermod::log {

static std::atomic<Format> chosen_format{Format::json};
static std::atomic<Level> chosen_level{Level::info};

static spdlog::logger& output()
{
    static auto const logger = [] {
        auto made = std::make_shared<spdlog::logger>(
            "hermod", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%v");
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *logger;
}

void configure(Format format, Level level)
{
    chosen_format = format;
    chosen_level = level;
}

bool enabled(Level level)
{
    return level >= chosen_level.load(std::memory_order_relaxed);
}

Field::Field(std::string_view key, std::string_view text) : key(key)
{
    // Escaped as JSON, hence no line break or terminal sequence of a stranger's reaches the log;
    // bytes that are not UTF-8 are shown as '?'.
    std::string clean{text};
    if (!count_code_points(clean))
        for (auto& c : clean)
            if (static_cast<unsigned char>(c) >= 0x80 || c == 0)
                c = '?';
    append_json_string(value, clean);
}

Field::Field(std::string_view key, std::int64_t number) : key(key)
{
    append_integer(value, number);
}

Field::Field(std::string_view key, bool value) : key(key), value(value ? "true" : "false") { }

static constexpr std::string_view name(Level level)
{
    switch (level) {
    case Level::debug:
        return "debug";
    case Level::info:
        return "info";
    case Level::warn:
        return "warn";
    case Level::error:
        return "error";
    }
    return "";
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields)
{
    if (!enabled(level))
        return;
    Timestamp const now{std::chrono::duration_cast<microseconds>(
        std::chrono::system_clock::now().time_since_epoch())
            .count()};
    std::string line;
    if (chosen_format.load(std::memory_order_relaxed) == Format::pretty) {
        append_rfc3339(line, now);
        line.append(" ").append(name(level)).append("  ").append(message);
        for (auto const& field : fields)
            line.append("  ").append(field.key).append("=").append(field.value);
    } else {
        line += "{\"time\":\"";
        append_rfc3339(line, now);
        line.append("\",\"level\":\"").append(name(level)).append("\",\"message\":");
        append_json_string(line, message);
        for (auto const& field : fields)
            line.append(",\"").append(field.key).append("\":").append(field.value);
        line.push_back('}');
    }
    output().info(line);
}

}
