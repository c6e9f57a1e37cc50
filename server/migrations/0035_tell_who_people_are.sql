-- Of the newest event that changed whom the id stands for, or how they are called: what /sync tells
-- those who were away. 0: neither ever changed.
ALTER TABLE people ADD COLUMN identity_offset BIGINT NOT NULL DEFAULT 0;
CREATE INDEX people_by_identity ON people (workspace_id, identity_offset) WHERE identity_offset > 0;
