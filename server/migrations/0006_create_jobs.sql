CREATE TABLE jobs (
    workspace_id UUID NOT NULL,
    position BIGINT NOT NULL, -- order of adding, per workspace
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    lane TEXT NOT NULL,
    order_key TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL, -- tries that counted
    claims BIGINT NOT NULL,   -- times taken up: the token of the claim under way
    run_at BIGINT NOT NULL,
    payload TEXT NOT NULL,
    message_id UUID,
    error TEXT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (workspace_id, position)
) /*sqlite: WITHOUT ROWID*/;

CREATE UNIQUE INDEX jobs_by_id ON jobs (workspace_id, id);
-- What the scheduler loads: the open ones alone, so that history costs nothing.
CREATE INDEX jobs_open ON jobs (workspace_id, lane, position)
    WHERE state IN ('queued', 'sending', 'retrying', 'outcome_unknown');
CREATE INDEX jobs_due ON jobs (workspace_id, run_at)
    WHERE state IN ('queued', 'retrying', 'outcome_unknown');
CREATE INDEX jobs_dead ON jobs (workspace_id, position) WHERE state = 'dead';
CREATE INDEX jobs_by_message ON jobs (workspace_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (workspace_id, finished_at) WHERE finished_at IS NOT NULL;
