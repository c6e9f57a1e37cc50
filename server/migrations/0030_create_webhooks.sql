CREATE TABLE webhooks (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    url TEXT NOT NULL,
    description TEXT,
    filter TEXT NOT NULL,
    test BOOLEAN NOT NULL, -- made by a test key: gets what a test key sees
    state TEXT NOT NULL,
    disabled_reason TEXT,
    disabled_at BIGINT,
    secret TEXT,     -- sealed; none once deleted
    old_secret TEXT, -- the one before the last rotation, sealed
    old_secret_ends_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT, -- set: its deliveries are being removed, then it is
    PRIMARY KEY (workspace_id, id)
);

-- What changes with the traffic, apart from what is configured: a narrow row per webhook that is
-- not deleted.
CREATE TABLE webhook_progress (
    workspace_id UUID NOT NULL,
    webhook_id UUID NOT NULL,
    live BOOLEAN NOT NULL,      -- the webhook is enabled
    log_offset BIGINT NOT NULL, -- deliveries stand for all events up to here
    replay_offset BIGINT,       -- likewise of a replay under way,
    replay_until BIGINT,        -- which ends with this event
    failing_since BIGINT,       -- the first failure since the last success
    last_success_at BIGINT,
    last_failure_at BIGINT,
    held_until BIGINT,          -- the circuit is open
    holds BIGINT NOT NULL,      -- how often it opened in a row
    PRIMARY KEY (workspace_id, webhook_id)
) /*sqlite: WITHOUT ROWID*/;

-- One event for one webhook; a row is its own queue entry.
CREATE TABLE deliveries (
    workspace_id UUID NOT NULL,
    webhook_id UUID NOT NULL,
    log_offset BIGINT NOT NULL, -- of the event
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    event_type TEXT NOT NULL,
    conversation_id UUID, -- order is kept within it
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL, -- of this life: the place in the schedule
    tries BIGINT NOT NULL,    -- of all lives: the number of the last attempt
    parked BOOLEAN NOT NULL,  -- failed so often that its conversation went on without it
    next_at BIGINT NOT NULL,
    failure TEXT, -- of the last attempt
    failure_reason TEXT,
    status BIGINT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (workspace_id, webhook_id, log_offset)
) /*sqlite: WITHOUT ROWID*/;

CREATE UNIQUE INDEX deliveries_by_id ON deliveries (workspace_id, id);
-- What is to be done: the open ones alone, so that history costs nothing.
CREATE INDEX deliveries_open ON deliveries (workspace_id, webhook_id, log_offset)
    WHERE state IN ('pending', 'retrying');
CREATE INDEX deliveries_due ON deliveries (workspace_id, webhook_id, next_at, log_offset)
    WHERE state = 'retrying';
CREATE INDEX deliveries_dead ON deliveries (workspace_id, webhook_id, log_offset)
    WHERE state = 'dead';
CREATE INDEX deliveries_finished ON deliveries (workspace_id, finished_at)
    WHERE finished_at IS NOT NULL;

CREATE TABLE delivery_attempts (
    workspace_id UUID NOT NULL,
    delivery_id UUID NOT NULL,
    n BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    failure TEXT, -- none: delivered
    failure_reason TEXT,
    status BIGINT,
    PRIMARY KEY (workspace_id, delivery_id, n)
) /*sqlite: WITHOUT ROWID*/;
