-- Events of flow-run states are stored as facts, from which their bodies are made when somebody reads them: there is one for every
-- transition, whose body was most of what a transition wrote.

alter table events alter column body drop not null;
-- [run's name, run count, state's type, message, [type, name, message] of the state before or null,
-- [[role, name, type of work pool], …] of related_ids, whether it pauses by rescheduling]. Only where there is no body.
alter table events add column facts json;
alter table events add constraint events_told check ((body is null) <> (facts is null));

-- {resource, related, payload}, as sent or of facts. Keys stand in the order in which flow-run-event.ts writes them.
create function event_body(e events) returns json language sql stable parallel safe as $$
  select coalesce(e.body, (select (
    '{"resource":{"prefect.resource.id":' || to_json(e.resource_id)
    || ',"prefect.resource.name":' || (e.facts -> 0)
    || ',"prefect.run-count":"' || (e.facts ->> 1)
    || '","prefect.state-message":' || (e.facts -> 3)
    || ',"prefect.state-name":' || state.name
    || ',"prefect.state-timestamp":"' || to_char(e.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    || '","prefect.state-type":' || (e.facts -> 2)
    || '},"related":[' || coalesce(related.items, '')
    || '],"payload":{"intended":{"from":' || coalesce((e.facts -> 4 -> 0)::text, 'null') || ',"to":' || (e.facts -> 2)
    || '},"initial_state":' || coalesce('{"type":' || (e.facts -> 4 -> 0) || ',"name":' || (e.facts -> 4 -> 1) || ',"message":' || (e.facts -> 4 -> 2) || '}', 'null')
    || ',"validated_state":{"type":' || (e.facts -> 2) || ',"name":' || state.name || ',"message":' || (e.facts -> 3)
    || ',"pause_reschedule":"' || (e.facts ->> 6) || '"}}}'
  )::json from
    (select to_json(substr(e.event, length('prefect.flow-run.') + 1))::text) state (name),
    lateral (
      select string_agg(
        '{"prefect.resource.id":' || to_json(r.id) || ',"prefect.resource.role":' || (r.fact -> 0)
        || coalesce(',"prefect.resource.name":' || to_json(r.fact ->> 1), '')
        || coalesce(',"prefect.work-pool.type":' || to_json(r.fact ->> 2), '') || '}', ',' order by r.n)
      from rows from (unnest(e.related_ids), json_array_elements(e.facts -> 5)) with ordinality r (id, fact, n)
    ) related (items)
  ))
$$;

-- A run is changed four to six times within moments: half a page is room for its versions until the older ones may go, so that no
-- index needs to know of them (HOT; measured in bursts: all updates, instead of 55 of 100).
alter table flow_runs set (fillfactor = 50);
