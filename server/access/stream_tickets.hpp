#pragma once

#include "access/access.hpp"

/// What stands for credentials in the address of a stream, once.
namespace hermod::access {

struct StreamTicket {
    std::string ticket;
    Timestamp expires_at;
};
BOOST_DESCRIBE_STRUCT(StreamTicket, (), (ticket, expires_at))
FieldTexts field_texts(StreamTicket const*);

inline constexpr std::string_view ticket_prefix = "hst_";

Task<StreamTicket> make_stream_ticket(Deps& deps, Caller const& caller);

}
