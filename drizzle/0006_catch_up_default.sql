-- What a schedule does about an outage: until now its policy covered only times that had no runs yet.

-- Nobody chose what every schedule had: it is called by a name of its own, so that "none" can mean that nothing missed is run.
-- Kinds are now late | all | latest | none | last. A replica of the version before that plans such a schedule runs all it missed.
alter table deployment_schedules alter column catch_up set default '{"kind": "late"}';
update deployment_schedules set catch_up = '{"kind": "late"}' where catch_up = '{"kind": "none"}';

-- The outage in which runs of the schedule fell due: written by the first scheduling turn after it, and gone when the catch-up
-- policy has been done to them.
alter table deployment_schedules add column away tstzrange;
