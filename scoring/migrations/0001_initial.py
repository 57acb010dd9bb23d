from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateSchema("scoring"),
        ops.CreateModel(
            name="CardRecord",
            fields=[
                ("id", fields.CharField(max_length=64, primary_key=True)),
                ("name", fields.TextField()),
                ("content", fields.BinaryField()),
                ("synthetic", fields.BooleanField()),
                ("state", fields.CharField(max_length=16)),
                ("trained_by", fields.TextField()),
                ("registered_at", fields.DatetimeField()),
                ("approved_by", fields.TextField(null=True)),
                ("approved_at", fields.DatetimeField(null=True)),
                ("retired_at", fields.DatetimeField(null=True)),
            ],
            options={"schema": "scoring", "table": "card", "app": "scoring"},
        ),
        ops.CreateModel(
            name="RunRecord",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("party_id", fields.UUIDField()),
                ("card_id", fields.CharField(max_length=64)),
                ("points", fields.IntField()),
                ("pd", fields.DecimalField(max_digits=7, decimal_places=6)),
                ("grade", fields.CharField(max_length=8)),
                ("reasons", fields.JSONField()),
                ("inputs", fields.JSONField()),
                ("inputs_hash", fields.CharField(max_length=64)),
                ("at", fields.DatetimeField()),
                ("entry_id", fields.UUIDField()),
                ("synthetic", fields.BooleanField()),
            ],
            options={"schema": "scoring", "table": "run", "app": "scoring"},
        ),
        ops.RunSQL(
            [
                # Four eyes hold in the database too: who trained a card can never be who approved it.
                """
                ALTER TABLE scoring.card
                    ADD CONSTRAINT card_state CHECK (state IN ('registered', 'approved', 'retired')),
                    ADD CONSTRAINT card_four_eyes CHECK (approved_by IS NULL OR approved_by <> trained_by),
                    ADD CONSTRAINT card_approval CHECK (
                        (approved_by IS NULL) = (approved_at IS NULL)
                        AND (state <> 'approved' OR approved_by IS NOT NULL)),
                    ADD CONSTRAINT card_content CHECK (id = encode(sha256(content), 'hex'))
                """,
                "CREATE UNIQUE INDEX card_one_approved ON scoring.card (state) WHERE state = 'approved'",
                """
                ALTER TABLE scoring.run
                    ADD CONSTRAINT run_card FOREIGN KEY (card_id) REFERENCES scoring.card (id),
                    ADD CONSTRAINT run_pd CHECK (pd > 0 AND pd < 1)
                """,
                "CREATE INDEX run_of_party ON scoring.run (party_id, at DESC)",
                """
                CREATE VIEW scoring.run_view AS
                SELECT id, party_id, card_id, points, pd, grade, reasons, inputs_hash, at, synthetic, entry_id
                FROM scoring.run
                """,
                """
                CREATE VIEW scoring.card_view AS
                SELECT id, name, synthetic, state, trained_by, registered_at, approved_by, approved_at, retired_at
                FROM scoring.card
                """,
            ],
            reverse_sql=[
                "DROP VIEW scoring.card_view",
                "DROP VIEW scoring.run_view",
            ],
        ),
    ]
