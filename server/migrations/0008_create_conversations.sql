CREATE TABLE conversations (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    title TEXT,
    account_id UUID,
    -- What makes it the only one of its kind: `direct:<person>:<person>`, `external:<account>:<person>`.
    unique_key TEXT,
    history TEXT NOT NULL, -- what one who joins sees: from `join` on, or from the `start`
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
    activity_offset BIGINT NOT NULL, -- the same without receipts, by which lists are ordered
    updated_at BIGINT NOT NULL,
    external BOOLEAN NOT NULL, -- a copy, for the index
    PRIMARY KEY (workspace_id, conversation_id)
) /*sqlite: WITHOUT ROWID*/;

CREATE INDEX conversation_heads_by_change ON conversation_heads (workspace_id, last_offset);
CREATE INDEX conversation_heads_external ON conversation_heads (workspace_id, last_offset)
    WHERE external;
CREATE INDEX conversation_heads_by_activity ON conversation_heads (workspace_id, activity_offset);

CREATE TABLE participants (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    person_id UUID NOT NULL,
    role TEXT NOT NULL,
    joined_seq BIGINT NOT NULL,    -- messages after it are seen; 0 where history is from the start
    joined_offset BIGINT NOT NULL, -- and events from it on
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, person_id)
) /*sqlite: WITHOUT ROWID*/;

CREATE INDEX participants_by_person ON participants (workspace_id, person_id, conversation_id);

-- A participant's own view. It changes with what they read and write, so it is apart from what a
-- send asks of them.
CREATE TABLE cursors (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    person_id UUID NOT NULL,
    recv_seq BIGINT NOT NULL, -- forward only, as read_seq, and never behind it
    read_seq BIGINT NOT NULL,
    marked_unread BOOLEAN NOT NULL,
    archived BOOLEAN NOT NULL,
    pinned BOOLEAN NOT NULL,
    muted_until BIGINT,
    changed_offset BIGINT NOT NULL, -- of the newest event about it that the person alone was told
    PRIMARY KEY (workspace_id, conversation_id, person_id)
) /*sqlite: WITHOUT ROWID*/;

CREATE INDEX cursors_by_change ON cursors (workspace_id, person_id, changed_offset);

-- Who left, and when: told to those who catch up.
CREATE TABLE departures (
    workspace_id UUID NOT NULL,
    person_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    left_offset BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, person_id, conversation_id)
) /*sqlite: WITHOUT ROWID*/;

-- Messages that do not count as unread: silent and deleted ones; internal ones not for outsiders.
CREATE TABLE uncounted (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    internal BIGINT NOT NULL, -- 1: it counts for the team
    PRIMARY KEY (workspace_id, conversation_id, seq)
) /*sqlite: WITHOUT ROWID*/;

-- How many of them by 1,024 messages, so that no reader counts more than one such range.
CREATE TABLE uncounted_ranges (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    n BIGINT NOT NULL, -- seq / 1024
    everybody BIGINT NOT NULL,
    internal BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, n)
) /*sqlite: WITHOUT ROWID*/;

CREATE TABLE mentions (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    person_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, conversation_id, person_id, seq)
) /*sqlite: WITHOUT ROWID*/;
