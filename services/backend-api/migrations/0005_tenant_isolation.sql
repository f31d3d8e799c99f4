-- Tenants are kept apart twice: by the finders, which ask only for what their user may see, and here, where a row that belongs
-- to another workspace is not there whatever is asked. Two settings say who asks; both last as long as their transaction, and
-- without them nothing is seen: `tidings.user_id`, and `tidings.scope` = 'system' for the service's own work.

CREATE FUNCTION core.caller() RETURNS text LANGUAGE sql STABLE
    RETURN nullif(current_setting('tidings.user_id', true), '');

CREATE FUNCTION core.is_system() RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce(current_setting('tidings.scope', true), '') = 'system';

-- These see what their caller does not, and tell no more than they say. plpgsql keeps their plans. They become the system by
-- `set_config` and not by a SET clause of the function, which would take a superuser; a failure undoes that with its transaction.
CREATE FUNCTION core.is_member(member text, workspace uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    caller CONSTANT text := coalesce(current_setting('tidings.scope', true), '');
    answer boolean;
BEGIN
    PERFORM set_config('tidings.scope', 'system', true);
    answer := EXISTS (SELECT FROM core.members WHERE user_id = member AND workspace_id = workspace);
    PERFORM set_config('tidings.scope', caller, true);
    RETURN answer;
END $$;

CREATE FUNCTION core.is_in_timezone(person text, zone text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    caller CONSTANT text := coalesce(current_setting('tidings.scope', true), '');
    answer boolean;
BEGIN
    PERFORM set_config('tidings.scope', 'system', true);
    answer := EXISTS (SELECT FROM core.users WHERE id = person AND timezone = zone);
    PERFORM set_config('tidings.scope', caller, true);
    RETURN answer;
END $$;

ALTER TABLE core.members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON core.members USING (core.is_system());
CREATE POLICY own ON core.members FOR SELECT USING (user_id = core.caller());

ALTER TABLE core.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON core.users USING (core.is_system());
CREATE POLICY own ON core.users FOR SELECT USING (id = core.caller());
CREATE POLICY own_update ON core.users FOR UPDATE USING (id = core.caller());

-- A new row says itself whose it is: its author must be a member, whoever asks. So that an insert needs no setting, and a new
-- task is one statement.
ALTER TABLE core.tasks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON core.tasks USING (core.is_system());
CREATE POLICY members ON core.tasks FOR SELECT
    USING (workspace_id IN (SELECT workspace_id FROM core.members WHERE user_id = core.caller()));
CREATE POLICY members_update ON core.tasks FOR UPDATE
    USING (workspace_id IN (SELECT workspace_id FROM core.members WHERE user_id = core.caller()));
CREATE POLICY authors ON core.tasks FOR INSERT WITH CHECK (core.is_member(user_id, workspace_id));

ALTER TABLE core.outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON core.outbox USING (core.is_system());
CREATE POLICY members ON core.outbox FOR SELECT
    USING (workspace_id IN (SELECT workspace_id FROM core.members WHERE user_id = core.caller()));
CREATE POLICY authors ON core.outbox FOR INSERT WITH CHECK (core.is_member(payload ->> 'user_id', workspace_id));
