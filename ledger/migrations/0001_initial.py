from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateSchema(schema_name="ledger"),
        ops.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", fields.BigIntField(primary_key=True, unique=True, db_index=True)),
                ("root", fields.BinaryField()),
                ("note", fields.TextField(unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "checkpoint",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "size",
                "table_description": "The signed notes over the log's size and root.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entry",
            fields=[
                ("index", fields.BigIntField(primary_key=True, unique=True, db_index=True)),
                ("entry_id", fields.UUIDField(unique=True)),
                ("stream", fields.TextField(unique=False)),
                ("seq", fields.IntField()),
                ("body", fields.BinaryField()),
                ("signature", fields.BinaryField()),
                ("leaf_hash", fields.BinaryField()),
                ("chain", fields.BinaryField()),
            ],
            options={
                "table": "entry",
                "schema": "ledger",
                "app": "ledger",
                "unique_together": (("stream", "seq"),),
                "pk_attr": "index",
                "table_description": "The log: entries in their order, with their leaf hash and the hash chain up to them.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Head",
            fields=[
                ("origin", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=255)),
                ("size", fields.BigIntField()),
                ("frontier", fields.BinaryField()),
                ("chain", fields.BinaryField()),
                ("epoch", fields.BigIntField()),
            ],
            options={
                "table": "head",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "origin",
                "table_description": "Where the log ends: one row, which only the sequencer of the newest epoch may advance.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Key",
            fields=[
                ("key_id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=400)),
                ("purpose", fields.TextField(unique=False)),
                ("public_key", fields.BinaryField()),
            ],
            options={
                "table": "key",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "key_id",
                "table_description": "A public key that signs entries (`entry`) or checkpoints (`log`).",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Outbox",
            fields=[
                (
                    "position",
                    fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True),
                ),
                ("entry_id", fields.UUIDField(unique=True)),
                ("stream", fields.TextField(unique=False)),
                ("seq", fields.IntField()),
                ("body", fields.BinaryField()),
                ("signature", fields.BinaryField()),
            ],
            options={
                "table": "outbox",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "position",
                "table_description": "Signed entries that business transactions committed and the sequencer has not yet moved to the log.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Payload",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("entry_id", fields.UUIDField()),
                ("field", fields.TextField(unique=False)),
                ("sealed", fields.BinaryField()),
            ],
            options={
                "table": "payload",
                "schema": "ledger",
                "app": "ledger",
                "unique_together": (("entry_id", "field"),),
                "pk_attr": "id",
                "table_description": "The vault: what entries only commit to, encrypted under the data key of their stream.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Stream",
            fields=[
                ("stream", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=200)),
                ("seq", fields.IntField()),
                ("leaf_hash", fields.BinaryField()),
                ("data_key", fields.BinaryField(null=True)),
            ],
            options={
                "table": "stream",
                "schema": "ledger",
                "app": "ledger",
                "pk_attr": "stream",
                "table_description": "The newest entry of a stream, pending or logged, and the wrapped data key of its payloads.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Tile",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("level", fields.SmallIntField()),
                ("index", fields.BigIntField()),
                ("hashes", fields.BinaryField()),
            ],
            options={
                "table": "tile",
                "schema": "ledger",
                "app": "ledger",
                "unique_together": (("level", "index"),),
                "pk_attr": "id",
                "table_description": "The hashes of the Merkle tree in tiles of up to 256 (C2SP tlog-tiles); a tile only grows.",
            },
            bases=["Model"],
        ),
    ]
