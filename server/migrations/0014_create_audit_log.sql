-- Who did what to what, written with it. No secrets.
CREATE TABLE audit_log (
    workspace_id UUID NOT NULL,
    id UUID NOT NULL,
    action TEXT NOT NULL, -- `api_key.created`
    actor_kind TEXT NOT NULL,
    actor_person_id UUID,
    actor_login_id UUID,
    actor_key_id UUID,
    target TEXT, -- an id
    details TEXT NOT NULL, -- a list of {name, value}
    request_id TEXT,
    remote_address TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, id)
);
CREATE INDEX audit_log_by_age ON audit_log (workspace_id, created_at, id);
CREATE INDEX audit_log_by_actor ON audit_log (workspace_id, actor_person_id, created_at, id);
CREATE INDEX audit_log_by_target ON audit_log (workspace_id, target, created_at, id);

-- Global: what a login did with itself (sessions, its password), which concerns every workspace it
-- is a member of.
CREATE TABLE login_audit (
    id UUID NOT NULL PRIMARY KEY,
    login_id UUID NOT NULL,
    action TEXT NOT NULL,
    target TEXT,
    details TEXT NOT NULL,
    request_id TEXT,
    remote_address TEXT,
    created_at BIGINT NOT NULL
);
CREATE INDEX login_audit_by_age ON login_audit (created_at);
CREATE INDEX login_audit_by_login ON login_audit (login_id, created_at, id);
