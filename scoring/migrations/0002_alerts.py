"""Alerts of the early-warning rules, and whether people called them true."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("scoring", "0001_initial")]

    operations = [
        ops.CreateModel(
            name="AlertRecord",
            fields=[
                ("id", fields.UUIDField(primary_key=True)),
                ("rule", fields.CharField(max_length=32)),
                ("kind", fields.CharField(max_length=16)),
                ("subject", fields.UUIDField()),
                ("currency", fields.CharField(max_length=3)),
                ("value", fields.DecimalField(max_digits=24, decimal_places=4)),
                ("threshold", fields.DecimalField(max_digits=24, decimal_places=4)),
                ("amount", fields.DecimalField(max_digits=24, decimal_places=4, null=True)),
                ("message", fields.TextField()),
                ("raised_at", fields.DatetimeField()),
                ("entry_id", fields.UUIDField()),
                ("verdict", fields.CharField(max_length=8, null=True)),
                ("note", fields.TextField(null=True)),
                ("judged_by", fields.TextField(null=True)),
                ("judged_at", fields.DatetimeField(null=True)),
                ("judged_entry_id", fields.UUIDField(null=True)),
            ],
            options={"schema": "scoring", "table": "alert", "app": "scoring"},
        ),
        ops.RunSQL(
            [
                """
                ALTER TABLE scoring.alert
                    ADD CONSTRAINT alert_kind CHECK (kind IN ('hold', 'reserve_up', 'limit_cut', 'human_task')),
                    ADD CONSTRAINT alert_verdict CHECK (verdict IN ('true', 'false')),
                    ADD CONSTRAINT alert_judged CHECK (
                        num_nulls(verdict, judged_by, judged_at, judged_entry_id) IN (0, 4))
                """,
                # One alert that nobody has judged per rule and party: a standing warning is not repeated.
                "CREATE UNIQUE INDEX alert_standing ON scoring.alert (subject, currency, rule) WHERE verdict IS NULL",
                "CREATE INDEX alert_raised ON scoring.alert (raised_at)",
                """
                CREATE VIEW scoring.alert_view AS
                SELECT id, rule, kind, subject AS party_id, currency, value, threshold, amount, message, raised_at,
                       verdict, note, judged_by, judged_at, entry_id, judged_entry_id
                FROM scoring.alert
                """,
            ],
            reverse_sql=["DROP VIEW scoring.alert_view"],
        ),
    ]
