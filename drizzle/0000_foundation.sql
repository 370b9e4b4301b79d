-- Rigel, migration 1. Forward only; never edited once landed.
--
-- Rules that every table below keeps (design, section 6):
--  * A tenant table starts with workspace_id: in its primary key, in every unique key and in every foreign key,
--    so a pointer across tenants cannot be stored.
--  * Row-level security is the second wall: rigel_page sees only the workspace set for its transaction.
--    The engine's batch writers act as the owner, whom the policies do not bind, and carry the tenant in every row.
--  * No index names a column that a state transition changes (not in a predicate either), so transitions stay HOT.
--  * History is partitioned by time; retention is dropping a partition.

-- Roles ------------------------------------------------------------------------------------------------------------

do $$
begin
  create role rigel_page nologin;
exception when duplicate_object or unique_violation then
  null; -- made by another database of this cluster
end $$;

do $$
begin
  if not pg_has_role(current_user, 'rigel_page', 'member') then
    execute format('grant rigel_page to %I', current_user);
  end if;
end $$;

-- The workspace that the present transaction may see; null (nothing) when none was set.
create function current_workspace_id() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('rigel.workspace_id', true), '')::uuid;

create type state_type as enum
  ('SCHEDULED', 'PENDING', 'RUNNING', 'PAUSED', 'CANCELLING', 'COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED');

-- Global: who there is ---------------------------------------------------------------------------------------------

create table users (
  id            uuid primary key,
  actor_id      uuid not null unique,
  handle        text not null unique check (handle ~ '^[a-z0-9](-?[a-z0-9])*$' and length(handle) <= 60),
  name          text not null default '' check (length(name) <= 500),
  email         text check (length(email) <= 320),
  image_url     text check (length(image_url) <= 2048),
  settings      jsonb not null default '{}',
  last_login_at timestamptz,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now()
);
-- Who is this e-mail's user: the admin command, and member lookups.
create index users_email on users (lower(email));

-- An identity at a sign-in provider. The provider's own id decides, never the login, which its owner may rename.
create table user_identities (
  provider             text not null,
  provider_account_id  text not null,
  user_id              uuid not null references users on delete cascade,
  login                text,
  created_at           timestamptz not null default now(),
  primary key (provider, provider_account_id)
);
create index user_identities_user on user_identities (user_id);

