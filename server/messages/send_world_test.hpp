#pragma once

#include "jobs/store.hpp"
#include "messages/messages_world_test.hpp"

namespace hermod::messages {

/// Runs the jobs by hand, so that a test sees each step.
class SendWorld : public MessagesWorld {
protected:
    SendWorld() { new_account(caller); }

    /// Claims the message's newest job as the scheduler does, and works it off.
    jobs::Ended work(MessageId const& message, bool recovering = false)
    {
        auto const job = write(caller.workspace, [&](db::Tx& tx) {
            auto const row = *jobs::find_newest_of(tx, send_job, message);
            jobs::update_claimed(tx, row, !recovering);
            jobs::Claimed claimed{caller.workspace, row.id, row.kind, row.lane, row.order_key,
                row.payload, row.message_id, row.attempts + (recovering ? 0 : 1), row.claims + 1,
                row.created_at, recovering};
            if (!recovering)
                worker.claimed(tx, claimed);
            return claimed;
        });
        return run(recovering ? worker.recover(job) : worker.run(job));
    }
    Message fetch(MessageId const& id) { return run(get_message(deps, caller, id)); }
    static accounts::SendResult failure(accounts::ErrorKind kind)
    {
        return {{}, accounts::SendError{kind, "because", "42", {}}, {}};
    }

    accounts::Circuit circuit{db, clock};
    SendWorker worker{db, clock, connectors, keyring, circuit, metrics};
};

}
