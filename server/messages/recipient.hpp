#pragma once

#include "base/codec.hpp"
#include "base/ids.hpp"
#include "people/address.hpp"

#include <optional>
#include <string>
#include <variant>

namespace hermod::messages {

/// Whom an addressed send is for: an address (its kind told or read off it), or a person of ours.
struct Recipient {
    struct Plain {
        std::string address;
    };
    struct Kinded {
        people::AddressKind kind;
        std::string address;
    };
    struct External {
        std::string external_id;
    };
    std::variant<Plain, Kinded, PersonId, External> value;
};

}

namespace hermod {

/// A string, or an object with exactly one of phone, email, whatsapp, person_id, external_id.
template <>
struct Codec<messages::Recipient> {
    static void write(std::string& out, messages::Recipient const& recipient);
    static bool read(messages::Recipient& out, json::value const& value, FieldErrors& errors);
    static json::object schema(Schemas& schemas);
};

}
