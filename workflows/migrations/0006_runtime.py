"""Messages without a case, signals, what starts processes, and remote jobs."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

MESSAGES = """
    ALTER TABLE workflows.message
        ALTER COLUMN case_id DROP NOT NULL,
        ADD COLUMN state text NOT NULL DEFAULT 'kept' CHECK (state IN ('kept', 'sent')),
        ADD COLUMN actor text NOT NULL DEFAULT 'system:case',
        ADD COLUMN expires_at timestamptz,
        ADD COLUMN sendings int NOT NULL DEFAULT 0,
        ADD CHECK (state = 'kept' OR case_id IS NOT NULL);
    CREATE INDEX message_named ON workflows.message (name, key, received_at);
    CREATE INDEX message_expires ON workflows.message (expires_at) WHERE expires_at IS NOT NULL;

    ALTER TABLE workflows.subscription ADD COLUMN position bigint GENERATED ALWAYS AS IDENTITY;

    CREATE TABLE workflows.message_identity (
        name text NOT NULL,
        key text NOT NULL,
        message_id text NOT NULL,
        command_id uuid NOT NULL,
        PRIMARY KEY (name, key, message_id)
    );
    COMMENT ON TABLE workflows.message_identity IS
        'The ids that senders gave their messages: one of a name and key is taken once.';
"""

SIGNALS = """
    CREATE TABLE workflows.signal_subscription (
        id uuid PRIMARY KEY,
        case_id uuid NOT NULL,
        kernel_id text NOT NULL,
        element text NOT NULL,
        signal text NOT NULL,
        UNIQUE (case_id, kernel_id)
    );
    CREATE INDEX signal_subscription_signal ON workflows.signal_subscription (signal);
    COMMENT ON TABLE workflows.signal_subscription IS 'A signal that a case waits for.';
"""

STARTS = """
    CREATE TABLE workflows.start_subscription (
        definition_id uuid NOT NULL REFERENCES workflows.definition (id),
        definition_key text NOT NULL,
        element text NOT NULL,
        trigger int NOT NULL,
        kind text NOT NULL CHECK (kind IN ('message', 'signal', 'timer')),
        name text,
        since timestamptz NOT NULL,
        due_at timestamptz,
        fired int NOT NULL DEFAULT 0,
        PRIMARY KEY (definition_id, element, trigger),
        CHECK ((kind = 'timer') = (name IS NULL))
    );
    CREATE INDEX start_subscription_name ON workflows.start_subscription (kind, name);
    CREATE INDEX start_subscription_due ON workflows.start_subscription (due_at) WHERE due_at IS NOT NULL;
    COMMENT ON TABLE workflows.start_subscription IS
        'What starts the deployed version of a process: a message, a signal, or a timer with its next due time.';

    CREATE TABLE workflows.message_start (
        definition_key text NOT NULL,
        message text NOT NULL,
        key text NOT NULL,
        case_id uuid NOT NULL,
        PRIMARY KEY (definition_key, message, key)
    );
    CREATE INDEX message_start_case ON workflows.message_start (case_id);
    COMMENT ON TABLE workflows.message_start IS
        'The running case that a message of this key has started: there is one at a time.';
"""

REMOTE_JOBS = """
    CREATE TABLE workflows.remote_job (
        case_id uuid NOT NULL,
        kernel_id text NOT NULL,
        element text NOT NULL,
        type text NOT NULL,
        idempotency_key uuid NOT NULL,
        state text NOT NULL CHECK (state IN ('open', 'closed')),
        outcome text,
        attempts int NOT NULL DEFAULT 0,
        last_error text,
        opened_at timestamptz NOT NULL,
        expected_by timestamptz NOT NULL,
        closed_at timestamptz,
        PRIMARY KEY (case_id, kernel_id)
    );
    CREATE INDEX remote_job_open ON workflows.remote_job (expected_by) WHERE state = 'open';
    COMMENT ON TABLE workflows.remote_job IS
        'A call to a system outside. outcome waits here until the case takes it; expected_by is when its attempt has ended for sure.';
"""

VIEWS = """
    CREATE VIEW workflows.message_view AS
    SELECT id, case_id, name, key, state, actor, received_at, expires_at FROM workflows.message;

    CREATE VIEW workflows.subscription_view AS
    SELECT case_id, element, 'message' AS kind, message AS name, key FROM workflows.subscription
    UNION ALL
    SELECT case_id, element, 'signal', signal, '' FROM workflows.signal_subscription;

    CREATE VIEW workflows.start_view AS
    SELECT definition_id, definition_key, element, kind, name, due_at, fired FROM workflows.start_subscription;

    CREATE VIEW workflows.remote_job_view AS
    SELECT case_id, kernel_id AS job_id, element, type, idempotency_key, state, attempts, last_error, opened_at,
           closed_at
      FROM workflows.remote_job;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0005_search")]

    operations = [ops.RunSQL(part) for part in (MESSAGES, SIGNALS, STARTS, REMOTE_JOBS, VIEWS)]
