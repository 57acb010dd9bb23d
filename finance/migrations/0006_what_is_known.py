"""What a limit is proposed from: publication of statements, checks of companies, models of losses; its stops."""

from uuid import uuid4

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

CHECKS = """
ALTER TABLE finance.party_check
    ADD CONSTRAINT party_check_party FOREIGN KEY (party_id) REFERENCES finance.legal_entity (id),
    ADD CONSTRAINT party_check_kind CHECK (kind IN ('IDENTIFICATION', 'SANCTIONS', 'INSOLVENCY'));
ALTER TABLE finance.loss_model
    ADD CONSTRAINT loss_model_once UNIQUE (product, model_id),
    ADD CONSTRAINT loss_model_four_eyes CHECK (approved_by <> registered_by),
    ADD CONSTRAINT loss_model_approved CHECK ((approved_by IS NULL) = (approved_at IS NULL));
CREATE INDEX party_check_newest ON finance.party_check (party_id, kind, checked_at DESC);
CREATE INDEX asset_buyer ON finance.asset (buyer_id);
"""

# The view of 0005, with what came to proposals since at its end.
LIMIT_VIEW = """
CREATE OR REPLACE VIEW finance.limit_view AS
SELECT l.id, l.scope, l.seller_id, l.buyer_id, concat_ws(' / ', s.name, b.name) AS party_name,
       l.currency, l.amount, l.reserved, l.utilised, l.headroom, l.state, l.binding_cap, l.score_run_id,
       l.request_id, l.caps, l.review_on, l.needs_second_person, l.raises, l.on_hold_since, l.stops, l.left_out
FROM (
    SELECT id, scope, seller_id, buyer_id, currency, amount, reserved, utilised,
           amount - reserved - utilised AS headroom, state, binding_cap, score_run_id,
           NULL::uuid AS request_id, NULL::jsonb AS caps, review_on, false AS needs_second_person,
           NULL::jsonb AS raises, on_hold_since, NULL::jsonb AS stops, NULL::jsonb AS left_out
    FROM finance.limit_
    UNION ALL
    SELECT id, scope, seller_id, buyer_id, currency, amount, 0, 0, 0, state, binding_cap, score_run_id,
           request_id, caps, review_on, needs_second_person, raises, NULL::timestamptz, stops, left_out
    FROM finance.limit_proposal WHERE state = 'PROPOSED'
) l
LEFT JOIN finance.legal_entity s ON s.id = l.seller_id
LEFT JOIN finance.legal_entity b ON b.id = l.buyer_id
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0005_limit_reviews")]

    operations = [
        ops.AddField("FinancialStatement", "published_on", fields.DateField(null=True)),
        ops.AddField("LimitProposal", "stops", fields.JSONField(null=True)),
        ops.AddField("LimitProposal", "left_out", fields.JSONField(null=True)),
        ops.CreateModel(
            name="PartyCheck",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("party_id", fields.UUIDField()),
                ("kind", fields.TextField(unique=False)),
                ("passed", fields.BooleanField()),
                ("valid_until", fields.DateField(null=True)),
                ("checked_by", fields.TextField(unique=False)),
                ("checked_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("entry_id", fields.UUIDField()),
            ],
            options={
                "schema": "finance",
                "table": "party_check",
                "app": "finance",
                "pk_attr": "id",
                "table_description": "What a check of a company found: `kind` is IDENTIFICATION, SANCTIONS or INSOLVENCY. Only ever added.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LossModel",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("model_id", fields.TextField(unique=False)),
                ("product", fields.TextField(unique=False)),
                ("content", fields.BinaryField()),
                ("registered_by", fields.TextField(unique=False)),
                ("registered_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("approved_by", fields.TextField(null=True, unique=False)),
                ("approved_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "schema": "finance",
                "table": "loss_model",
                "app": "finance",
                "pk_attr": "id",
                "table_description": "A model of the loss given default for a product; of those approved the last one counts.",
            },
            bases=["Model"],
        ),
        ops.RunSQL(CHECKS, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(LIMIT_VIEW, reverse_sql=ops.RunSQL.noop),
    ]
