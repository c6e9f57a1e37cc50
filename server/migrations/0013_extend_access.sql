-- A session is a family of refresh tokens, of which the one of `generation` is good; or a browser's
-- cookie, whose hash is in refresh_hash.
ALTER TABLE sessions ADD COLUMN mode TEXT NOT NULL DEFAULT 'bearer'; -- bearer, cookie
ALTER TABLE sessions ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN remote_address TEXT; -- of the newest sign-in or refresh
ALTER TABLE sessions ADD COLUMN user_agent TEXT;

-- Of a key that was rotated with overlap: the old secret, and until when it is good.
ALTER TABLE api_keys ADD COLUMN previous_hash BYTEA;
ALTER TABLE api_keys ADD COLUMN previous_ends_at BIGINT;
ALTER TABLE api_keys ADD COLUMN publishable TEXT; -- what a key for browsers may do; JSON
ALTER TABLE credentials ADD COLUMN expires_at BIGINT;
CREATE INDEX credentials_by_expiry ON credentials (expires_at);

-- Global: what opens one stream, once. A used one stays an hour, so that it can be told apart.
CREATE TABLE stream_tickets (
    hash BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL, -- session, api_key, person
    subject_id UUID NOT NULL,
    workspace_id UUID NOT NULL, -- nil: a login that named none
    holder_ends_at BIGINT NOT NULL, -- when the credentials that asked for it end
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX stream_tickets_by_age ON stream_tickets (created_at);

-- Global: from where a login has signed in, so that a stranger's guessing does not keep it out.
CREATE TABLE known_places (
    login_id UUID NOT NULL,
    place BYTEA NOT NULL, -- the hash of the address, of an IPv6 one its /64
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (login_id, place)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX known_places_by_age ON known_places (seen_at);

-- How often a publishable key has sent to a recipient, per UTC day.
CREATE TABLE publishable_uses (
    workspace_id UUID NOT NULL,
    key_id UUID NOT NULL,
    recipient TEXT NOT NULL, -- kind and match key
    day BIGINT NOT NULL, -- since 1970
    uses BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, key_id, recipient, day)
) /*sqlite: WITHOUT ROWID*/;
CREATE INDEX publishable_uses_by_day ON publishable_uses (workspace_id, day);
