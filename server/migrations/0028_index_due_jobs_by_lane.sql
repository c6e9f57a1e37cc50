-- What the scheduler left for later is read by time, lane by lane: a lane that is full does not hide
-- what is due in another.
CREATE INDEX jobs_due_by_lane ON jobs (workspace_id, lane, run_at, position)
    WHERE state IN ('queued', 'retrying', 'outcome_unknown');
DROP INDEX jobs_due;