-- Browser sessions. Only the hash of the token is kept.
create table sessions (
  id           uuid primary key,
  token_hash   bytea not null unique check (octet_length(token_hash) = 32),
  user_id      uuid not null references users on delete cascade,
  expires_at   timestamptz not null,
  ip_address   text,
  user_agent   text check (length(user_agent) <= 500),
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
create index sessions_user on sessions (user_id);

-- One-time sign-in links, printed at start-up on loopback.
create table sign_in_links (
  token_hash bytea primary key check (octet_length(token_hash) = 32),
  expires_at timestamptz not null,
  used_at    timestamptz
);

create table accounts (
  id               uuid primary key,
  name             text not null check (length(name) between 1 and 500),
  handle           text not null unique check (handle ~ '^[a-z0-9](-?[a-z0-9])*$' and length(handle) <= 60),
  -- Set on the account made at that user's sign-up.
  personal_user_id uuid unique references users on delete set null,
  settings         jsonb not null default '{}',
  created_at       timestamptz not null default now(),
  updated_at       timestamptz not null default now()
);

create table account_memberships (
  id         uuid not null unique,
  account_id uuid not null references accounts on delete cascade,
  user_id    uuid not null references users on delete cascade,
  role       text not null check (role in ('owner', 'admin', 'member')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  primary key (account_id, user_id)
);
create index account_memberships_user on account_memberships (user_id);

create table workspaces (
  id          uuid primary key,
  account_id  uuid not null references accounts on delete cascade,
  name        text not null check (length(name) between 1 and 500),
  handle      text not null check (handle ~ '^[a-z0-9](-?[a-z0-9])*$' and length(handle) <= 60),
  description text not null default '' check (length(description) <= 5000),
  settings    jsonb not null default '{}',
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  unique (account_id, handle)
);

-- Who may do what in a workspace. Owners and admins of the account need no row: they own every workspace in it.
create table workspace_memberships (
  workspace_id uuid not null references workspaces on delete cascade,
  user_id      uuid not null references users on delete cascade,
  role         text not null check (role in ('viewer', 'runner', 'developer', 'owner', 'worker')),
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (workspace_id, user_id)
);
create index workspace_memberships_user on workspace_memberships (user_id);

create table api_keys (
  id           uuid primary key,
  user_id      uuid not null references users on delete cascade,
  name         text not null check (length(name) between 1 and 500),
  -- SHA-256 of the key; the key itself is shown once and kept nowhere.
  key_hash     bytea not null unique check (octet_length(key_hash) = 32),
  masked_key   text not null,
  -- null: all workspaces of the user.
  workspace_id uuid references workspaces on delete cascade,
  -- Upper bound of what the key may do; its user's own role bounds it too. null: all that the user may.
  role         text check (role in ('viewer', 'runner', 'developer', 'owner', 'worker')),
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz,
  -- The client that used it last, from its User-Agent.
  last_used_by text check (length(last_used_by) <= 200),
  -- The key that this one was rolled into.
  replaced_by  uuid references api_keys on delete set null,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now()
);
create index api_keys_user on api_keys (user_id);

-- Tenant: flows and runs -------------------------------------------------------------------------------------------

create table flows (
  workspace_id uuid not null references workspaces on delete cascade,
  id           uuid not null,
  name         text not null check (length(name) between 1 and 500),
  tags         text[] not null default '{}',
  labels       jsonb not null default '{}',
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
);

create table flow_runs (
  workspace_id               uuid not null,
  id                         uuid not null,
  flow_id                    uuid not null,
  name                       text not null,
  flow_version               text,
  deployment_id              uuid,
  deployment_version         text,
  work_pool_name             text,
  work_queue_id              uuid,
  work_queue_name            text,
  idempotency_key            text,
  parent_task_run_id         uuid,
  -- json, not jsonb: kept as sent, so that numbers of any size survive. Out of line when large; lists do not read it.
  parameters                 json not null default '{}',
  context                    json not null default '{}',
  job_variables              json,
  empirical_policy           jsonb not null default '{}',
  tags                       text[] not null default '{}',
  labels                     jsonb not null default '{}',
  created_by                 jsonb,
  auto_scheduled             boolean not null default false,
  infrastructure_document_id uuid,
  infrastructure_pid         text,
  -- The current state, in the row: reading a run is reading one row.
  state_id                   uuid,
  state_type                 state_type,
  state_name                 text,
  state_at                   timestamptz,
  state_message              text,
  state_details              jsonb,
  state_data                 json,
  run_count                  integer not null default 0,
  start_at                   timestamptz,
  end_at                     timestamptz,
  -- Set with the first state, then fixed: the one stored sort column.
  expected_start_at          timestamptz,
  -- Not null only while SCHEDULED.
  next_scheduled_start_at    timestamptz,
  total_run_time_seconds     double precision not null default 0,
  created_at                 timestamptz not null default now(),
  updated_at                 timestamptz not null default now(),
  primary key (workspace_id, id),
  foreign key (workspace_id, flow_id) references flows (workspace_id, id) on delete cascade
) with (fillfactor = 75);
-- Runs by expected start, newest first: lists, histories.
create index flow_runs_expected on flow_runs (workspace_id, expected_start_at, id);
-- The same for one flow.
create index flow_runs_flow_expected on flow_runs (workspace_id, flow_id, expected_start_at, id);
-- A second creation with the same key finds the first.
create unique index flow_runs_idempotency on flow_runs (workspace_id, flow_id, idempotency_key) where idempotency_key is not null;
-- Sub-flows of a task run.
create index flow_runs_parent on flow_runs (workspace_id, parent_task_run_id) where parent_task_run_id is not null;
-- Due work. Naming next_scheduled_start_at costs HOT only for the transition that leaves SCHEDULED.
create index flow_runs_due on flow_runs (next_scheduled_start_at) where next_scheduled_start_at is not null;

-- Runs that did not start in the second after they were expected. Sorting by start reads the index on the expected start plus
-- these: an index on start_at itself would cost the transition that sets it its HOT update, in every index of the table.
create table flow_run_late_starts (
  workspace_id uuid not null,
  flow_id      uuid not null,
  start_at     timestamptz not null,
  run_id       uuid not null,
  -- The late starts of one flow, in their order.
  primary key (workspace_id, flow_id, start_at, run_id)
);
-- Those of all flows.
create index flow_run_late_starts_workspace on flow_run_late_starts (workspace_id, start_at, run_id);

create table task_runs (
  workspace_id            uuid not null,
  id                      uuid not null,
  -- No foreign key: events of task runs may arrive before, or long after, their flow run.
  flow_run_id             uuid,
  task_key                text not null,
  dynamic_key             text not null,
  name                    text not null,
  task_version            text,
  cache_key               text,
  cache_expiration        timestamptz,
  empirical_policy        jsonb not null default '{}',
  tags                    text[] not null default '{}',
  labels                  jsonb not null default '{}',
  task_inputs             json not null default '{}',
  flow_run_run_count      integer not null default 0,
  state_id                uuid,
  state_type              state_type,
  state_name              text,
  state_at                timestamptz,
  state_message           text,
  state_details           jsonb,
  state_data              json,
  run_count               integer not null default 0,
  start_at                timestamptz,
  end_at                  timestamptz,
  expected_start_at       timestamptz,
  next_scheduled_start_at timestamptz,
  total_run_time_seconds  double precision not null default 0,
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now(),
  primary key (workspace_id, id)
) with (fillfactor = 75);
-- The natural key; also lists the task runs of a flow run.
create unique index task_runs_natural on task_runs (workspace_id, flow_run_id, task_key, dynamic_key) where flow_run_id is not null;

-- Results of task runs by cache key (clients 2.x let the server look).
create table task_run_cache (
  workspace_id uuid not null references workspaces on delete cascade,
  cache_key    text not null check (length(cache_key) <= 2000),
  state        json not null,
  expires_at   timestamptz,
  created_at   timestamptz not null default now(),
  primary key (workspace_id, cache_key)
);

-- Tenant: history, partitioned by week -----------------------------------------------------------------------------

create table flow_run_states (
  workspace_id uuid not null,
  run_id       uuid not null,
  at           timestamptz not null,
  id           uuid not null,
  type         state_type not null,
  name         text not null,
  message      text not null,
  details      jsonb not null,
  data         json,
  primary key (workspace_id, run_id, at, id)
) partition by range (at);

create table task_run_states (like flow_run_states, primary key (workspace_id, run_id, at, id)) partition by range (at);

create table logs (
  workspace_id uuid not null,
  at           timestamptz not null,
  id           uuid not null,
  flow_run_id  uuid,
  task_run_id  uuid,
  worker_id    uuid,
  logger       text not null,
  level        smallint not null,
  message      text not null
) partition by range (at);
-- Lines of a run in their order; the same line sent twice is one line.
create unique index logs_of_run on logs (workspace_id, flow_run_id, at, id);

create table events (
  workspace_id uuid not null,
  occurred_at  timestamptz not null,
  id           uuid not null,
  event        text not null,
  resource_id  text not null,
  related_ids  text[] not null,
  follows      uuid,
  received_at  timestamptz not null,
  -- {resource, related, payload} as sent.
  body         json not null,
  primary key (workspace_id, occurred_at, id)
) partition by range (occurred_at);
-- What happened to one thing.
create index events_resource on events (workspace_id, resource_id, occurred_at);

create table flow_run_states_default partition of flow_run_states default;
create table task_run_states_default partition of task_run_states default;
create table logs_default partition of logs default;
create table events_default partition of events default;

-- Makes the week's partition of each history table that the instant falls into, and moves rows that were parked in the default.
create function ensure_history_partitions(instant timestamptz) returns void language plpgsql as $$
declare
  week_start timestamptz := date_trunc('week', instant at time zone 'UTC') at time zone 'UTC';
  week_end   timestamptz := week_start + interval '7 days';
  history    record;
  child      text;
begin
  -- Replicas may come here together.
  perform pg_advisory_xact_lock(hashtext('rigel.history_partitions'));
  for history in
    select * from (values ('flow_run_states', 'at'), ('task_run_states', 'at'), ('logs', 'at'), ('events', 'occurred_at')) v (parent, key_column)
  loop
    child := history.parent || '_' || to_char(week_start at time zone 'UTC', 'YYYYMMDD');
    continue when to_regclass(child) is not null;
    execute format('create table %I (like %I including all)', child, history.parent);
    execute format('with moved as (delete from %I where %I >= $1 and %I < $2 returning *) insert into %I select * from moved',
                   history.parent || '_default', history.key_column, history.key_column, child) using week_start, week_end;
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', history.parent, child, week_start, week_end);
    execute format('alter table %I enable row level security', child);
    execute format('create policy tenant on %I to rigel_page using (workspace_id = current_workspace_id()) with check (workspace_id = current_workspace_id())', child);
  end loop;
end $$;

-- Rollups ----------------------------------------------------------------------------------------------------------

-- Counts of runs now in a state, by the minute (then hour) of their expected start. Deltas are appended in the transaction
-- of the state change, one row a key and batch, so that no two writers wait for one counter; a service folds them.
create table run_count_deltas (
  workspace_id  uuid not null,
  kind          text not null check (kind in ('flow-run', 'task-run')),
  bucket_at     timestamptz not null,
  flow_id       uuid not null,
  deployment_id uuid not null,
  state_type    state_type not null,
  state_name    text not null,
  runs          bigint not null,
  -- Seconds of run time, and of lateness, of the runs that this delta counts.
  run_seconds   double precision not null,
  late_seconds  double precision not null
);
create index run_count_deltas_workspace on run_count_deltas (workspace_id, kind);

create table run_counts (
  workspace_id  uuid not null,
  kind          text not null check (kind in ('flow-run', 'task-run')),
  bucket_at     timestamptz not null,
  flow_id       uuid not null,
  -- The nil UUID stands for none: a key column cannot be null.
  deployment_id uuid not null,
  state_type    state_type not null,
  state_name    text not null,
  runs          bigint not null,
  run_seconds   double precision not null,
  late_seconds  double precision not null,
  primary key (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name)
) with (fillfactor = 80);

create table run_counts_hourly (like run_counts including all);

-- Tenant: blocks (clients 2.x register one on nearly every run) ----------------------------------------------------

create table block_types (
  workspace_id      uuid not null references workspaces on delete cascade,
  id                uuid not null,
  name              text not null,
  slug              text not null check (slug ~ '^[a-z0-9_-]+$'),
  logo_url          text,
  documentation_url text,
  description       text,
  code_example      text,
  is_protected      boolean not null default false,
  created_at        timestamptz not null default now(),
  updated_at        timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, slug)
);

create table block_schemas (
  workspace_id  uuid not null,
  id            uuid not null,
  block_type_id uuid not null,
  checksum      text not null,
  -- As sent: the checksum is over its exact numbers.
  fields        json not null,
  capabilities  text[] not null default '{}',
  version       text not null default 'non-versioned',
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, checksum, version),
  foreign key (workspace_id, block_type_id) references block_types (workspace_id, id) on delete cascade
);
create index block_schemas_type on block_schemas (workspace_id, block_type_id);

