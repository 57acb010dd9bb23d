"""Cases whose content was erased."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

HISTORY = """
    ALTER TABLE workflows.case_ DROP CONSTRAINT case__history_check;
    ALTER TABLE workflows.case_ ADD CHECK (history IN ('archived', 'lost', 'erased'));
"""

WORKFLOWS = """
    CREATE TABLE workflows.erased_workflow (workflow_id text PRIMARY KEY);
    COMMENT ON TABLE workflows.erased_workflow IS
        'Workflows of erased cases, until Temporal has deleted their histories.';
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0008_called_case")]

    operations = [
        ops.AddField(model_name="Case", name="erased_at", field=fields.DatetimeField(null=True)),
        ops.RunSQL(HISTORY),
        ops.RunSQL(WORKFLOWS),
    ]
