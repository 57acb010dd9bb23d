"""Tables of scoring: the cards, and every score that was given."""

from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class CardRecord(Model):
    """A registered card. Its id is the SHA-256 of `content`, so that a card cannot change under its id."""

    id = fields.CharField(max_length=64, primary_key=True)
    name = fields.TextField()
    content = fields.BinaryField()
    synthetic = fields.BooleanField()
    state = fields.CharField(max_length=16)
    trained_by = fields.TextField()
    registered_at = fields.DatetimeField()
    approved_by = fields.TextField(null=True)
    approved_at = fields.DatetimeField(null=True)
    retired_at = fields.DatetimeField(null=True)

    class Meta:  # noqa: D106 (Tortoise reads it)
        schema = "scoring"
        table = "card"


class RunRecord(Model):
    """One score, with what it was computed from."""

    id = fields.UUIDField(primary_key=True)
    party_id = fields.UUIDField()
    card_id = fields.CharField(max_length=64)
    points = fields.IntField()
    pd = fields.DecimalField(max_digits=7, decimal_places=6)
    grade = fields.CharField(max_length=8)
    reasons = fields.JSONField[list[dict[str, object]]]()
    inputs = fields.JSONField[dict[str, str | None]]()
    inputs_hash = fields.CharField(max_length=64)
    at = fields.DatetimeField()
    entry_id = fields.UUIDField()
    synthetic = fields.BooleanField()
    sources = fields.JSONField[dict[str, dict[str, str]]](null=True)

    class Meta:  # noqa: D106 (Tortoise reads it)
        schema = "scoring"
        table = "run"


class AlertRecord(Model):
    """A warning of an early-warning rule, and whether a person called it true."""

    id = fields.UUIDField(primary_key=True)
    rule = fields.CharField(max_length=32)
    kind = fields.CharField(max_length=16)
    subject = fields.UUIDField()
    currency = fields.CharField(max_length=3)
    value = fields.DecimalField(max_digits=24, decimal_places=4)
    threshold = fields.DecimalField(max_digits=24, decimal_places=4)
    amount = fields.DecimalField(max_digits=24, decimal_places=4, null=True)
    message = fields.TextField()
    raised_at = fields.DatetimeField()
    entry_id = fields.UUIDField()
    verdict = fields.CharField(max_length=8, null=True)
    note = fields.TextField(null=True)
    judged_by = fields.TextField(null=True)
    judged_at = fields.DatetimeField(null=True)
    judged_entry_id = fields.UUIDField(null=True)

    class Meta:  # noqa: D106 (Tortoise reads it)
        schema = "scoring"
        table = "alert"


class ChallengerRecord(Model):
    """A model that scores in shadow while it is appointed; it never decides."""

    id = fields.CharField(max_length=64, primary_key=True)
    kind = fields.CharField(max_length=16)
    name = fields.TextField()
    content = fields.BinaryField()
    trained_by = fields.TextField()
    registered_at = fields.DatetimeField()
    appointed_by = fields.TextField(null=True)
    appointed_at = fields.DatetimeField(null=True)
    dismissed_at = fields.DatetimeField(null=True)

    class Meta:  # noqa: D106 (Tortoise reads it)
        schema = "scoring"
        table = "challenger"


class ShadowScoreRecord(Model):
    """What a challenger said of a run, or why it could not."""

    id = fields.UUIDField(primary_key=True)
    run_id = fields.UUIDField()
    challenger_id = fields.CharField(max_length=64)
    pd = fields.DecimalField(max_digits=7, decimal_places=6, null=True)
    reasons = fields.JSONField[list[dict[str, object]]]()
    failure = fields.TextField(null=True)
    at = fields.DatetimeField()

    class Meta:  # noqa: D106 (Tortoise reads it)
        schema = "scoring"
        table = "shadow_score"
