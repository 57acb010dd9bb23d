"""What the database itself refuses (changes to what is logged), and what other rooms read."""

from tortoise import migrations
from tortoise.migrations import operations as ops

CHECKS = """
ALTER TABLE ledger.key ADD CHECK (purpose IN ('entry', 'log'));
ALTER TABLE ledger.entry ADD CHECK (index >= 0 AND seq >= 1);
ALTER TABLE ledger.entry ADD CHECK (length(leaf_hash) = 32 AND length(chain) = 32);
CREATE UNIQUE INDEX one_log ON ledger.head ((true));
ALTER TABLE ledger.tile ADD CHECK (length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0);
ALTER TABLE ledger.tile ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE ledger.payload ALTER COLUMN sealed SET STORAGE EXTERNAL;
"""

# The second line only: who owns the database can drop a trigger. What proves a change is the log's own hashes.
GUARDS = """
CREATE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger.% is append-only: % is refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION ledger.tiles_only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.level, NEW.index) IS DISTINCT FROM (OLD.level, OLD.index)
        OR substr(NEW.hashes, 1, length(OLD.hashes)) IS DISTINCT FROM OLD.hashes THEN
        RAISE EXCEPTION 'tile %/% may only grow', OLD.level, OLD.index USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION ledger.only_logged_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone LEFT JOIN ledger.entry AS logged USING (entry_id)
               WHERE logged.body IS DISTINCT FROM gone.body) THEN
        RAISE EXCEPTION 'an entry leaves the outbox only when it is in the log'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.entry
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.checkpoint
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.key
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE ON ledger.payload
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE ON ledger.outbox
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON ledger.tile
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_grows BEFORE UPDATE ON ledger.tile
    FOR EACH ROW EXECUTE FUNCTION ledger.tiles_only_grow();
CREATE TRIGGER only_logged_leave AFTER DELETE ON ledger.outbox
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION ledger.only_logged_leave();

CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.entry EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.checkpoint EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.key EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.tile EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.outbox EXECUTE FUNCTION ledger.refuse_change();
"""

# All but the place in the log comes out of the signed body; stream, seq and entry_id are the columns that
# verification compares with the body, so that a filter on them finds its index.
VIEWS = """
CREATE VIEW ledger.entry_view AS
SELECT stored.index, stored.entry_id, stored.stream, stored.seq,
       said.body ->> 'kind' AS kind,
       said.body ->> 'actor' AS actor,
       (said.body ->> 'occurred_at')::timestamptz AS occurred_at,
       said.body,
       encode(sha256(stored.body), 'hex') AS body_hash,
       encode(stored.leaf_hash, 'hex') AS leaf_hash,
       encode(stored.chain, 'hex') AS chain,
       said.body ->> 'key_id' AS key_id,
       CASE WHEN stored.index IS NULL THEN 'pending' ELSE 'logged' END AS state
FROM (
    SELECT index, entry_id, stream, seq, body, leaf_hash, chain FROM ledger.entry
    UNION ALL
    SELECT NULL, entry_id, stream, seq, body,
           sha256('\\x00'::bytea || body || '\\x0a'::bytea || signature), NULL
    FROM ledger.outbox
) AS stored
CROSS JOIN LATERAL (SELECT convert_from(stored.body, 'UTF8')::jsonb AS body) AS said;

CREATE VIEW ledger.checkpoint_view AS
SELECT size, encode(root, 'hex') AS root, note, created_at FROM ledger.checkpoint;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        ops.RunSQL(CHECKS, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(GUARDS, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(VIEWS, reverse_sql=ops.RunSQL.noop),
    ]
