"""Keys of the vault in tables of their own, wrapped in three layers, and the erasures."""

from tortoise import migrations
from tortoise.migrations import operations as ops

# Apart from the streams and payloads, so that a backup of those can leave the keys out: see docs.
KEYS = """
CREATE TABLE ledger.vault (root_id text NOT NULL);
CREATE UNIQUE INDEX one_vault ON ledger.vault ((true));
COMMENT ON TABLE ledger.vault IS 'Which root key wraps the keys of parties from now on: one row.';

CREATE TABLE ledger.party_key (
    owner text NOT NULL,
    version int NOT NULL CHECK (version >= 1),
    root_id text NOT NULL,
    wrapped bytea,
    retired boolean NOT NULL DEFAULT false,
    PRIMARY KEY (owner, version),
    CHECK (retired OR wrapped IS NOT NULL)
);
CREATE UNIQUE INDEX party_key_current ON ledger.party_key (owner) WHERE NOT retired;
COMMENT ON TABLE ledger.party_key IS
    'The keys of the parties and of the platform, wrapped by the root key of that id; wrapped is null where one was destroyed.';

CREATE TABLE ledger.data_key (
    stream text PRIMARY KEY,
    owner text,
    version int,
    wrapped bytea NOT NULL,
    CHECK ((owner IS NULL) = (version IS NULL))
);
CREATE INDEX data_key_by_root ON ledger.data_key (stream) WHERE owner IS NULL;
COMMENT ON TABLE ledger.data_key IS
    'The data keys of the streams, wrapped by the owner''s key of that version, or by the root key where there is none. A stream without one was erased.';

INSERT INTO ledger.data_key (stream, wrapped)
SELECT stream, data_key FROM ledger.stream WHERE data_key IS NOT NULL;
"""

ERASURES = """
CREATE TABLE ledger.erasure (
    id uuid PRIMARY KEY,
    subject text NOT NULL CHECK (subject IN ('case', 'party')),
    subject_id uuid NOT NULL,
    reason text NOT NULL,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'rejected', 'done')),
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_by text,
    decided_at timestamptz,
    streams int,
    entries int NOT NULL DEFAULT 0,
    CHECK ((state = 'requested') = (decided_by IS NULL)),
    CHECK ((state = 'done') = (streams IS NOT NULL))
);
CREATE UNIQUE INDEX erasure_open ON ledger.erasure (subject_id) WHERE state = 'requested';
CREATE INDEX erasure_page ON ledger.erasure (requested_at, id);
COMMENT ON TABLE ledger.erasure IS
    'What is to be erased, why, and who asked for it and decided. entries counts those of the stream erasure:<id>.';

CREATE VIEW ledger.erasure_view AS
SELECT id, subject, subject_id, reason, state, requested_by, requested_at, decided_by, decided_at, streams
  FROM ledger.erasure;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_witnesses")]

    operations = [
        ops.RunSQL(KEYS, reverse_sql=ops.RunSQL.noop),
        ops.RemoveField(model_name="Stream", name="data_key"),
        ops.RunSQL(ERASURES, reverse_sql=ops.RunSQL.noop),
    ]
