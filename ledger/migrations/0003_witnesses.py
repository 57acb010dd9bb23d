"""Witnesses: the policy in force, who cosigned what, what was published, and what contradicts the log."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

GUARDS = """
CREATE UNIQUE INDEX one_open_alert ON ledger.alert (code, witness) WHERE cleared_at IS NULL;
CREATE INDEX cosigned_by ON ledger.cosignature (key, size);

CREATE FUNCTION ledger.only_cleared() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.cleared_at IS NOT NULL
        OR (NEW.id, NEW.code, NEW.witness, NEW.message, NEW.ours, NEW.theirs, NEW.stops, NEW.raised_at)
            IS DISTINCT FROM
            (OLD.id, OLD.code, OLD.witness, OLD.message, OLD.ours, OLD.theirs, OLD.stops, OLD.raised_at) THEN
        RAISE EXCEPTION 'an alert is only cleared, once' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.witness_policy
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.cosignature
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.published
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER append_only BEFORE DELETE ON ledger.alert
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER only_cleared BEFORE UPDATE ON ledger.alert
    FOR EACH ROW EXECUTE FUNCTION ledger.only_cleared();

CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.witness_policy EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.cosignature EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.published EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.alert EXECUTE FUNCTION ledger.refuse_change();
"""

VIEWS = """
CREATE VIEW ledger.witness_view AS
SELECT key, name, url, validates, size, problem, problem_at
FROM ledger.witness
WHERE policy_id = (SELECT max(id) FROM ledger.witness_policy);

CREATE VIEW ledger.published_view AS
SELECT max(size) AS size
FROM ledger.published
WHERE policy_id = (SELECT max(id) FROM ledger.witness_policy);

CREATE VIEW ledger.alert_view AS
SELECT id, code, witness, message, ours, theirs, stops, raised_at, cleared_at, cleared_by, finding
FROM ledger.alert;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards_and_views")]

    operations = [
        ops.CreateModel(
            name="WitnessPolicy",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("content", fields.BinaryField()),
                ("adopted_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("adopted_by", fields.TextField(unique=False)),
            ],
            options={
                "table": "witness_policy",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "id",
                "table_description": "The witness policies that operators adopted; the newest is in force.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Witness",
            fields=[
                ("key", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=400)),
                ("policy_id", fields.BigIntField()),
                ("name", fields.TextField(unique=False)),
                ("url", fields.TextField(null=True, unique=False)),
                ("validates", fields.BooleanField()),
                ("size", fields.BigIntField()),
                ("problem", fields.TextField(null=True, unique=False)),
                ("problem_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "witness",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "key",
                "table_description": "The witnesses of the policies: how far each cosigned.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Cosignature",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("size", fields.BigIntField()),
                ("key", fields.CharField(max_length=400)),
                ("line", fields.TextField(unique=False)),
                ("signed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "cosignature",
                "schema": "ledger",
                "app": "ledger",
                "unique_together": (("size", "key"),),
                "pk_attr": "id",
                "table_description": "The cosignatures over checkpoints, each the signature line of a note.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Published",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("size", fields.BigIntField()),
                ("policy_id", fields.BigIntField()),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "published",
                "schema": "ledger",
                "app": "ledger",
                "unique_together": (("policy_id", "size"),),
                "pk_attr": "id",
                "table_description": "The checkpoints that satisfied the policy which was in force.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Alert",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.TextField(unique=False)),
                ("witness", fields.TextField(unique=False)),
                ("message", fields.TextField(unique=False)),
                ("ours", fields.TextField(unique=False)),
                ("theirs", fields.TextField(null=True, unique=False)),
                ("stops", fields.BooleanField()),
                ("raised_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("cleared_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("cleared_by", fields.TextField(null=True, unique=False)),
                ("finding", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "alert",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "id",
                "table_description": "What a witness contradicts, with both notes.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(GUARDS, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(VIEWS, reverse_sql=ops.RunSQL.noop),
    ]
