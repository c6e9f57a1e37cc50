-- The log: one line per changed resource, numbered without gaps per workspace.
CREATE TABLE workspace_counters (
    workspace_id UUID NOT NULL PRIMARY KEY,
    event_offset BIGINT NOT NULL, -- of the newest event
    event_floor BIGINT NOT NULL,  -- events up to this offset are no longer kept
    job_position BIGINT NOT NULL  -- of the newest job
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE events (
    workspace_id UUID NOT NULL,
    log_offset BIGINT NOT NULL,
    id UUID NOT NULL,
    type TEXT NOT NULL,
    conversation_id UUID,
    person_id UUID, -- whom the event names: sees it even after leaving the conversation
    reach TEXT,     -- none: all who see its conversation; else `team`, or `person` alone
    data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, log_offset)
);
-- What erasure has to find; most events name nobody.
CREATE INDEX events_by_person ON events (workspace_id, person_id) WHERE person_id IS NOT NULL;
