-- Set: this person is an alias of that one, never of another alias.
ALTER TABLE people ADD COLUMN merged_into UUID;
CREATE INDEX people_by_survivor ON people (workspace_id, merged_into) WHERE merged_into IS NOT NULL;

-- Every merge with what the survivor took over, so that it can be undone. Offsets of its events
-- name it and tell when it happened.
CREATE TABLE person_merges (
    workspace_id UUID NOT NULL,
    merged_offset BIGINT NOT NULL,
    merged_id UUID NOT NULL,
    survivor_id UUID NOT NULL, -- may have been merged into another since
    taken TEXT NOT NULL,       -- JSON
    moving BOOLEAN NOT NULL,   -- conversations are still on their way, there or back
    undone_offset BIGINT,
    PRIMARY KEY (workspace_id, merged_offset)
) /*sqlite: WITHOUT ROWID*/;
CREATE UNIQUE INDEX person_merges_in_force ON person_merges (workspace_id, merged_id)
    WHERE undone_offset IS NULL;
CREATE INDEX person_merges_by_survivor ON person_merges (workspace_id, survivor_id)
    WHERE undone_offset IS NULL;
CREATE INDEX person_merges_moving ON person_merges (workspace_id, merged_id) WHERE moving;
CREATE INDEX person_merges_undone ON person_merges (workspace_id, undone_offset)
    WHERE undone_offset IS NOT NULL;

-- In which conversations the survivor of a merge took the merged person's place.
CREATE TABLE participant_moves (
    workspace_id UUID NOT NULL,
    merged_offset BIGINT NOT NULL,
    conversation_id UUID NOT NULL,
    survivor_id UUID NOT NULL,
    place TEXT NOT NULL,      -- JSON: the merged person's
    own_place TEXT,           -- JSON: the survivor's before; none: they were not in it
    rekeyed BOOLEAN NOT NULL, -- the conversation became the survivor's one of its kind
    PRIMARY KEY (workspace_id, merged_offset, conversation_id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX participant_moves_by_conversation
    ON participant_moves (workspace_id, conversation_id, survivor_id);
