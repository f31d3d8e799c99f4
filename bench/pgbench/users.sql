-- 1,000 users for pgbench, whose ids it can compute: those that the product made have ids of their own.
INSERT INTO core.workspaces (id, kind, name, created_at)
  SELECT ('01990000-0000-7000-8000-00000000' || n)::uuid, 'personal', 'Personal', now() FROM generate_series(1000, 1999) AS n;
INSERT INTO core.users (id, issuer, first_name, last_name, timezone, workspace_id, created_at, updated_at)
  SELECT 'pgbench-' || n, 'built-in', '', '', 'UTC', ('01990000-0000-7000-8000-00000000' || n)::uuid, now(), now()
  FROM generate_series(1000, 1999) AS n;
INSERT INTO core.members (workspace_id, user_id, role, joined_at)
  SELECT workspace_id, id, 'owner', now() FROM core.users WHERE id LIKE 'pgbench-%';
