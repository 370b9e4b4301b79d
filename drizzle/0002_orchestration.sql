-- What a workspace runs: work pools with their queues and workers, deployments with schedules and versions, limits whose slots
-- are leases, claims of runs, and what is to be looked at again later.

-- Where work waits for workers -------------------------------------------------------------------------------------

create table work_pools (
  workspace_id          uuid not null references workspaces on delete cascade,
  id                    uuid not null,
  name                  text not null check (length(name) between 1 and 500 and name !~ '[/%&<>]'),
  description           text,
  type                  text not null check (length(type) between 1 and 200),
  -- As sent: defaults of any size survive.
  base_job_template     json not null default '{}',
  is_paused             boolean not null default false,
  -- Who paused it, {id, type, display_value}: told to whoever asks why a run waits.
  paused_by             jsonb,
  concurrency_limit     integer check (concurrency_limit >= 0),
  storage_configuration jsonb not null default '{}',
  -- Made with the pool. No foreign key: queues point to their pool already.
  default_queue_id      uuid not null,
  status                text not null default 'NOT_READY' check (status in ('READY', 'NOT_READY', 'PAUSED')),
  status_changed_at     timestamptz not null default now(),
  -- The event that told of the present status; the next one follows it.
  status_event_id       uuid,
  last_polled_at        timestamptz,
  created_by            jsonb,
  created_at            timestamptz not null default now(),
  updated_at            timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
) with (fillfactor = 75);

create table work_queues (
  workspace_id      uuid not null,
  id                uuid not null,
  work_pool_id      uuid not null,
  name              text not null check (length(name) between 1 and 500 and name !~ '[/%&<>]'),
  description       text not null default '',
  is_paused         boolean not null default false,
  paused_by         jsonb,
  concurrency_limit integer check (concurrency_limit >= 0),
  -- 1 is served first. Two queues may share one while a third is moved between them.
  priority          integer not null check (priority >= 1),
  -- Clients 2.x: {tags, deployment_ids} that choose runs instead of the queue that a run names.
  filter            json,
  status            text not null default 'NOT_READY' check (status in ('READY', 'NOT_READY', 'PAUSED')),
  status_changed_at timestamptz not null default now(),
  last_polled_at    timestamptz,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, work_pool_id, name),
  foreign key (workspace_id, work_pool_id) references work_pools (workspace_id, id) on delete cascade
) with (fillfactor = 75);

-- A worker is made by its first heartbeat. Beats write this row only, in batches; nothing that they change is indexed.
create table workers (
  workspace_id               uuid not null,
  id                         uuid not null,
  work_pool_id               uuid not null,
  name                       text not null check (length(name) between 1 and 500),
  heartbeat_interval_seconds integer,
  last_heartbeat_at          timestamptz,
  status                     text not null default 'ONLINE' check (status in ('ONLINE', 'OFFLINE')),
  client_version             text,
  metadata                   json,
  created_by                 jsonb,
  created_at                 timestamptz not null default now(),
  updated_at                 timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, work_pool_id, name),
  foreign key (workspace_id, work_pool_id) references work_pools (workspace_id, id) on delete cascade
) with (fillfactor = 60);

-- Limits and the slots that are taken of them ----------------------------------------------------------------------

-- Tag limits are named tag:{tag}, a deployment's own deployment:{id}; the rest are the workspace's.
create table concurrency_limits (
  workspace_id              uuid not null references workspaces on delete cascade,
  id                        uuid not null,
  name                      text not null check (length(name) between 1 and 1000),
  slot_limit                integer not null check (slot_limit >= 0),
  active                    boolean not null default true,
  -- Slots that come back by themselves each second; 0: they are held until given back.
  slot_decay_per_second     double precision not null default 0 check (slot_decay_per_second >= 0),
  -- Slots that were asked for and not to be had; only tells how long to wait.
  denied_slots              bigint not null default 0,
  average_occupancy_seconds double precision not null default 2,
  created_at                timestamptz not null default now(),
  updated_at                timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
) with (fillfactor = 60);

-- A slot is a row: what is taken of a limit is the sum over its live leases, read under the limit's row lock, so no count can drift.
-- A lease over several limits is a row in each, with one id.
create table slot_leases (
  workspace_id uuid not null,
  limit_id     uuid not null,
  id           uuid not null,
  slots        integer not null check (slots > 0),
  -- operator: set by hand; client: a client that names no holder.
  holder_type  text not null check (holder_type in ('flow_run', 'task_run', 'deployment', 'operator', 'client')),
  holder_id    uuid,
  held_since   timestamptz not null,
  -- Of a limit whose slots come back by themselves: when these begin to, since those taken before them come back first.
  drains_from  timestamptz,
  -- null: held until given back, since the client cannot renew.
  expires_at   timestamptz,
  primary key (workspace_id, limit_id, id),
  foreign key (workspace_id, limit_id) references concurrency_limits (workspace_id, id) on delete cascade
) with (fillfactor = 70);
-- Renewing and giving back by the lease.
create index slot_leases_lease on slot_leases (workspace_id, id);
-- What a run holds, to be given back when it ends.
create index slot_leases_holder on slot_leases (workspace_id, holder_id) where holder_id is not null;

