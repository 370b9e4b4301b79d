-- When somebody last changed what a run is, other than its state: an edit shows in updated_at only until the next transition, and a
-- run that a person edited is not skipped by the catch-up policy of the schedule that made it.
alter table flow_runs add column edited_at timestamptz;
