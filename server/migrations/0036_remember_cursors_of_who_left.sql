-- How far they had read, which is beyond all that they wrote: for one who comes back by a merge.
ALTER TABLE departures ADD COLUMN read_seq BIGINT NOT NULL DEFAULT 0;
