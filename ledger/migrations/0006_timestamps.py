"""Time stamps of others over checkpoints; like all of the log they are only added to."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

GUARDS = """
CREATE INDEX timestamp_size ON ledger.timestamp (size);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON ledger.timestamp
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_change();
CREATE TRIGGER keep_all BEFORE TRUNCATE ON ledger.timestamp EXECUTE FUNCTION ledger.refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_key_registry")]

    operations = [
        ops.CreateModel(
            name="Timestamp",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("size", fields.BigIntField()),
                ("note", fields.TextField(unique=False)),
                ("authority", fields.TextField(unique=False)),
                ("response", fields.BinaryField()),
                ("stamped_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "timestamp",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "id",
                "table_description": "What a time-stamping authority (RFC 3161) confirmed: that a checkpoint's note was there at a time.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(GUARDS, reverse_sql=ops.RunSQL.noop),
    ]