-- Deployments ------------------------------------------------------------------------------------------------------

create table deployments (
  workspace_id               uuid not null,
  id                         uuid not null,
  flow_id                    uuid not null,
  name                       text not null check (length(name) between 1 and 500),
  version                    text,
  -- The row of deployment_versions that this one shows.
  version_id                 uuid,
  version_info               jsonb,
  -- Of a deployment that was branched off another one: the branch it is for, that one's id, and the id of the first of the line.
  branch                     text check (length(branch) <= 500),
  base                       uuid,
  root                       uuid,
  description                text,
  paused                     boolean not null default false,
  disabled                   boolean not null default false,
  tags                       text[] not null default '{}',
  labels                     jsonb not null default '{}',
  parameters                 json not null default '{}',
  parameter_openapi_schema   json,
  enforce_parameter_schema   boolean not null default true,
  entrypoint                 text,
  path                       text,
  manifest_path              text,
  pull_steps                 json,
  storage_document_id        uuid,
  infrastructure_document_id uuid,
  job_variables              json not null default '{}',
  work_queue_id              uuid,
  concurrency_limit_id       uuid,
  concurrency_options        jsonb,
  status                     text not null default 'NOT_READY' check (status in ('READY', 'NOT_READY')),
  last_polled_at             timestamptz,
  created_by                 jsonb,
  updated_by                 jsonb,
  created_at                 timestamptz not null default now(),
  updated_at                 timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, flow_id, name),
  foreign key (workspace_id, flow_id) references flows (workspace_id, id) on delete cascade,
  foreign key (workspace_id, work_queue_id) references work_queues (workspace_id, id) on delete set null (work_queue_id),
  foreign key (workspace_id, concurrency_limit_id) references concurrency_limits (workspace_id, id) on delete set null (concurrency_limit_id)
) with (fillfactor = 75);
-- Deployments of a queue: polls mark them ready.
create index deployments_queue on deployments (workspace_id, work_queue_id) where work_queue_id is not null;
-- Deployments that are served without a queue: watched for going silent.
create index deployments_served on deployments (workspace_id, id) where work_queue_id is null;
create index deployments_limit on deployments (workspace_id, concurrency_limit_id) where concurrency_limit_id is not null;

-- What a deployment was, each time that it was changed: shown, compared, gone back to.
create table deployment_versions (
  workspace_id  uuid not null,
  deployment_id uuid not null,
  id            uuid not null,
  -- 1, 2, 3 … within the deployment.
  number        integer not null check (number >= 1),
  version       text,
  version_info  jsonb,
  -- The columns that a version keeps, as one object.
  snapshot      json not null,
  created_by    jsonb,
  created_at    timestamptz not null default now(),
  primary key (workspace_id, deployment_id, id),
  unique (workspace_id, deployment_id, number),
  foreign key (workspace_id, deployment_id) references deployments (workspace_id, id) on delete cascade
);

create table deployment_schedules (
  workspace_id       uuid not null,
  deployment_id      uuid not null,
  id                 uuid not null,
  slug               text check (length(slug) between 1 and 500),
  schedule           jsonb not null,
  active             boolean not null default true,
  parameters         json not null default '{}',
  max_scheduled_runs integer check (max_scheduled_runs > 0),
  -- What happens to fire times that passed while nobody looked: {kind: all | latest | none | last, count?}.
  catch_up           jsonb not null default '{"kind": "none"}',
  -- Runs have been made for every fire time up to here; null: for none yet.
  scheduled_until    timestamptz,
  -- When the scheduler has to look at it again; null: never (it is over).
  look_at            timestamptz,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  primary key (workspace_id, deployment_id, id),
  unique (workspace_id, deployment_id, slug),
  foreign key (workspace_id, deployment_id) references deployments (workspace_id, id) on delete cascade
) with (fillfactor = 75);
-- The scheduler's turn: what is due, and nothing else.
create index deployment_schedules_due on deployment_schedules (look_at) where look_at is not null and active;

-- Runs -------------------------------------------------------------------------------------------------------------

alter table flow_runs
  add column deployment_version_id uuid,
  -- The claim that may still move the run: whoever holds an older one is refused. Given by each SCHEDULED → PENDING.
  add column claim_token uuid,
  add foreign key (workspace_id, deployment_id) references deployments (workspace_id, id) on delete set null (deployment_id);

