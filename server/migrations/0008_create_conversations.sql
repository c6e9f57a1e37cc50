CREATE TABLE conversations (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    title TEXT,
    account_id UUID,
    -- What makes it the only one of its kind: `direct:<person>:<person>`, `external:<account>:<person>`.
    unique_key TEXT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, id)
) /*sqlite: WITHOUT ROWID*/;

CREATE UNIQUE INDEX conversations_unique_key ON conversations (workspace_id, unique_key)
    WHERE unique_key IS NOT NULL;

-- What changes with every message, apart from what hardly ever does: reading the one never waits
-- for the other to be written.
CREATE TABLE conversation_heads (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    seq BIGINT NOT NULL,         -- of the newest message, gap-free from 1
    rev BIGINT NOT NULL,         -- rises with every change
    last_offset BIGINT NOT NULL, -- of the newest event about it
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id)
) /*sqlite: WITHOUT ROWID*/;

CREATE INDEX conversation_heads_by_activity ON conversation_heads (workspace_id, last_offset);

CREATE TABLE participants (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    person_id UUID NOT NULL,
    role TEXT NOT NULL,
    joined_seq BIGINT NOT NULL,
    joined_offset BIGINT NOT NULL,
    recv_seq BIGINT NOT NULL,
    read_seq BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, person_id)
) /*sqlite: WITHOUT ROWID*/;

CREATE INDEX participants_by_person ON participants (workspace_id, person_id, conversation_id);
