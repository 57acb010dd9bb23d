"""The life of a definition before and after it is deployed: drafts, tags, what the check found."""

from uuid import uuid4

from orjson import loads
from tortoise import fields, migrations
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("workflows", "0002_repair")]

    operations = [
        ops.CreateModel(
            name="Draft",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("key", fields.CharField(max_length=100, unique=True)),
                ("revision", fields.IntField()),
                ("state", fields.CharField(max_length=20)),
                ("hash", fields.CharField(max_length=64)),
                ("sources", fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ("findings", fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ("authors", ArrayField(element_type="TEXT")),
                ("saved_by", fields.TextField(unique=False)),
                ("saved_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("requested_by", fields.TextField(null=True, unique=False)),
                ("requested_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("rejected_by", fields.TextField(null=True, unique=False)),
                ("rejection", fields.TextField(null=True, unique=False)),
                ("entries", fields.IntField()),
            ],
            options={
                "table": "draft",
                "schema": "workflows",
                "app": "workflows",
                "pk_attr": "id",
                "table_description": "The next version of a process on its way to deployment; one of a key at a time. Deployed, it is a definition of the same id.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="DefinitionTag",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("key", fields.CharField(max_length=100)),
                ("tag", fields.CharField(max_length=100)),
                (
                    "definition",
                    fields.ForeignKeyField(
                        "workflows.Definition",
                        source_field="definition_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tags",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
                ("set_by", fields.TextField(unique=False)),
                ("set_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "definition_tag",
                "schema": "workflows",
                "app": "workflows",
                "unique_together": (("key", "tag"),),
                "pk_attr": "id",
                "table_description": "A name for one version of a process, by which cases can start; it can be moved to another version.",
            },
            bases=["Model"],
        ),
        ops.AddField("Definition", "requested_by", fields.TextField(null=True, unique=False)),
        ops.AddField(
            "Definition",
            "findings",
            fields.JSONField(db_default=[], encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField("Definition", "entries", fields.IntField(db_default=0)),
        ops.RunSQL(
            """
            ALTER TABLE workflows.draft ADD CHECK (state IN ('draft', 'linted', 'pending'));
            ALTER TABLE workflows.draft ADD CHECK ((state = 'pending') = (requested_by IS NOT NULL));
            ALTER TABLE workflows.definition ADD CHECK (state IN ('deployed', 'retired'));

            CREATE VIEW workflows.draft_view AS
            SELECT d.id, d.key, d.revision, d.state, d.hash, d.sources ->> (d.key || '.bpmn') AS bpmn_xml,
                   d.sources, d.findings, d.authors, d.saved_by, d.saved_at, d.requested_by, d.requested_at,
                   d.rejected_by, d.rejection
              FROM workflows.draft d;

            CREATE OR REPLACE VIEW workflows.definition_view AS
            SELECT d.id, d.key, d.version, d.hash, d.name, d.state, d.sources ->> (d.key || '.bpmn') AS bpmn_xml,
                   d.sources, d.forms, d.deployed_by, d.deployed_at, d.requested_by, d.findings,
                   ARRAY(SELECT t.tag::text FROM workflows.definition_tag t
                          WHERE t.definition_id = d.id ORDER BY t.tag) AS tags
              FROM workflows.definition d;
            """
        ),
    ]