-- Runs of a deployment, and what its deletion has to visit.
create index flow_runs_deployment_expected on flow_runs (workspace_id, deployment_id, expected_start_at, id) where deployment_id is not null;
-- Due work of a queue. Partial by the same column that it sorts by: rows leave the index when the run leaves SCHEDULED.
create index flow_runs_queue_due on flow_runs (workspace_id, work_queue_id, next_scheduled_start_at) where next_scheduled_start_at is not null;
-- Due work of a deployment that is served; what an unpaused or changed deployment takes back.
create index flow_runs_deployment_due on flow_runs (workspace_id, deployment_id, next_scheduled_start_at) where next_scheduled_start_at is not null;

-- Who executes a run now: a row while the run is PENDING, RUNNING or CANCELLING and somebody claimed it or sends beats for it.
-- It is also the slot that the run takes of its work pool and queue. Beats change no indexed column.
create table run_claims (
  workspace_id  uuid not null,
  run_id        uuid not null,
  -- Equal to the run's claim_token.
  token         uuid not null,
  work_pool_id  uuid,
  work_queue_id uuid,
  holder_type   text not null check (holder_type in ('worker', 'runner', 'agent', 'client')),
  holder_id     uuid,
  holder_name   text,
  claimed_at    timestamptz not null,
  -- The last sign of life, and until when that is enough; null: the holder sends none.
  beat_at       timestamptz,
  expires_at    timestamptz,
  primary key (workspace_id, run_id),
  foreign key (workspace_id, run_id) references flow_runs (workspace_id, id) on delete cascade
) with (fillfactor = 60);
create index run_claims_queue on run_claims (workspace_id, work_queue_id) where work_queue_id is not null;
create index run_claims_pool on run_claims (workspace_id, work_pool_id) where work_pool_id is not null;

-- A run to look at again at an instant: a pause that may have timed out, a cancellation that nobody confirmed, children to
-- cancel, a deadline. Written with the transition; whoever looks decides anew, so that a stale row does no harm.
create table run_follow_ups (
  workspace_id uuid not null,
  run_id       uuid not null,
  kind         text not null check (kind in ('pause-timeout', 'cancel-timeout', 'cancel-children', 'deadline')),
  due_at       timestamptz not null,
  primary key (workspace_id, run_id, kind)
);
create index run_follow_ups_due on run_follow_ups (kind, due_at);

-- When a background loop last had its turn, on whichever replica: a gap tells that nobody was there to be heard.
create table service_turns (
  name text primary key,
  at   timestamptz not null
);

-- What is left of runs that did not stop when they were asked to: a worker of the pool is told to tear it down, over its channel.
create table worker_cleanups (
  workspace_id   uuid not null,
  id             uuid not null,
  work_pool_id   uuid not null,
  work_queue_id  uuid,
  kind           text not null check (kind in ('cancelling_timeout_teardown.v1', 'pending_claim_teardown.v1')),
  -- {flow_run_id, infrastructure_pid}
  target         jsonb not null,
  -- How often it was handed out; after the third time nobody is asked again.
  deliveries     integer not null default 0,
  -- One worker has it, until then.
  token          uuid,
  reserved_until timestamptz,
  created_at     timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, work_pool_id) references work_pools (workspace_id, id) on delete cascade
) with (fillfactor = 70);
create index worker_cleanups_pool on worker_cleanups (workspace_id, work_pool_id);

-- Background tasks that wait for a task worker.
create table background_tasks (
  workspace_id  uuid not null,
  task_run_id   uuid not null,
  task_key      text not null,
  -- Retries are handed out before new ones.
  is_retry      boolean not null default false,
  enqueued_at   timestamptz not null,
  available_at  timestamptz not null,
  -- Handed to this client, which has until then to say that it got it.
  handed_to     text,
  handed_until  timestamptz,
  primary key (workspace_id, task_run_id),
  foreign key (workspace_id, task_run_id) references task_runs (workspace_id, id) on delete cascade
);
create index background_tasks_waiting on background_tasks (workspace_id, task_key, is_retry desc, available_at);

-- Task workers that are connected now, a row a connection, so that every replica can list them. One that is not renewed is gone.
create table task_workers (
  workspace_id uuid not null references workspaces on delete cascade,
  id           uuid not null,
  identifier   text not null,
  task_keys    text[] not null,
  seen_at      timestamptz not null,
  primary key (workspace_id, id)
);

-- Lines that workers write about themselves.
create index logs_of_worker on logs (workspace_id, worker_id, at, id) where worker_id is not null;

do $$
declare
  tenant_table text;
begin
  foreach tenant_table in array array[
    'work_pools', 'work_queues', 'workers', 'concurrency_limits', 'slot_leases', 'deployments', 'deployment_versions',
    'deployment_schedules', 'run_claims', 'run_follow_ups', 'worker_cleanups', 'background_tasks', 'task_workers'
  ] loop
    execute format('alter table %I enable row level security', tenant_table);
    execute format('create policy tenant on %I to rigel_page using (workspace_id = current_workspace_id()) with check (workspace_id = current_workspace_id())', tenant_table);
    execute format('grant select, insert, update, delete on %I to rigel_page', tenant_table);
  end loop;
end $$;
