#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

/// Structured lines on standard error: a constant message and fields. Never a body, a token, a
/// password or, at info and above, a user's content.
namespace hermod::log {

enum class Format { json, pretty };
enum class Level { debug, info, warn, error };

void configure(Format format, Level level);
/// Whether a line of this level is written: ask before fields are built on a hot path.
bool enabled(Level level);

class Field {
public:
    Field(std::string_view key, std::string_view text);
    Field(std::string_view key, std::string const& text) : Field(key, std::string_view{text}) { }
    Field(std::string_view key, char const* text) : Field(key, std::string_view{text}) { }
    Field(std::string_view key, std::int64_t number);
    Field(std::string_view key, int number) : Field(key, static_cast<std::int64_t>(number)) { }
    Field(std::string_view key, std::size_t number) : Field(key, static_cast<std::int64_t>(number))
    {
    }
    Field(std::string_view key, bool value);

    std::string_view key;
    std::string value; ///< as JSON
};

void write(Level level, std::string_view message, std::initializer_list<Field> fields);

inline void debug(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::info, message, fields);
}
inline void warn(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::warn, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {})
{
    write(Level::error, message, fields);
}

}
