-- A list of :count tasks for each user, so that a page is full.
INSERT INTO core.tasks (id, workspace_id, user_id, reporter, title, description, status, priority, tags, timezone, reminders,
                        version, created_at, updated_at)
  SELECT gen_random_uuid(), u.workspace_id, u.id, u.id, 'Water the plants ' || n,
    'All of them, also the one behind the curtain that everybody forgets until it looks sad.', 'todo', 2, '{garden,home}',
    'UTC', '[]', 1, made, made
  FROM core.users AS u, generate_series(1, :count) AS n, LATERAL (SELECT now() - n * interval '1 minute' AS made) AS at
  WHERE u.id LIKE 'bench-%';
ANALYZE;
