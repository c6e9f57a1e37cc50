CREATE TABLE messages (
    workspace_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    id UUID NOT NULL,
    created_rev BIGINT NOT NULL, -- the conversation's rev when it was made
    rev BIGINT NOT NULL,         -- and when it last changed
    author_id UUID NOT NULL,
    direction TEXT,
    account_id UUID,
    provider_id TEXT,
    from_address TEXT,
    recipients TEXT, -- JSON list, of external messages alone
    type TEXT NOT NULL,
    content TEXT NOT NULL,
    subject TEXT,
    status TEXT,
    error TEXT,
    visibility TEXT NOT NULL,
    client_id TEXT,
    reply_to UUID,
    forwarded_from UUID,
    silent BOOLEAN NOT NULL,
    mentions TEXT,  -- JSON list of person ids
    reactions TEXT, -- JSON list
    metadata TEXT NOT NULL,
    log_offset BIGINT NOT NULL, -- of its message.created
    later_offsets TEXT,         -- JSON list: of its other events, for erasure
    created_at BIGINT NOT NULL,
    send_at BIGINT,
    edited_at BIGINT,
    pinned_at BIGINT,
    deleted_at BIGINT,
    PRIMARY KEY (workspace_id, conversation_id, seq)
);

CREATE UNIQUE INDEX messages_by_id ON messages (workspace_id, id);
-- The log of what crossed an account; in-app messages are not in it and do not pay for it.
CREATE INDEX messages_external ON messages (workspace_id, log_offset) WHERE direction IS NOT NULL;
CREATE INDEX messages_by_provider_id ON messages (workspace_id, account_id, provider_id)
    WHERE provider_id IS NOT NULL;
-- Created ones are found by their seq, which rises with created_rev: only later changes are here.
CREATE INDEX messages_changed ON messages (workspace_id, conversation_id, rev)
    WHERE rev > created_rev;
CREATE INDEX messages_pinned ON messages (workspace_id, conversation_id, seq)
    WHERE pinned_at IS NOT NULL;

-- What an edited message said before.
CREATE TABLE message_edits (
    workspace_id UUID NOT NULL,
    message_id UUID NOT NULL,
    n BIGINT NOT NULL,
    content TEXT NOT NULL,
    written_at BIGINT NOT NULL,
    replaced_at BIGINT NOT NULL,
    replaced_by UUID NOT NULL,
    PRIMARY KEY (workspace_id, message_id, n)
);

-- The `client_id` of a message, kept 24 h: a retry finds its first answer.
CREATE TABLE message_keys (
    workspace_id UUID NOT NULL,
    author_id UUID NOT NULL,
    client_id TEXT NOT NULL,
    message_id UUID NOT NULL,
    body_hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, author_id, client_id)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX message_keys_by_age
    ON message_keys (workspace_id, created_at, author_id, client_id);

-- Every try of an outgoing message.
CREATE TABLE attempts (
    workspace_id UUID NOT NULL,
    message_id UUID NOT NULL,
    n BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (workspace_id, message_id, n)
) /*sqlite: WITHOUT ROWID*/;

-- What a provider has handed in: the same thing twice is dropped.
CREATE TABLE provider_inputs (
    workspace_id UUID NOT NULL,
    account_id UUID NOT NULL,
    provider_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    message_id UUID,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, account_id, provider_id, kind, status)
) /*sqlite: WITHOUT ROWID*/;
