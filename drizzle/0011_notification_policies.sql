-- Notification policies of 2.x clients are automations that send: what the client said of one, in its words. Null: it is none.
alter table automations add column policy json;
