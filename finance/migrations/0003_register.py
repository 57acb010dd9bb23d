"""The blind register: which invoices platforms of a consortium have claimed, without saying which these are."""

from tortoise import migrations
from tortoise.migrations import operations as ops

TABLES = """
CREATE TABLE finance.register_key (
    period text PRIMARY KEY,
    key bytea NOT NULL CHECK (length(key) = 32)
);
COMMENT ON TABLE finance.register_key IS
    'The keys that the platforms of the consortium share, by period: two while one follows the other.';

CREATE TABLE finance.register_own (
    claim_id uuid NOT NULL REFERENCES finance.fingerprint (id),
    period text NOT NULL REFERENCES finance.register_key (period) ON DELETE CASCADE,
    blind text NOT NULL,
    PRIMARY KEY (claim_id, period, blind)
);
CREATE INDEX register_own_blind ON finance.register_own (blind);
COMMENT ON TABLE finance.register_own IS 'The blind fingerprints of this platform''s claims.';

CREATE TABLE finance.register_platform (
    name text PRIMARY KEY,
    log_key text NOT NULL UNIQUE,
    url text,
    token text,
    access_hash text NOT NULL UNIQUE,
    contact text,
    number int NOT NULL DEFAULT 0,
    size bigint NOT NULL DEFAULT 0,
    taken_in_at timestamptz,
    CHECK ((url IS NULL) = (token IS NULL))
);
COMMENT ON TABLE finance.register_platform IS
    'The other platforms, by the names that we give them: how their lists are verified and fetched, and who of them may fetch ours.';

CREATE TABLE finance.register_foreign (
    platform text NOT NULL REFERENCES finance.register_platform (name) ON DELETE CASCADE,
    period text NOT NULL,
    blind text NOT NULL,
    since date NOT NULL,
    PRIMARY KEY (blind, platform, period)
);
CREATE INDEX register_foreign_platform ON finance.register_foreign (platform);
COMMENT ON TABLE finance.register_foreign IS 'What other platforms claim, by their newest lists.';

CREATE TABLE finance.register_self (
    id int PRIMARY KEY CHECK (id = 1),
    contact text NOT NULL,
    number int NOT NULL DEFAULT 0,
    claims bytea NOT NULL DEFAULT '',
    published int NOT NULL DEFAULT 0,
    file bytea
);
COMMENT ON TABLE finance.register_self IS
    'What this platform publishes: its newest list, and the file of the newest one that is in the log.';
"""


class Migration(migrations.Migration):
    dependencies = [("finance", "0002_guarantees_and_views")]

    operations = [ops.RunSQL(TABLES, reverse_sql=ops.RunSQL.noop)]
