from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateSchema(schema_name="workflows"),
        ops.CreateModel(
            name="Command",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("position", fields.BigIntField()),
                ("case_id", fields.UUIDField(null=True)),
                ("kind", fields.CharField(max_length=40)),
                ("actor", fields.TextField(unique=False)),
                ("roles", ArrayField(element_type="TEXT")),
                ("party_id", fields.UUIDField(null=True)),
                ("payload", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("idempotency_key", fields.TextField(unique=False)),
                ("digest", fields.CharField(max_length=64)),
                ("state", fields.CharField(max_length=20)),
                ("outcome", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "command",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("actor", "idempotency_key"),),
                "pk_attr": "id",
                "table_description": "What somebody asked for. It stays `accepted` until its outcome is recorded together with its effects.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Definition",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("key", fields.CharField(max_length=100)),
                ("version", fields.IntField()),
                ("hash", fields.CharField(max_length=64)),
                ("name", fields.TextField(unique=False)),
                ("process_id", fields.TextField(unique=False)),
                ("sources", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("forms", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("state", fields.CharField(max_length=20)),
                ("deployed_by", fields.TextField(unique=False)),
                ("deployed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "definition",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("key", "version"),),
                "pk_attr": "id",
                "table_description": "A deployed version of a process: its sources as the analyst wrote them and the hash of what they compile to.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Case",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                (
                    "definition",
                    fields.ForeignKeyField(
                        "workflows.Definition",
                        source_field="definition_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="cases",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("product", fields.CharField(max_length=100)),
                ("business_key", fields.TextField(unique=False)),
                ("state", fields.CharField(max_length=20)),
                ("state_json", fields.TextField(unique=False)),
                ("root", fields.CharField(max_length=64)),
                ("seq", fields.IntField()),
                ("step_seq", fields.BigIntField()),
                ("request_id", fields.UUIDField(null=True)),
                ("seller_id", fields.UUIDField(null=True)),
                ("buyer_id", fields.UUIDField(null=True)),
                ("requested_by", fields.TextField(unique=False)),
                ("started_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("real_anchor", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("business_anchor", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("clock_rate", fields.DecimalField(max_digits=20, decimal_places=6)),
                ("clock_paused", fields.BooleanField()),
                ("pause_on", ArrayField(element_type="TEXT")),
                ("business_now", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("active_elements", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("incidents", fields.IntField()),
            ],
            options={
                "table": "case_",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("product", "business_key"),),
                "indexes": [Index(fields=["request_id"])],
                "pk_attr": "id",
                "table_description": "A process instance. `seq` counts its ledger entries, `step_seq` its element steps.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Incident",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("case_id", fields.UUIDField()),
                ("kernel_id", fields.TextField(unique=False)),
                ("element", fields.TextField(unique=False)),
                ("code", fields.TextField(unique=False)),
                ("message", fields.TextField(unique=False)),
                ("state", fields.CharField(max_length=20)),
                ("raised_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("resolved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "incident",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("case_id", "kernel_id"),),
                "pk_attr": "id",
                "table_description": "An effect that failed, or an expression that could not be evaluated, at its token.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Message",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("case_id", fields.UUIDField(db_index=True)),
                ("name", fields.TextField(unique=False)),
                ("key", fields.TextField(unique=False)),
                ("variables", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("received_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "message",
                "schema": "workflows",
                "app": "workflows",
                "pk_attr": "id",
                "table_description": "A message that reached its case before the case waited for it; the next burst that waits takes it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Step",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("case_id", fields.UUIDField()),
                ("seq", fields.BigIntField()),
                ("element", fields.TextField(unique=False)),
                ("element_name", fields.TextField(unique=False)),
                ("element_type", fields.TextField(unique=False)),
                ("kind", fields.TextField(unique=False)),
                ("actor", fields.TextField(unique=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("entry_id", fields.UUIDField()),
                ("data", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={
                "table": "step",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("case_id", "seq"),),
                "pk_attr": "id",
                "table_description": "One element step of a case, as the kernel told it, with the ledger entry that proves it.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Subscription",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("case_id", fields.UUIDField()),
                ("kernel_id", fields.TextField(unique=False)),
                ("element", fields.TextField(unique=False)),
                ("message", fields.TextField(unique=False)),
                ("key", fields.TextField(unique=False)),
            ],
            options={
                "table": "subscription",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("case_id", "kernel_id"),),
                "indexes": [Index(fields=["message", "key"])],
                "pk_attr": "id",
                "table_description": "A message that a case waits for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Task",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("case_id", fields.UUIDField()),
                ("kernel_id", fields.TextField(unique=False)),
                ("element", fields.TextField(unique=False)),
                ("name", fields.TextField(unique=False)),
                ("state", fields.CharField(max_length=20)),
                ("form_id", fields.TextField(null=True, unique=False)),
                ("four_eyes", fields.TextField(null=True, unique=False)),
                ("candidate_groups", ArrayField(element_type="TEXT")),
                ("candidate_users", ArrayField(element_type="TEXT")),
                ("assignee", fields.TextField(null=True, unique=False)),
                ("due", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("variables", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("completed_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("completed_by", fields.TextField(null=True, unique=False)),
            ],
            options={
                "table": "task",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("case_id", "kernel_id"),),
                "pk_attr": "id",
                "table_description": "A user task, open or done. `kernel_id` is its id inside the case's state.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(
            """
            CREATE SEQUENCE workflows.command_position OWNED BY workflows.command.position;
            ALTER TABLE workflows.command ALTER COLUMN position SET DEFAULT nextval('workflows.command_position');
            ALTER TABLE workflows.command ADD CHECK (state IN ('accepted', 'done', 'refused'));
            ALTER TABLE workflows.command ADD CHECK ((state = 'accepted') = (outcome IS NULL));
            CREATE INDEX command_accepted ON workflows.command (position) WHERE state = 'accepted';
            CREATE INDEX command_of_case ON workflows.command (case_id, position);
            ALTER TABLE workflows.case_ ADD CHECK
                (state IN ('running', 'waiting', 'incident', 'completed', 'cancelled', 'failed'));
            CREATE INDEX case_due ON workflows.case_ (due_at) WHERE due_at IS NOT NULL;
            CREATE INDEX case_open ON workflows.case_ (started_at) WHERE ended_at IS NULL;
            ALTER TABLE workflows.task ADD CHECK (state IN ('open', 'claimed', 'completed', 'cancelled'));
            CREATE INDEX task_open ON workflows.task (created_at) WHERE state IN ('open', 'claimed');
            ALTER TABLE workflows.incident ADD CHECK (state IN ('open', 'resolved'));
            """
        ),
        ops.RunSQL(
            """
            CREATE VIEW workflows.case_view AS
            SELECT c.id, c.business_key, c.product, d.key AS definition_key, d.version AS definition_version,
                   d.hash AS model_hash, c.state, c.request_id, c.seller_id, c.buyer_id, c.requested_by,
                   c.started_at, c.ended_at, c.business_now, c.active_elements, c.incidents, c.root AS state_root
              FROM workflows.case_ c JOIN workflows.definition d ON d.id = c.definition_id;

            CREATE VIEW workflows.step_view AS
            SELECT case_id, seq, element, element_name, element_type, kind, actor, at, entry_id, data
              FROM workflows.step;

            CREATE VIEW workflows.task_view AS
            SELECT t.id, t.case_id, t.element, t.name, t.state, t.candidate_groups, t.candidate_users, t.assignee,
                   t.due, t.created_at, t.completed_at, t.completed_by, t.four_eyes, t.form_id,
                   d.forms -> t.form_id AS form, t.variables, c.seller_id, c.buyer_id
              FROM workflows.task t
              JOIN workflows.case_ c ON c.id = t.case_id
              JOIN workflows.definition d ON d.id = c.definition_id;

            CREATE VIEW workflows.incident_view AS
            SELECT i.id, i.case_id, i.element, i.code, i.message, i.state, i.raised_at, i.resolved_at
              FROM workflows.incident i;

            CREATE VIEW workflows.definition_view AS
            SELECT d.id, d.key, d.version, d.hash, d.name, d.state, d.sources ->> (d.key || '.bpmn') AS bpmn_xml,
                   d.sources, d.forms, d.deployed_by, d.deployed_at
              FROM workflows.definition d;

            CREATE VIEW workflows.command_view AS
            SELECT id, case_id, kind, actor, state, outcome, created_at, decided_at
              FROM workflows.command;
            """,
        ),
    ]
