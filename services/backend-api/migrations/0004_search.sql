-- Full text of tasks, and an index for every filter of their list.

-- What a workspace's words begin with in the index: letters, so that a word stays one word. Thereby each workspace has a stretch
-- of the index to itself, and nobody's search reads what others wrote. Two workspaces may share a key: the column tells them apart.
CREATE FUNCTION core.search_key(workspace_id uuid) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN translate(right(workspace_id::text, 8), '0123456789', 'ghijklmnop');

-- The words of a text, each behind the key: runs of letters and digits without accents (Unicode's NFKD less its combining marks),
-- in lower case by way of capitals, which makes one letter of σ and ς. 'simple' drops no word and knows no language. All that the
-- parser of text search gets to see is words with a blank between them: it would take `see://` for a protocol, and `a/b` for a path.
CREATE FUNCTION core.search_words(key text, text text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('pg_catalog.simple', replace(rtrim(' ' || ltrim(regexp_replace(
        regexp_replace(upper(normalize(text, NFKD)), '[\u0300-\u036f]+', '', 'g'), '[^[:alnum:]]+', ' ', 'g'))),
        ' ', ' ' || key));

-- What a task is found by: the words of its title (A), its tags (B) and its description, and each tag as it is written, behind '#'.
-- Places in the description are not kept: weighing thousands of them would make a search slow. In PL/pgSQL because a function of
-- several expressions takes half the time there.
CREATE FUNCTION core.search_document(workspace_id uuid, title text, tags text[], description text) RETURNS tsvector
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    key      constant text := core.search_key(workspace_id);
    -- No tag holds a control character.
    between  constant text := chr(1);
    document tsvector := setweight(core.search_words(key, title), 'A');
BEGIN
    IF cardinality(tags) > 0 THEN
        document := document
            || setweight(core.search_words(key, array_to_string(tags, ' ')), 'B')
            || array_to_tsvector(string_to_array(key || '#' || array_to_string(tags, between || key || '#'), between));
    END IF;
    IF description <> '' THEN
        document := document || strip(core.search_words(key, description));
    END IF;
    RETURN document;
END $$;

-- The question that goes with it: every word of the text begins a word of the task, and it has the tag. Either may be NULL. Made
-- of lexemes: no text is read as an operator. NULL, which finds nothing, for a text without words. No tag has 51 characters.
CREATE FUNCTION core.search_query(workspace_id uuid, text text, tag text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
DECLARE
    key    constant text := core.search_key(workspace_id);
    tagged constant text := '''' || replace(replace(key || '#' || left(tag, 51), '\', '\\'), '''', '''''') || '''';
    words  text;
BEGIN
    IF text IS NULL THEN
        RETURN tagged::tsquery;
    END IF;
    words := (SELECT string_agg('''' || left(lexeme, 100) || ''':*', ' & ') FROM unnest(core.search_words(key, text)));
    RETURN (words || coalesce(' & ' || tagged, ''))::tsquery;
END $$;

-- Words apart from their tasks, because an index of words cannot serve a table under row-level security: `@@` is not leakproof.
-- What is found here are ids; whoever may not see the task does not find it. And a change that is not of words leaves them alone.
CREATE TABLE core.task_words (
    task_id uuid     PRIMARY KEY REFERENCES core.tasks (id) ON DELETE CASCADE,
    words   tsvector NOT NULL
);

CREATE FUNCTION core.keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO core.task_words (task_id, words)
        VALUES (NEW.id, core.search_document(NEW.workspace_id, NEW.title, NEW.tags, NEW.description));
    ELSE
        UPDATE core.task_words
        SET words = core.search_document(NEW.workspace_id, NEW.title, NEW.tags, NEW.description)
        WHERE task_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER words_of_new_task AFTER INSERT ON core.tasks FOR EACH ROW EXECUTE FUNCTION core.keep_words();
CREATE TRIGGER words_of_changed_task AFTER UPDATE ON core.tasks FOR EACH ROW
    WHEN ((OLD.workspace_id, OLD.title, OLD.tags, OLD.description)
        IS DISTINCT FROM (NEW.workspace_id, NEW.title, NEW.tags, NEW.description))
    EXECUTE FUNCTION core.keep_words();
INSERT INTO core.task_words
    SELECT id, core.search_document(workspace_id, title, tags, description) FROM core.tasks;

-- Serves q and tag, and both at once. Without the list of pending entries, which every search would read through, and which one of the
-- inserts would have to clear for all.
CREATE INDEX tasks_by_words ON core.task_words USING gin (words) WITH (fastupdate = off);
DROP INDEX core.tasks_by_tag;

-- Filters by one value, newest first or last. What most tasks do not have costs them nothing.
CREATE INDEX tasks_by_status ON core.tasks (workspace_id, status, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_assignee ON core.tasks (workspace_id, assignee, created_at, id)
    WHERE deleted_at IS NULL AND assignee IS NOT NULL;
CREATE INDEX tasks_by_project ON core.tasks (workspace_id, project_id, created_at, id)
    WHERE deleted_at IS NULL AND project_id IS NOT NULL;
CREATE INDEX tasks_archived ON core.tasks (workspace_id, created_at, id)
    WHERE deleted_at IS NULL AND archived_at IS NOT NULL;
