"""Decisions that people sign: the challenges given out for them, and the tasks that take one."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

VIEW = """
    CREATE OR REPLACE VIEW workflows.task_view AS
    SELECT t.id, t.case_id, t.element, t.name, t.state, t.candidate_groups, t.candidate_users, t.assignee,
           t.due, t.created_at, t.completed_at, t.completed_by, t.four_eyes, t.form_id,
           d.forms -> t.form_id AS form, t.variables, c.seller_id, c.buyer_id,
           t.priority, t.follow_up, t.overdue_since,
           t.state IN ('open', 'claimed') AND t.overdue_since IS NOT NULL AS overdue,
           t.delegators, CASE WHEN t.state = 'completed' THEN t.delegators[1] END AS on_behalf_of,
           coalesce(t.due, '9999-12-31T00:00:00Z'::timestamptz) AS due_key,
           t.follow_up IS NOT NULL AND t.follow_up > c.business_now
               AND (c.clock_paused
                    OR now() < c.real_anchor
                       + (t.follow_up - c.business_anchor) / c.clock_rate::double precision) AS put_off,
           t.requires_signature
      FROM workflows.task t
      JOIN workflows.case_ c ON c.id = t.case_id
      JOIN workflows.definition d ON d.id = coalesce(t.form_definition_id, c.definition_id);
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0009_erasure")]

    operations = [
        ops.CreateModel(
            name="Challenge",
            fields=[
                ("nonce", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=32)),
                ("account", fields.TextField(unique=False)),
                ("subject", fields.TextField(unique=False)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "challenge",
                "schema": "workflows",
                "app": "workflows",
                "pk_attr": "nonce",
                "table_description": "A nonce that was given to a person to sign; it is gone once it is used.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Task",
            name="requires_signature",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.RunSQL("CREATE INDEX challenge_account ON workflows.challenge (account)"),
        ops.RunSQL(VIEW),
    ]
