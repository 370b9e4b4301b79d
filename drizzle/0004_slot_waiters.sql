-- Who waits for slots of a limit: one line for all replicas, so that slots go to whoever has waited longest, wherever it asks.

-- Written when slots are refused, under the limit's row lock, and gone when they are granted or given up. Whoever waits renews its row;
-- a row that is not renewed lapses, so that those who wait on a replica that was killed stand in nobody's way for long. An order for
-- several limits has a row in the line of each that refused it.
create table slot_waiters (
  workspace_id  uuid not null,
  limit_id      uuid not null,
  -- Of an open request its own; of a holder that asks again later the holder's, so that it finds its place again.
  id            uuid not null,
  slots         integer not null check (slots > 0),
  holder_type   text not null check (holder_type in ('flow_run', 'task_run', 'deployment', 'client')),
  holder_id     uuid,
  -- Its place in the line.
  since         timestamptz not null,
  -- null: its request is open, and takes what comes free; whoever came later leaves it that much.
  asks_again_at timestamptz,
  lapses_at     timestamptz not null,
  primary key (workspace_id, limit_id, id),
  foreign key (workspace_id, limit_id) references concurrency_limits (workspace_id, id) on delete cascade
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
-- What a run waits for.
create index slot_waiters_holder on slot_waiters (workspace_id, holder_id) where holder_id is not null;

alter table slot_waiters enable row level security;
create policy tenant on slot_waiters to rigel_page using (workspace_id = current_workspace_id()) with check (workspace_id = current_workspace_id());
grant select, insert, update, delete on slot_waiters to rigel_page;
