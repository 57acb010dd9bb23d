"""The registry of keys, as its entries tell it; the log is the authority, this is what is asked of it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

GUARANTEES = """
ALTER TABLE ledger.registered_key ADD CHECK (seq >= 1);
ALTER TABLE ledger.registered_key ADD CHECK ((valid_by IS NULL) = (valid_at IS NULL));
ALTER TABLE ledger.registered_key ADD CHECK ((revoked_by IS NULL) = (revoked_at IS NULL));
CREATE INDEX registered_key_holder ON ledger.registered_key (holder);
"""

VIEW = """
CREATE VIEW ledger.key_view AS
SELECT key_id, holder, public_key, protection, registered_by, registered_at, endorsed_by, valid_by, valid_at,
       revoked_by, revoked_at, revoked_for,
       CASE WHEN revoked_by IS NOT NULL THEN 'revoked' WHEN valid_by IS NOT NULL THEN 'valid' ELSE 'registered'
       END AS state
  FROM ledger.registered_key;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_vault_keys")]

    operations = [
        ops.CreateModel(
            name="RegisteredKey",
            fields=[
                ("key_id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("holder", fields.TextField(unique=False)),
                ("public_key", fields.BinaryField()),
                ("protection", fields.TextField(unique=False)),
                ("seq", fields.IntField()),
                ("registered_by", fields.UUIDField()),
                ("registered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("endorsed_by", fields.TextField(null=True, unique=False)),
                ("valid_by", fields.UUIDField(null=True)),
                ("valid_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_by", fields.UUIDField(null=True)),
                ("revoked_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("revoked_for", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "registered_key",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "key_id",
                "table_description": "A key as its entries tell it: whose it is, and which entry brought, endorsed and revoked it.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(GUARANTEES, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(VIEW, reverse_sql=ops.RunSQL.noop),
    ]
