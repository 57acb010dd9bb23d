from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_initial")]

    operations = [
        ops.CreateModel(
            name="RetryItem",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("batch_id", fields.UUIDField()),
                ("position", fields.IntField()),
                ("incident_id", fields.UUIDField()),
                ("command_id", fields.UUIDField(null=True)),
            ],
            options={
                "table": "retry_item",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("batch_id", "position"),),
                "pk_attr": "id",
                "table_description": "One incident of an `incident.retry-many`, with the command that retries it; what is closed has none.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            CREATE INDEX incident_open ON workflows.incident (raised_at) WHERE state = 'open';

            CREATE VIEW workflows.retry_item_view AS
            SELECT r.id, r.batch_id, r.position, r.incident_id, i.case_id, i.element, i.code,
                   CASE WHEN i.id IS NULL THEN 'unknown'
                        WHEN r.command_id IS NULL THEN 'closed'
                        WHEN c.state = 'accepted' THEN 'waiting'
                        WHEN c.state = 'done' THEN 'retried'
                        WHEN c.outcome -> 'error' ->> 'code' IN ('incident.closed', 'case.ended') THEN 'closed'
                        ELSE 'refused'
                   END AS result,
                   c.outcome -> 'error' ->> 'code' AS refusal,
                   coalesce(c.outcome -> 'result' -> 'raised', '[]'::jsonb) AS raised
              FROM workflows.retry_item r
              LEFT JOIN workflows.incident i ON i.id = r.incident_id
              LEFT JOIN workflows.command c ON c.id = r.command_id;
            """
        ),
    ]
