#include "connectors/sandbox/sandbox.hpp"

namespace hermod::sandbox {

FieldTexts field_texts(Delays const*)
{
    static constexpr auto texts = describe<Delays>({
        {"sent", "Milliseconds until it is sent"},
        {"delivered", "Milliseconds from then until it is delivered"},
        {"read", "Milliseconds from then until it is read"},
    });
    return texts;
}

FieldTexts field_texts(Settings const*)
{
    static constexpr auto texts = describe<Settings>({
        {"delays_ms", "How long the network takes; no time at all unless given"},
        {"network_url",
            "Another process is the network: each send is a POST of `{id, from, to, "
            "type, content}` there"},
        {"unknown_outcome_timeout_s",
            "Seconds until a message whose outcome stays unknown has "
            "failed; an hour unless given"},
    });
    return texts;
}

}
