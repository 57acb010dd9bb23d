"""Where each figure of a score came from, and what the API reads of it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

RUN_VIEW = """
CREATE OR REPLACE VIEW scoring.run_view AS
SELECT id, party_id, card_id, points, pd, grade, reasons, inputs_hash, at, synthetic, entry_id, inputs, sources
FROM scoring.run
"""


class Migration(migrations.Migration):
    dependencies = [("scoring", "0003_shadow_scores")]

    operations = [
        # Null on scores that were given before their sources were kept.
        ops.AddField("RunRecord", "sources", fields.JSONField(null=True)),
        ops.RunSQL(RUN_VIEW, reverse_sql=ops.RunSQL.noop),
    ]
