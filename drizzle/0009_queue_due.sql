-- Due work of a queue. Runs of deployments that are served have none, and stood here all the same: about a tenth of what making their runs
-- ahead cost Postgres. Whoever asks names the queue, which implies the predicate.
drop index flow_runs_queue_due;
create index flow_runs_queue_due on flow_runs (workspace_id, work_queue_id, next_scheduled_start_at)
  where next_scheduled_start_at is not null and work_queue_id is not null;
