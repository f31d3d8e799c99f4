-- What the product's database does for one create: the product's own statement (statement.sql, which a test keeps the same),
-- prepared once per connection as the product does, with values of the same kind and size. :n makes the ids of this
-- transaction: they ascend, as UUIDv7 do.
\if :prepared = 0
PREPARE create_task (uuid, bigint, text, text, timestamptz, text, text, text, text, bytea, text,
  uuid, uuid, text, text, text, uuid, text, text, text, text, timestamptz, smallint, text[], timestamptz, text, jsonb, jsonb,
  uuid, integer, integer, timestamptz, timestamptz, timestamptz, timestamptz) AS {statement};
\set prepared 1
\endif
\set k :k + 1
\set n :base + :k * 100 + :client_id
\set u random(1000, 999 + :users)
EXECUTE create_task (
  '01990000-0000-7000-8000-00000000:u', 1,
  '[{"event_id": "01990000-0000-7000-8001-:n", "event_type": "task.created",
     "topics": ["task-events", "task-updates", "user-activities"],
     "payload": {"event_id": "01990000-0000-7000-8001-:n", "event_type": "task.created", "user_id": "pgbench-:u",
       "organization_id": "01990000-0000-7000-8000-00000000:u", "sequence": 0, "timestamp": "2026-01-31T09.00.00.000000Z",
       "task_data": {"id": "01990000-0000-7000-8002-:n", "user_id": "pgbench-:u",
         "workspace_id": "01990000-0000-7000-8000-00000000:u", "project_id": null, "ref": null,
         "title": "Water the plants :n",
         "description": "All of them, also the one behind the curtain that everybody forgets until it looks sad.",
         "status": "todo", "completed": false, "completed_at": null, "priority": "medium", "tags": ["garden", "home"],
         "due_date": null, "timezone": "UTC", "recurrence": null, "reminders": [], "assignee": null,
         "reporter": "pgbench-:u", "recurrence_id": null, "occurrence": null, "version": 1,
         "created_at": "2026-01-31T09.00.00.000000Z", "updated_at": "2026-01-31T09.00.00.000000Z", "archived_at": null,
         "deleted_at": null},
       "metadata": {"source": "rest_api", "version": "1.0"}}}]',
  NULL, now(), 'pgbench-:u', 'UTC', 'pgbench-:u', '01990000-0000-7000-8003-:n',
  '\x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  '{"status": 201, "location": "/api/pgbench-:u/tasks/01990000-0000-7000-8002-:n", "etag": "\"1\"",
    "body": {"id": "01990000-0000-7000-8002-:n", "user_id": "pgbench-:u",
      "workspace_id": "01990000-0000-7000-8000-00000000:u", "project_id": null, "ref": null,
      "title": "Water the plants :n",
      "description": "All of them, also the one behind the curtain that everybody forgets until it looks sad.",
      "status": "todo", "completed": false, "completed_at": null, "priority": "medium", "tags": ["garden", "home"],
      "due_date": null, "timezone": "UTC", "recurrence": null, "reminders": [], "assignee": null,
      "reporter": "pgbench-:u", "recurrence_id": null, "occurrence": null, "version": 1,
      "created_at": "2026-01-31T09.00.00.000000Z", "updated_at": "2026-01-31T09.00.00.000000Z", "archived_at": null,
      "deleted_at": null}}',
  '01990000-0000-7000-8002-:n', '01990000-0000-7000-8000-00000000:u', 'pgbench-:u', 'pgbench-:u', NULL, NULL, NULL,
  'Water the plants :n', 'All of them, also the one behind the curtain that everybody forgets until it looks sad.', 'todo',
  NULL, 2::smallint, '{garden,home}', NULL, 'UTC', NULL, '[]', NULL, NULL, 1, now(), now(), NULL, NULL);
