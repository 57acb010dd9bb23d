"""When a limit is reviewed, whether its proposal needs a second person, and what would raise it."""

from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("finance", "0003_register")]

    operations = [
        ops.AddField("LimitProposal", "review_on", fields.DateField(null=True)),
        ops.AddField("LimitProposal", "needs_second_person", fields.BooleanField(db_default=False)),
        ops.AddField("LimitProposal", "raises", fields.JSONField(null=True)),
        ops.AddField("Limit", "review_on", fields.DateField(null=True)),
    ]
