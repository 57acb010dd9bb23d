"""The life of a task: who has it on whose behalf, when it is due and overdue, remarks and drafts."""

from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops

# Tasks that were open before have what the kernel gives a task that declares nothing. Priority and follow-up
# date of those that declared one are in the case's state only, where nobody read them before.
DEFAULTS = """
ALTER TABLE workflows.task
    ADD COLUMN delegators text[] NOT NULL DEFAULT '{}',
    ADD COLUMN priority int NOT NULL DEFAULT 50,
    ADD COLUMN follow_up timestamptz,
    ADD COLUMN overdue_since timestamptz,
    ADD COLUMN escalate_to text[] NOT NULL DEFAULT '{}';
"""

RULES = """
-- Remarks are read in the order in which they were made, which the time of a clock that stands does not tell.
ALTER TABLE workflows.task_comment ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY;
ALTER TABLE workflows.task_comment ADD FOREIGN KEY (task_id) REFERENCES workflows.task (id);
ALTER TABLE workflows.task_draft ADD FOREIGN KEY (task_id) REFERENCES workflows.task (id);
-- What nobody has, nobody has delegated.
ALTER TABLE workflows.task ADD CHECK (assignee IS NOT NULL OR delegators = '{}');
CREATE INDEX task_priority ON workflows.task (priority, id) WHERE state IN ('open', 'claimed');
CREATE INDEX task_four_eyes ON workflows.task (case_id, four_eyes) WHERE four_eyes IS NOT NULL;
"""

# `put_off`: its follow-up date is yet to come, by the business clock of its case, which is turned round here so
# that no date of a fast clock overflows. `due_key` orders tasks that are never due behind all others.
VIEWS = """
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
                   + (t.follow_up - c.business_anchor) / c.clock_rate::double precision) AS put_off
  FROM workflows.task t
  JOIN workflows.case_ c ON c.id = t.case_id
  JOIN workflows.definition d ON d.id = c.definition_id;

CREATE VIEW workflows.task_comment_view AS
SELECT id, task_id, author, text, at, entry_id, position FROM workflows.task_comment;

CREATE VIEW workflows.task_draft_view AS
SELECT id, task_id, person, answers, saved_at FROM workflows.task_draft;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0003_definitions")]

    operations = [
        ops.CreateModel(
            name="TaskComment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("task_id", fields.UUIDField(db_index=True)),
                ("author", fields.TextField(unique=False)),
                ("text", fields.TextField(unique=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("entry_id", fields.UUIDField()),
            ],
            options={
                "table": "task_comment",
                "schema": "workflows",
                "app": "workflows",
                "pk_attr": "id",
                "table_description": "A remark about a task, with the ledger entry that commits to it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TaskDraft",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("task_id", fields.UUIDField(db_index=True)),
                ("person", fields.TextField(unique=False)),
                ("answers", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("saved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "task_draft",
                "schema": "workflows",
                "app": "workflows",
                "pk_attr": "id",
                "table_description": "What a person has filled in so far; it is gone when the task is over.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(DEFAULTS + RULES + VIEWS),
    ]
