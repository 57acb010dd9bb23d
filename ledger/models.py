"""The tables of the ledger. Migrations are made from these; `ledger.repository` holds the SQL."""

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
    """The newest entry of a stream, pending or logged, and the wrapped data key of its payloads."""

    stream = fields.CharField(primary_key=True, max_length=200)
    seq = fields.IntField()
    leaf_hash = fields.BinaryField()
    data_key = fields.BinaryField(null=True)

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
