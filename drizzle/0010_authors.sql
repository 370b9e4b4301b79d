-- Who made flows, work queues and work pools, and who changed them last, as deployments have it. Of older ones it is not known.
alter table flows add column created_by jsonb, add column updated_by jsonb;
alter table work_queues add column created_by jsonb, add column updated_by jsonb;
alter table work_pools add column updated_by jsonb;
