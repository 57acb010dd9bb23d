"""When a limit is reviewed, who must approve its proposal, what would raise it, and since when it is on hold."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from finance.fields import NumericField

# The view of 0002, with what has come to limits and proposals since at its end.
LIMIT_VIEW = """
CREATE OR REPLACE VIEW finance.limit_view AS
SELECT l.id, l.scope, l.seller_id, l.buyer_id, concat_ws(' / ', s.name, b.name) AS party_name,
       l.currency, l.amount, l.reserved, l.utilised, l.headroom, l.state, l.binding_cap, l.score_run_id,
       l.request_id, l.caps, l.review_on, l.needs_second_person, l.raises, l.on_hold_since
FROM (
    SELECT id, scope, seller_id, buyer_id, currency, amount, reserved, utilised,
           amount - reserved - utilised AS headroom, state, binding_cap, score_run_id,
           NULL::uuid AS request_id, NULL::jsonb AS caps, review_on, false AS needs_second_person,
           NULL::jsonb AS raises, on_hold_since
    FROM finance.limit_
    UNION ALL
    SELECT id, scope, seller_id, buyer_id, currency, amount, 0, 0, 0, state, binding_cap, score_run_id,
           request_id, caps, review_on, needs_second_person, raises, NULL::timestamptz
    FROM finance.limit_proposal WHERE state = 'PROPOSED'
) l
LEFT JOIN finance.legal_entity s ON s.id = l.seller_id
LEFT JOIN finance.legal_entity b ON b.id = l.buyer_id
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0004_claims_in_the_log")]

    operations = [
        ops.AddField("LimitProposal", "review_on", fields.DateField(null=True)),
        ops.AddField("LimitProposal", "needs_second_person", fields.BooleanField(db_default=False)),
        ops.AddField("LimitProposal", "alone", NumericField(db_default=0)),
        ops.AddField("LimitProposal", "raises", fields.JSONField(null=True)),
        ops.AddField("Limit", "review_on", fields.DateField(null=True)),
        ops.AddField("Limit", "on_hold_since", fields.DatetimeField(null=True)),
        ops.RunSQL(LIMIT_VIEW, reverse_sql=ops.RunSQL.noop),
    ]
