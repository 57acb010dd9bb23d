"""Migration of running cases: batches, and what keeps its identity when elements get other names."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

BATCHES = """
    CREATE TABLE workflows.migration_batch (
        id uuid PRIMARY KEY,
        product text NOT NULL,
        definition_id uuid NOT NULL REFERENCES workflows.definition (id),
        plan text,
        wanted jsonb NOT NULL,
        reason text NOT NULL,
        state text NOT NULL CHECK (state IN ('trying', 'planned', 'running', 'paused', 'done', 'cancelled')),
        cases int NOT NULL,
        left_out int NOT NULL,
        planned_by text NOT NULL,
        planned_at timestamptz NOT NULL,
        start_command uuid,
        started_by text,
        started_at timestamptz,
        finished_at timestamptz,
        entries int NOT NULL DEFAULT 0,
        CHECK ((started_by IS NULL) = (start_command IS NULL))
    );
    CREATE INDEX migration_batch_active ON workflows.migration_batch (planned_at)
        WHERE state IN ('trying', 'running');
    CREATE INDEX migration_batch_latest ON workflows.migration_batch (planned_at, id);
    COMMENT ON TABLE workflows.migration_batch IS
        'Many cases that are to go over to another version: tried out first, then started by a second person.';

    CREATE TABLE workflows.migration_item (
        batch_id uuid NOT NULL REFERENCES workflows.migration_batch (id),
        position int NOT NULL,
        case_id uuid NOT NULL,
        possible boolean,
        reasons jsonb NOT NULL DEFAULT '[]',
        command_id uuid,
        PRIMARY KEY (batch_id, position),
        UNIQUE (batch_id, case_id)
    );
    COMMENT ON TABLE workflows.migration_item IS
        'One case of a batch: what its dry run said (null: not tried yet), and the command that migrates it.';
"""

# The call of a remote job goes by the id under which it began; the kernel's id follows the element's name.
IDENTITIES = """
    ALTER TABLE workflows.remote_job ADD COLUMN call_id text;
    UPDATE workflows.remote_job SET call_id = kernel_id;
    ALTER TABLE workflows.remote_job ALTER COLUMN call_id SET NOT NULL, ADD UNIQUE (case_id, call_id);

    ALTER TABLE workflows.task
        ADD COLUMN form_definition_id uuid REFERENCES workflows.definition (id);
    COMMENT ON COLUMN workflows.task.form_definition_id IS
        'The version whose form the task shows, when its case has gone over to another one since it opened.';
"""

VIEWS = """
    CREATE OR REPLACE VIEW workflows.task_view AS
    SELECT t.id, t.case_id, t.element, t.name, t.state, t.candidate_groups, t.candidate_users, t.assignee,
           t.due, t.created_at, t.completed_at, t.completed_by, t.four_eyes, t.form_id,
           d.forms -> t.form_id AS form, t.variables, c.seller_id, c.buyer_id,
           t.priority, t.follow_up, t.overdue_since,
           t.state IN ('open', 'claimed') AND t.overdue_since IS NOT NULL AS overdue,
           t.delegators, CASE WHEN t.state = 'completed' THEN t.delegators[1] END AS on_behalf_of,
           coalesce(t.due, '9999-12-31T00:00:00Z'::timestamptz) AS due_key,
           t.follow_up IS NOT NULL AND t.follow_up > c.business_now
               AND (c.clock_paused
                    OR now() < c.real_anchor
                       + (t.follow_up - c.business_anchor) / c.clock_rate::double precision) AS put_off
      FROM workflows.task t
      JOIN workflows.case_ c ON c.id = t.case_id
      JOIN workflows.definition d ON d.id = coalesce(t.form_definition_id, c.definition_id);

    CREATE VIEW workflows.migration_item_view AS
    SELECT i.batch_id, i.position, i.case_id, k.business_key,
           CASE WHEN i.possible IS NULL THEN 'untried'
                WHEN NOT i.possible THEN 'refused'
                WHEN i.command_id IS NULL THEN CASE b.state WHEN 'cancelled' THEN 'cancelled' ELSE 'possible' END
                WHEN c.state = 'accepted' THEN 'waiting'
                WHEN c.state = 'done' THEN 'migrated'
                ELSE 'refused'
           END AS result,
           CASE WHEN c.state = 'refused'
                THEN coalesce(c.outcome -> 'error' -> 'reasons',
                              jsonb_build_array(jsonb_build_object(
                                  'code', c.outcome -> 'error' ->> 'code', 'token', NULL, 'element', NULL,
                                  'message', c.outcome -> 'error' ->> 'message',
                                  'hint', c.outcome -> 'error' ->> 'hint')))
                ELSE i.reasons
           END AS reasons
      FROM workflows.migration_item i
      JOIN workflows.migration_batch b ON b.id = i.batch_id
      JOIN workflows.case_ k ON k.id = i.case_id
      LEFT JOIN workflows.command c ON c.id = i.command_id;

    CREATE VIEW workflows.migration_batch_view AS
    SELECT b.id, b.product, d.version, b.plan, b.wanted, b.reason, b.state, b.cases, b.left_out, b.planned_by,
           b.planned_at, b.started_by, b.started_at, b.finished_at, n.untried, n.possible, n.waiting,
           n.migrated, n.refused, n.cancelled
      FROM workflows.migration_batch b
      JOIN workflows.definition d ON d.id = b.definition_id
     CROSS JOIN LATERAL (
           SELECT (count(*) FILTER (WHERE i.result = 'untried'))::int AS untried,
                  (count(*) FILTER (WHERE i.result = 'possible'))::int AS possible,
                  (count(*) FILTER (WHERE i.result = 'waiting'))::int AS waiting,
                  (count(*) FILTER (WHERE i.result = 'migrated'))::int AS migrated,
                  (count(*) FILTER (WHERE i.result = 'refused'))::int AS refused,
                  (count(*) FILTER (WHERE i.result = 'cancelled'))::int AS cancelled
             FROM workflows.migration_item_view i WHERE i.batch_id = b.id) n;
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0006_runtime")]

    operations = [ops.RunSQL(part) for part in (BATCHES, IDENTITIES, VIEWS)]
