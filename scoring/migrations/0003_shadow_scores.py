"""Challengers, and what they say in shadow of each run."""

from __future__ import annotations

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("scoring", "0002_alerts")]

    operations = [
        ops.CreateModel(
            name="ChallengerRecord",
            fields=[
                ("id", fields.CharField(max_length=64, primary_key=True)),
                ("kind", fields.CharField(max_length=16)),
                ("name", fields.TextField()),
                ("content", fields.BinaryField()),
                ("trained_by", fields.TextField()),
                ("registered_at", fields.DatetimeField()),
                ("appointed_by", fields.TextField(null=True)),
                ("appointed_at", fields.DatetimeField(null=True)),
                ("dismissed_at", fields.DatetimeField(null=True)),
            ],
            options={"schema": "scoring", "table": "challenger", "app": "scoring"},
        ),
        ops.CreateModel(
            name="ShadowScoreRecord",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("run_id", fields.UUIDField()),
                ("challenger_id", fields.CharField(max_length=64)),
                ("pd", fields.DecimalField(max_digits=7, decimal_places=6, null=True)),
                ("reasons", fields.JSONField()),
                ("failure", fields.TextField(null=True)),
                ("at", fields.DatetimeField()),
            ],
            options={"schema": "scoring", "table": "shadow_score", "app": "scoring"},
        ),
        ops.RunSQL(
            [
                """
                ALTER TABLE scoring.challenger
                    ADD CONSTRAINT challenger_kind CHECK (kind IN ('card', 'trees')),
                    ADD CONSTRAINT challenger_four_eyes
                        CHECK (appointed_by IS NULL OR appointed_by <> trained_by),
                    ADD CONSTRAINT challenger_appointed CHECK (
                        (appointed_by IS NULL) = (appointed_at IS NULL)
                        AND (dismissed_at IS NULL OR appointed_at IS NOT NULL)),
                    ADD CONSTRAINT challenger_content CHECK (id = encode(sha256(content), 'hex'))
                """,
                """
                CREATE INDEX challenger_in_office ON scoring.challenger (id)
                    WHERE appointed_at IS NOT NULL AND dismissed_at IS NULL
                """,
                """
                ALTER TABLE scoring.shadow_score
                    ADD CONSTRAINT shadow_run FOREIGN KEY (run_id) REFERENCES scoring.run (id),
                    ADD CONSTRAINT shadow_challenger
                        FOREIGN KEY (challenger_id) REFERENCES scoring.challenger (id),
                    ADD CONSTRAINT shadow_once UNIQUE (run_id, challenger_id),
                    ADD CONSTRAINT shadow_pd CHECK (pd > 0 AND pd < 1),
                    ADD CONSTRAINT shadow_said CHECK ((pd IS NULL) = (failure IS NOT NULL))
                """,
                """
                CREATE VIEW scoring.shadow_view AS
                SELECT s.run_id, s.challenger_id, c.name AS challenger, c.kind, s.pd, s.reasons, s.failure, s.at,
                       r.party_id, r.card_id, r.pd AS champion_pd
                  FROM scoring.shadow_score s
                  JOIN scoring.challenger c ON c.id = s.challenger_id
                  JOIN scoring.run r ON r.id = s.run_id
                """,
            ],
            reverse_sql=["DROP VIEW scoring.shadow_view"],
        ),
    ]
