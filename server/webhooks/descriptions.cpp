#include "webhooks/webhooks.hpp"

namespace hermod::webhooks {

#define HERMOD_WEBHOOK_TEXTS                                                                       \
    {"id", "The webhook"}, {"url", "Where its events are sent, by POST"},                          \
        {"description", "What the team says of it"},                                               \
        {"filter", "Which events it gets; without restrictions, all"},                             \
        {"test", "A test key made it: it gets what a test key sees"},                              \
        {"state",                                                                                  \
            "A disabled one gets nothing. `PATCH` with `enabled` enables it again; `replay` "      \
            "brings what it missed"},                                                              \
        {"disabled_reason",                                                                        \
            "`request`: somebody disabled it. `gone`: it answered 410. `failing`: for five days "  \
            "all has failed"},                                                                     \
        {"disabled_at", "Since when it is disabled"},                                              \
        {"failing_since", "The first failure since the last success; null while all is well"},     \
        {"last_success_at", "When it last took an event, to the minute"},                          \
        {"last_failure_at", "When it last failed to, to the minute"},                              \
        {"held_until",                                                                             \
            "So much has failed that nothing is tried before; what waits keeps its attempts"},     \
        {"old_secret_ends_at", "Until then deliveries are signed with the old secret, too"},       \
        {"created_at", "When it was made"}, {"updated_at", "When it was last changed"},

FieldTexts field_texts(WebhookFilter const*)
{
    static constexpr auto texts = describe<WebhookFilter>({
        {"types", "Only events of these types; `GET /api/v1/event_types` has them"},
        {"direction", "Only events of messages of this direction"},
        {"account_ids", "Only events of these accounts, their conversations and messages"},
    });
    return texts;
}

FieldTexts field_texts(Webhook const*)
{
    static constexpr auto texts = describe<Webhook>({HERMOD_WEBHOOK_TEXTS});
    return texts;
}

FieldTexts field_texts(IssuedWebhook const*)
{
    static constexpr auto texts = describe<IssuedWebhook>({HERMOD_WEBHOOK_TEXTS{"secret",
        "What its deliveries are signed with, shown this once: `whsec_` and base64. Null where a "
        "request is answered again"}});
    return texts;
}

FieldTexts field_texts(WebhookEvent const*)
{
    static constexpr auto texts =
        describe<WebhookEvent>({{"webhook", "The webhook as it is now, without its secret"}});
    return texts;
}

FieldTexts field_texts(WebhookTombstone const*)
{
    static constexpr auto texts = describe<WebhookTombstone>({
        {"id", "The webhook that was deleted"},
        {"deleted_at", "When it was"},
    });
    return texts;
}

FieldTexts field_texts(WebhookDeletedEvent const*)
{
    static constexpr auto texts =
        describe<WebhookDeletedEvent>({{"webhook", "What is left of it"}});
    return texts;
}

FieldTexts field_texts(DeliveryError const*)
{
    static constexpr auto texts = describe<DeliveryError>({
        {"code",
            "What went wrong. Without a request: `event_gone`, `secret_unreadable`, "
            "`webhook_disabled`"},
        {"reason", "The same in words; never what the endpoint said"},
        {"status", "The status it answered with, where it did"},
    });
    return texts;
}

FieldTexts field_texts(Delivery const*)
{
    static constexpr auto texts = describe<Delivery>({
        {"id", "The delivery: the header `Hermod-Delivery`"},
        {"webhook_id", "The webhook it is for"},
        {"event_id", "The event: the header `webhook-id`"},
        {"event_type", "The event's type"},
        {"offset", "The event's number in the workspace's log"},
        {"conversation_id", "The conversation in whose order it is delivered"},
        {"state",
            "`pending` waits for its turn, `retrying` has failed and is tried again, `dead` was "
            "given up and can be retried by hand"},
        {"attempts", "How often it was tried"},
        {"parked",
            "It failed so often that the later events of its conversation went on without it"},
        {"next_attempt_at", "Not before then it is tried again; null once it has ended"},
        {"error", "Why the last attempt failed, or why there will be none"},
        {"created_at", "When it was made from the log"},
        {"finished_at", "When it was delivered or given up"},
    });
    return texts;
}

FieldTexts field_texts(DeliveryAttempt const*)
{
    static constexpr auto texts = describe<DeliveryAttempt>({
        {"n", "Its number: 1, 2, 3"},
        {"started_at", "When the request began"},
        {"duration_ms", "How long it took, to the end of the answer"},
        {"outcome", "Only a status of 2xx delivers"},
        {"status", "The status the endpoint answered with, where it did"},
        {"error", "Why it failed"},
    });
    return texts;
}

FieldTexts field_texts(DeliveredEvent const*)
{
    static constexpr auto texts = describe<DeliveredEvent>({
        {"type", "What happened; `GET /api/v1/event_types` has all types"},
        {"timestamp", "When it happened, as Standard Webhooks names it"},
        {"data", "The whole resource as its GET gives it, under its name"},
        {"id", "The event: the header `webhook-id`, the same on every attempt"},
        {"cursor", "Where it stands in the log"},
        {"offset", "Its number in the workspace's log: 1, 2, 3, without gaps"},
        {"conversation_id", "The conversation it happened in"},
        {"created_at", "When it happened"},
    });
    return texts;
}

FieldTexts field_texts(CreateWebhook const*)
{
    static constexpr auto texts = describe<CreateWebhook>({
        {"url", "Where to send events: `https://…`, or `http://…`, of a public address"},
        {"description", "What the team says of it"},
        {"filter", "Which events it gets; all, unless given"},
    });
    return texts;
}

FieldTexts field_texts(UpdateWebhook const*)
{
    static constexpr auto texts = describe<UpdateWebhook>({
        {"url", "Where to send events from now on, also those that wait"},
        {"description", "What the team says of it; null takes it away"},
        {"filter", "Instead of the whole filter there was; null lets all events pass"},
        {"enabled", "`false` disables it and gives up what is open, `true` enables it again"},
    });
    return texts;
}

FieldTexts field_texts(RotateSecret const*)
{
    static constexpr auto texts = describe<RotateSecret>(
        {{"overlap", "How many seconds deliveries are signed with the old secret, too"}});
    return texts;
}

FieldTexts field_texts(ReplayEvents const*)
{
    static constexpr auto texts = describe<ReplayEvents>({
        {"after", "A cursor: the events behind it are delivered again"},
        {"since", "Or a time: the events of then and later, as far back as the log is kept"},
    });
    return texts;
}

FieldTexts field_texts(Replay const*)
{
    static constexpr auto texts = describe<Replay>({
        {"webhook_id", "The webhook"},
        {"first_offset", "The first event that is looked at"},
        {"last_offset",
            "The last one; what is newer is delivered anyway. Below `first_offset`: there is "
            "nothing to replay"},
    });
    return texts;
}

FieldTexts field_texts(ListDeliveries const*)
{
    static constexpr auto texts = describe<ListDeliveries>(
        {{"state", "Only those in this state: `dead` for what was given up"}});
    return texts;
}

FieldTexts field_texts(DeliveryFilter const*)
{
    static constexpr auto texts = describe<DeliveryFilter>({
        {"webhook_id", "Only those for this webhook"},
        {"code", "Only those whose last error has this code"},
        {"created_from", "Only those made then or later"},
        {"created_before", "Only those made before then"},
    });
    return texts;
}

FieldTexts field_texts(RetryDeliveries const*)
{
    static constexpr auto texts =
        describe<RetryDeliveries>({{"filter", "Which dead deliveries; `{}` for all"}});
    return texts;
}

FieldTexts field_texts(RetriedDeliveries const*)
{
    static constexpr auto texts = describe<RetriedDeliveries>({
        {"retried", "How many are tried again"},
        {"has_more", "There may be more: ask again"},
    });
    return texts;
}

}
