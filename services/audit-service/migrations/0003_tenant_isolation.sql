-- The history of a workspace is seen by whoever names the workspace, for one transaction, in `tidings.workspaces` (ids,
-- separated by commas): what a finder forgets to restrict is not there. Events are recorded whosever they are, and
-- `tidings.scope` = 'system' looks for the id of an event, whosever it is.
ALTER TABLE audit.entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY recorder ON audit.entries FOR INSERT WITH CHECK (true);
CREATE POLICY system ON audit.entries FOR SELECT USING (coalesce(current_setting('tidings.scope', true), '') = 'system');
-- The sub-select is carried out once, not for each row.
CREATE POLICY named ON audit.entries FOR SELECT
    USING (workspace_id = ANY ((SELECT string_to_array(nullif(current_setting('tidings.workspaces', true), ''), ',')::uuid[])::uuid[]));