create table block_documents (
  workspace_id    uuid not null,
  id              uuid not null,
  block_type_id   uuid not null,
  block_schema_id uuid not null,
  name            text not null,
  is_anonymous    boolean not null default false,
  -- AES-256-GCM under a key derived from AUTH_SECRET: nonce, tag, ciphertext of the JSON text.
  data            bytea not null,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, block_type_id, name),
  foreign key (workspace_id, block_type_id) references block_types (workspace_id, id) on delete cascade,
  foreign key (workspace_id, block_schema_id) references block_schemas (workspace_id, id) on delete cascade
);
create index block_documents_schema on block_documents (workspace_id, block_schema_id);

-- The second wall --------------------------------------------------------------------------------------------------

do $$
declare
  tenant_table text;
begin
  foreach tenant_table in array array[
    'flows', 'flow_runs', 'flow_run_late_starts', 'task_runs', 'task_run_cache',
    'flow_run_states', 'task_run_states', 'logs', 'events',
    'flow_run_states_default', 'task_run_states_default', 'logs_default', 'events_default',
    'run_count_deltas', 'run_counts', 'run_counts_hourly',
    'block_types', 'block_schemas', 'block_documents'
  ] loop
    execute format('alter table %I enable row level security', tenant_table);
    execute format('create policy tenant on %I to rigel_page using (workspace_id = current_workspace_id()) with check (workspace_id = current_workspace_id())', tenant_table);
  end loop;
  -- Partitions are reached through their parents only: no grant on them.
  foreach tenant_table in array array[
    'flows', 'flow_runs', 'flow_run_late_starts', 'task_runs', 'task_run_cache', 'flow_run_states', 'task_run_states', 'logs', 'events',
    'run_count_deltas', 'run_counts', 'run_counts_hourly', 'block_types', 'block_schemas', 'block_documents'
  ] loop
    execute format('grant select, insert, update, delete on %I to rigel_page', tenant_table);
  end loop;
end $$;

-- Of the workspaces table a page may see its own row.
alter table workspaces enable row level security;
create policy tenant on workspaces to rigel_page using (id = current_workspace_id());
grant select on workspaces to rigel_page;

select ensure_history_partitions(now() - interval '7 days');
select ensure_history_partitions(now());
select ensure_history_partitions(now() + interval '7 days');
