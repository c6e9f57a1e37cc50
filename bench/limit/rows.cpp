#include "limit/rows.hpp"

#include <fmt/format.h>

namespace hermod::bench {

Messages::Messages(World const& world, std::size_t text_bytes)
    : world_(world)
    , text_(text_of(text_bytes))
    , author_id_(world.author.str())
    , heads_(world.conversations.size())
{
    for (auto const& id : world.conversations)
        conversation_ids_.push_back(id.str());
}

void Messages::next(Rows& rows, Timestamp now)
{
    rows.conversation = number_ % heads_.size();
    number_text(text_.data() + text_.size(), ++number_);
    auto& head = heads_[rows.conversation];
    head = {head.seq + 1, head.rev + 1, ++offset_, now.us, true};
    rows.seq = head.seq;
    rows.rev = head.rev;
    rows.offset = offset_;
    rows.created_at = now;
    rows.message_id = new_uuid_v7(now);
    rows.event_id = new_uuid_v7(now);
    rows.content.clear();
    fmt::format_to(std::back_inserter(rows.content), R"({{"text":"{}"}})", text_);
    auto& data = rows.event_data;
    data.assign(R"({"message":{"id":")");
    MessageId{rows.message_id}.append_to(data);
    fmt::format_to(std::back_inserter(data),
        R"(","conversation_id":"{}","seq":{},"rev":{},"direction":null,"account_id":null,)"
        R"("provider_id":null,"from":{{"person_id":"{}","address":null,"name":"{}"}},"to":null,)"
        R"("type":"text","content":{},"status":null,"error":null,"visibility":"all",)"
        R"("client_id":null,"reply_to":null,"reactions":[],"metadata":{{}},"created_at":")",
        conversation_ids_[rows.conversation], rows.seq, rows.rev, author_id_, world_.author_name,
        rows.content);
    append_rfc3339(data, now);
    data += R"(","edited_at":null,"deleted_at":null}})";
}

}
