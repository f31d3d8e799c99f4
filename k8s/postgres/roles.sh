#!/bin/sh
# Makes the roles that the services connect as, or gives them these passwords: they own nothing, and migrations, which run as the
# owner, grant them what they need. A role is called like the database and its schema: tidings_core in the database tidings.
# Can be run again.
#
#   CORE_PASSWORD=… AUDIT_PASSWORD=… NOTIFICATION_PASSWORD=… RECURRING_PASSWORD=… k8s/postgres/roles.sh "$DATABASE_URL_DIRECT"
#
# The address is the owner's, past any pooler; without one psql takes what PGHOST, PGUSER and PGDATABASE say. In k8s/postgres
# the server runs this itself when it starts for the first time.
set -eu
: "${CORE_PASSWORD:?is not set: the password of backend-api, such as that of: openssl rand -hex 24}"
: "${AUDIT_PASSWORD:?is not set: the password of audit-service}"
: "${NOTIFICATION_PASSWORD:?is not set: the password of notification-service}"
: "${RECURRING_PASSWORD:?is not set: the password of recurring-task-service}"
export CORE_PASSWORD AUDIT_PASSWORD NOTIFICATION_PASSWORD RECURRING_PASSWORD

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 "$@" <<'SQL'
\set core `printf %s "$CORE_PASSWORD"`
\set audit `printf %s "$AUDIT_PASSWORD"`
\set notification `printf %s "$NOTIFICATION_PASSWORD"`
\set recurring `printf %s "$RECURRING_PASSWORD"`
SELECT format(
    CASE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN 'ALTER' ELSE 'CREATE' END || ' ROLE %I LOGIN PASSWORD %L',
    role, password)
FROM (VALUES ('core', :'core'), ('audit', :'audit'), ('notification', :'notification'), ('recurring', :'recurring'))
    AS service (schema, password),
    LATERAL (SELECT current_database() || '_' || schema AS role) AS named
\gexec
SQL
