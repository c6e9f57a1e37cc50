-- Facts of this installation. The epoch is part of every cursor and changes on a restore.
CREATE TABLE instance (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

/*sqlite:
INSERT INTO instance (name, value) VALUES ('epoch', lower(hex(randomblob(8))));
*/
/*postgres:
INSERT INTO instance (name, value)
VALUES ('epoch', substr(replace(gen_random_uuid()::text, '-', ''), 17));
*/

-- Who holds what alone among the nodes, by the database's clock. The fence rises at every change of
-- hands; a write that carries an older one is refused.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY, -- `shard/7`, `account/acc_…`
    holder TEXT NOT NULL,
    fence BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
