"""The tables of the ledger. Migrations are made from these; `ledger.repository` holds the SQL.

Tables whose key has several columns, and those that rows of these are moved to, have no model here: the
vault's keys, and the erasures.
"""

# ruff: noqa: D106  (Tortoise reads the inner classes; they hold nothing else)
from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class Key(Model):
    """A public key that signs entries (`entry`) or checkpoints (`log`)."""

    key_id = fields.CharField(primary_key=True, max_length=400)
    purpose = fields.TextField()
    public_key = fields.BinaryField()

    class Meta:
        schema = "ledger"
        table = "key"


class Stream(Model):
    """The newest entry of a stream, pending or logged."""

    stream = fields.CharField(primary_key=True, max_length=200)
    seq = fields.IntField()
    leaf_hash = fields.BinaryField()

    class Meta:
        schema = "ledger"
        table = "stream"


class Outbox(Model):
    """Signed entries that business transactions committed and the sequencer has not yet moved to the log."""

    position = fields.BigIntField(primary_key=True, generated=True)
    entry_id = fields.UUIDField(unique=True)
    stream = fields.TextField()
    seq = fields.IntField()
    body = fields.BinaryField()
    signature = fields.BinaryField()

    class Meta:
        schema = "ledger"
        table = "outbox"


class Entry(Model):
    """The log: entries in their order, with their leaf hash and the hash chain up to them."""

    index = fields.BigIntField(primary_key=True, generated=False)
    entry_id = fields.UUIDField(unique=True)
    stream = fields.TextField()
    seq = fields.IntField()
    body = fields.BinaryField()
    signature = fields.BinaryField()
    leaf_hash = fields.BinaryField()
    chain = fields.BinaryField()

    class Meta:
        schema = "ledger"
        table = "entry"
        unique_together = (("stream", "seq"),)


class Tile(Model):
    """The hashes of the Merkle tree in tiles of up to 256 (C2SP tlog-tiles); a tile only grows."""

    id = fields.BigIntField(primary_key=True, generated=True)
    level = fields.SmallIntField()
    index = fields.BigIntField()
    hashes = fields.BinaryField()

    class Meta:
        schema = "ledger"
        table = "tile"
        unique_together = (("level", "index"),)


class Checkpoint(Model):
    """The signed notes over the log's size and root."""

    size = fields.BigIntField(primary_key=True, generated=False)
    root = fields.BinaryField()
    note = fields.TextField()
    created_at = fields.DatetimeField()

    class Meta:
        schema = "ledger"
        table = "checkpoint"


class Head(Model):
    """Where the log ends: one row, which only the sequencer of the newest epoch advances."""

    origin = fields.CharField(primary_key=True, max_length=255)
    size = fields.BigIntField()
    frontier = fields.BinaryField()
    chain = fields.BinaryField()
    epoch = fields.BigIntField()

    class Meta:
        schema = "ledger"
        table = "head"


class Payload(Model):
    """The vault: what entries only commit to, encrypted under the data key of their stream."""

    id = fields.BigIntField(primary_key=True, generated=True)
    entry_id = fields.UUIDField()
    field = fields.TextField()
    sealed = fields.BinaryField()

    class Meta:
        schema = "ledger"
        table = "payload"
        unique_together = (("entry_id", "field"),)


class WitnessPolicy(Model):
    """The witness policies that operators adopted, as they were given; the newest is in force."""

    id = fields.BigIntField(primary_key=True, generated=True)
    content = fields.BinaryField()
    adopted_at = fields.DatetimeField()
    adopted_by = fields.TextField()

    class Meta:
        schema = "ledger"
        table = "witness_policy"


class Witness(Model):
    """The witnesses of the policies, by their note keys: how far each cosigned, and what went wrong last."""

    key = fields.CharField(primary_key=True, max_length=400)
    policy_id = fields.BigIntField()
    name = fields.TextField()
    url = fields.TextField(null=True)
    validates = fields.BooleanField()
    size = fields.BigIntField()
    problem = fields.TextField(null=True)
    problem_at = fields.DatetimeField(null=True)

    class Meta:
        schema = "ledger"
        table = "witness"


class Cosignature(Model):
    """The cosignatures over checkpoints, each the signature line of a note."""

    id = fields.BigIntField(primary_key=True, generated=True)
    size = fields.BigIntField()
    key = fields.CharField(max_length=400)
    line = fields.TextField()
    signed_at = fields.DatetimeField()

    class Meta:
        schema = "ledger"
        table = "cosignature"
        unique_together = (("size", "key"),)


class Published(Model):
    """The checkpoints that satisfied the policy which was in force."""

    id = fields.BigIntField(primary_key=True, generated=True)
    size = fields.BigIntField()
    policy_id = fields.BigIntField()
    published_at = fields.DatetimeField()

    class Meta:
        schema = "ledger"
        table = "published"
        unique_together = (("policy_id", "size"),)


class Alert(Model):
    """What a witness contradicts: both notes are kept, and nothing is published until an operator looked."""

    id = fields.BigIntField(primary_key=True, generated=True)
    code = fields.TextField()
    witness = fields.TextField()
    message = fields.TextField()
    ours = fields.TextField()
    theirs = fields.TextField(null=True)
    stops = fields.BooleanField()
    raised_at = fields.DatetimeField()
    cleared_at = fields.DatetimeField(null=True)
    cleared_by = fields.TextField(null=True)
    finding = fields.TextField(null=True)

    class Meta:
        schema = "ledger"
        table = "alert"


class RegisteredKey(Model):
    """A key as its entries tell it: whose it is, and which entry brought, endorsed and revoked it."""

    key_id = fields.CharField(primary_key=True, max_length=64)
    holder = fields.TextField()
    public_key = fields.BinaryField()
    protection = fields.TextField()
    seq = fields.IntField()
    registered_by = fields.UUIDField()
    registered_at = fields.DatetimeField()
    endorsed_by = fields.TextField(null=True)
    valid_by = fields.UUIDField(null=True)
    valid_at = fields.DatetimeField(null=True)
    revoked_by = fields.UUIDField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    revoked_for = fields.TextField(null=True)

    class Meta:
        schema = "ledger"
        table = "registered_key"


class Timestamp(Model):
    """What a time-stamping authority (RFC 3161) confirmed: that a checkpoint's note was there at a time."""

    id = fields.BigIntField(primary_key=True, generated=True)
    size = fields.BigIntField()
    note = fields.TextField()
    authority = fields.TextField()
    response = fields.BinaryField()
    stamped_at = fields.DatetimeField()

    class Meta:
        schema = "ledger"
        table = "timestamp"
