#include "jobs/jobs.hpp"

namespace hermod::jobs {

FieldTexts field_texts(JobError const*)
{
    static constexpr auto texts = describe<JobError>({
        {"code", "What kind of error it is; of a send, the message's `error.code`"},
        {"reason", "What happened, in words"},
        {"retryable", "It is tried again, or trying again may help"},
    });
    return texts;
}

FieldTexts field_texts(Job const*)
{
    static constexpr auto texts = describe<Job>({
        {"id", "The job"},
        {"kind", "What it does"},
        {"lane", "How urgent it is: what is more urgent never waits for what is less"},
        {"state",
            "`queued` until `run_at`, `sending` while a try is under way, `retrying` between "
            "tries, `done`, `dead` when it was given up, `outcome_unknown` until it is "
            "settled whether the try did it"},
        {"attempts", "How many tries there were"},
        {"run_at", "When it runs, or ran last"},
        {"error", "What went wrong with the last try"},
        {"message_id", "The message it sends"},
        {"created_at", "When it was added"},
    });
    return texts;
}

FieldTexts field_texts(DeadFilter const*)
{
    static constexpr auto texts = describe<DeadFilter>({
        {"kind", "Only jobs of this kind"},
        {"code", "Only those whose last error has this code"},
        {"created_from", "Only those added then or later"},
        {"created_before", "Only those added before then"},
    });
    return texts;
}

FieldTexts field_texts(RetryJobs const*)
{
    static constexpr auto texts =
        describe<RetryJobs>({{"filter", "Which of the dead ones; empty: all"}});
    return texts;
}

FieldTexts field_texts(RetriedJobs const*)
{
    static constexpr auto texts = describe<RetriedJobs>({
        {"retried", "How many run again"},
        {"has_more", "There may be more: ask again"},
    });
    return texts;
}

}
