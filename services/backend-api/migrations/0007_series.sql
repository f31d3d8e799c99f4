-- The instances of a series. What does not repeat costs nothing.
CREATE INDEX tasks_by_series ON core.tasks (recurrence_id, occurrence DESC, id) WHERE recurrence_id IS NOT NULL;

-- Whether there is a task of that id, whoever asks: so that the next task of a series is made by one statement, and only once.
CREATE FUNCTION core.is_task(task uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    caller CONSTANT text := coalesce(current_setting('tidings.scope', true), '');
    answer boolean;
BEGIN
    PERFORM set_config('tidings.scope', 'system', true);
    answer := EXISTS (SELECT FROM core.tasks WHERE id = task);
    PERFORM set_config('tidings.scope', caller, true);
    RETURN answer;
END $$;
