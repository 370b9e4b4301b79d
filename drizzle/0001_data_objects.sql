-- What runs leave behind and read: variables, artifacts, inputs of flow runs, saved searches.

create table variables (
  workspace_id uuid not null references workspaces on delete cascade,
  id           uuid not null,
  name         text not null check (name ~ '^[a-z0-9_]+$' and length(name) <= 255),
  -- json, not jsonb: kept as sent, so that numbers of any size survive.
  value        json not null,
  tags         text[] not null default '{}',
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
);

create table artifacts (
  workspace_id uuid not null references workspaces on delete cascade,
  id           uuid not null,
  -- Artifacts of one key are the history of one thing.
  key          text check (key ~ '^[a-z0-9-]+$' and length(key) <= 500),
  type         text,
  description  text,
  -- As sent.
  data         json,
  metadata     json,
  -- No foreign keys: a task run may be recorded after its artifacts, and artifacts outlive their runs.
  flow_run_id  uuid,
  task_run_id  uuid,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (workspace_id, id)
);
-- The history of a key, and what was the latest before the one that is deleted.
create index artifacts_key on artifacts (workspace_id, key, created_at, id) where key is not null;
-- Artifacts of a flow run, or of a task run.
create index artifacts_flow_run on artifacts (workspace_id, flow_run_id) where flow_run_id is not null;
create index artifacts_task_run on artifacts (workspace_id, task_run_id) where task_run_id is not null;

-- One row a key. What it shows is the latest artifact's.
create table artifact_collections (
  workspace_id uuid not null references workspaces on delete cascade,
  id           uuid not null,
  key          text not null,
  latest_id    uuid not null,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, key),
  unique (workspace_id, latest_id),
  foreign key (workspace_id, latest_id) references artifacts (workspace_id, id) on delete cascade
);

create table flow_run_inputs (
  workspace_id uuid not null,
  flow_run_id  uuid not null,
  key          text not null check (key ~ '^[a-z0-9-]+$' and length(key) <= 500),
  id           uuid not null,
  -- JSON that the client wrote and the client reads: text to the server.
  value        text not null,
  sender       text,
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (workspace_id, flow_run_id, key),
  foreign key (workspace_id, flow_run_id) references flow_runs (workspace_id, id) on delete cascade
);

create table saved_searches (
  workspace_id uuid not null references workspaces on delete cascade,
  id           uuid not null,
  name         text not null check (length(name) between 1 and 500),
  filters      json not null default '[]',
  created_at   timestamptz not null default now(),
  updated_at   timestamptz not null default now(),
  primary key (workspace_id, id),
  unique (workspace_id, name)
);

do $$
declare
  tenant_table text;
begin
  foreach tenant_table in array array['variables', 'artifacts', 'artifact_collections', 'flow_run_inputs', 'saved_searches'] loop
    execute format('alter table %I enable row level security', tenant_table);
    execute format('create policy tenant on %I to rigel_page using (workspace_id = current_workspace_id()) with check (workspace_id = current_workspace_id())', tenant_table);
    execute format('grant select, insert, update, delete on %I to rigel_page', tenant_table);
  end loop;
end $$;
