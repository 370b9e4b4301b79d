-- Transitions of runs that the server knows already are decided before anybody looks at their rows.

-- Whether all `wanted` rows were found in the versions that were judged. Answers the version of rows that this transaction writes;
-- else fails as what it is, a change that somebody else serialized before this one, and with it whatever the statement wrote.
create function version_if_whole(present bigint, wanted bigint) returns xid language plpgsql as $$
begin
  if present <> wanted then
    raise exception 'of % rows % have changed since they were known', wanted, wanted - present using errcode = 'serialization_failure';
  end if;
  return pg_current_xact_id()::xid;
end
$$;
