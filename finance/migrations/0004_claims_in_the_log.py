"""Which entry of the log tells that a fingerprint was claimed, and which that it was released."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

INDEXES = """
CREATE INDEX fingerprint_claimed_entry ON finance.fingerprint (claimed_entry);
CREATE INDEX fingerprint_released_entry ON finance.fingerprint (released_entry) WHERE released_entry IS NOT NULL;
CREATE INDEX fingerprint_invoice ON finance.fingerprint (invoice_id);
CREATE INDEX fingerprint_untold ON finance.fingerprint (id) WHERE claimed_entry IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0003_register")]

    operations = [
        ops.AddField(model_name="Fingerprint", name="claimed_entry", field=fields.UUIDField(null=True)),
        ops.AddField(model_name="Fingerprint", name="released_entry", field=fields.UUIDField(null=True)),
        ops.RunSQL(INDEXES, reverse_sql=ops.RunSQL.noop),
    ]
