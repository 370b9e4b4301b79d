-- Automations: what they wait for, what they have counted so far, and what they have yet to do.

create table automations (
  workspace_id       uuid not null references workspaces on delete cascade,
  id                 uuid not null,
  name               text not null check (length(name) between 1 and 1000),
  description        text not null default '',
  is_enabled         boolean not null,
  tags               text[] not null default '{}',
  -- In the words of the wire. json, not jsonb: parameters keep numbers of any size.
  trigger            json not null,
  actions            json not null,
  actions_on_trigger json not null,
  -- `prefect.deployment.{id}`: it goes when that is deployed anew.
  owner_resource     text,
  -- What it is about, as `prefect.{noun}.{id}`: its owner, and whatever its actions select. Looked through a workspace at a time.
  related_ids        text[] not null default '{}',
  -- Patterns of the names of the events that the trigger wants to see.
  wanted_names       text[] not null,
  -- Since when events count. Moved by every change of the trigger and by resuming.
  watches_since      timestamptz not null,
  created_by         jsonb,
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  primary key (workspace_id, id)
);

-- One row a workspace that ever had an automation: which events its enabled automations want to see. Also the lock under which they
-- are changed and evaluated: a change is before an event or after it.
create table automation_watches (
  workspace_id uuid primary key references workspaces on delete cascade,
  -- Patterns of event names; none: nothing is enabled.
  names        text[] not null,
  changed_at   timestamptz not null
);
-- What changed since a process looked last.
create index automation_watches_changed on automation_watches (changed_at);

-- Events that some automation wants to see, put here by the statement that stores them, taken out by the transaction that counts them.
-- No foreign keys: it is written on the hot path.
create table automation_intake (
  workspace_id uuid not null,
  occurred_at  timestamptz not null,
  id           uuid not null,
  -- When it is looked at, or looked at again because what it follows was missing.
  due_at       timestamptz not null default now(),
  primary key (workspace_id, occurred_at, id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);

-- What the triggers of automations have counted, a row for each value of for_each.
create table automation_windows (
  workspace_id  uuid not null,
  automation_id uuid not null,
  trigger_id    uuid not null,
  -- SHA-256 of the key: values may be longer than an index takes.
  key_hash      text not null,
  key           jsonb not null,
  start_at      timestamptz not null,
  end_at        timestamptz not null,
  -- When the clock closes it: a little after its end, since events may still be on their way.
  close_at      timestamptz not null,
  event_count   integer not null,
  -- {id, at} of the event that was counted last.
  last_event    jsonb,
  primary key (workspace_id, automation_id, trigger_id, key_hash),
  foreign key (workspace_id, automation_id) references automations (workspace_id, id) on delete cascade
);
-- Windows whose time is up.
create index automation_windows_close on automation_windows (close_at);

-- Parts of compound and sequence triggers that have fired and wait for the others.
create table automation_parts (
  workspace_id  uuid not null,
  automation_id uuid not null,
  parent_id     uuid not null,
  part_id       uuid not null,
  fired         jsonb not null,
  primary key (workspace_id, automation_id, parent_id, part_id),
  foreign key (workspace_id, automation_id) references automations (workspace_id, id) on delete cascade
);

-- What fired and is yet to be told, and the actions that are yet to be taken: written with the firing, taken out when it is done.
-- No foreign key: what an automation has fired happens even when it is deleted meanwhile.
create table automation_steps (
  workspace_id  uuid not null references workspaces on delete cascade,
  -- The invocation: what is done twice under it is done once.
  id            uuid not null,
  automation_id uuid not null,
  firing_id     uuid not null,
  -- 0 tells of the firing; then the actions in their order.
  position      integer not null,
  -- null: tells of the firing.
  action        json,
  -- What fired, when and why.
  context       jsonb not null,
  -- The events of the outcome, once it is known: all that is left is to store them.
  outcome       json,
  attempts      integer not null default 0,
  due_at        timestamptz not null default now(),
  primary key (workspace_id, id)
);
-- What is due, of whichever workspace.
create index automation_steps_due on automation_steps (due_at);

do $$
declare
  tenant_table text;
begin
  foreach tenant_table in array array['automations', 'automation_watches', 'automation_intake', 'automation_windows', 'automation_parts',
                                      'automation_steps'] loop
    execute format('alter table %I enable row level security', tenant_table);
    execute format('create policy tenant on %I to rigel_page using (workspace_id = current_workspace_id()) with check (workspace_id = current_workspace_id())', tenant_table);
    execute format('grant select, insert, update, delete on %I to rigel_page', tenant_table);
  end loop;
end $$;
