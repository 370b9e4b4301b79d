-- Sorting the runs of one flow by start reads flow_runs_flow_expected plus its few late starts. Without this index those are found
-- among the late starts of all flows, or among all runs of the flow: 3 ms instead of 0.02 ms for a flow of 12,000 runs.
create index flow_runs_flow_late_start on flow_runs (workspace_id, flow_id, late_start_at) where late_start_at is not null;
