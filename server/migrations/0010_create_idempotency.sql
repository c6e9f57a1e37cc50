-- The answers of requests made with an Idempotency-Key, kept 24 h.
CREATE TABLE idempotency (
    workspace_id UUID NOT NULL,
    caller_id UUID NOT NULL, -- a person; a login where the request belongs to no person yet
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BYTEA NOT NULL,
    status BIGINT NOT NULL,
    body TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, caller_id, route, key)
);
CREATE INDEX idempotency_by_expiry ON idempotency (workspace_id, expires_at);
