"""Cases that other cases have called."""

from __future__ import annotations

from tortoise import migrations
from tortoise.migrations import operations as ops

CALLED_CASES = """
    CREATE TABLE workflows.called_case (
        child_id uuid PRIMARY KEY,
        parent_id uuid NOT NULL,
        wait bigint NOT NULL,
        attempt int NOT NULL,
        element text NOT NULL,
        depth int NOT NULL,
        started_by uuid NOT NULL,
        awaited boolean NOT NULL DEFAULT true,
        ended boolean NOT NULL DEFAULT false,
        UNIQUE (parent_id, wait, attempt)
    );
    COMMENT ON TABLE workflows.called_case IS
        'A case that a call activity of another one runs. wait is the number of the kernel''s job there; awaited tells whether the caller still waits, ended whether the case is over or was refused.';
"""

# The columns of workflows.case_view, beside the case at the other end of the call.
_COLUMNS = """c.id, c.business_key, c.product, c.definition_key, c.definition_version, c.model_hash, c.state,
           c.request_id, c.seller_id, c.buyer_id, c.started_at, c.ended_at, c.business_now, c.active_elements,
           c.incidents, c.state_root"""

VIEWS = f"""
    CREATE VIEW workflows.child_case_view AS
    SELECT {_COLUMNS}, k.parent_id
      FROM workflows.called_case k JOIN workflows.case_view c ON c.id = k.child_id;

    CREATE VIEW workflows.parent_case_view AS
    SELECT {_COLUMNS}, k.child_id
      FROM workflows.called_case k JOIN workflows.case_view c ON c.id = k.parent_id;

    CREATE VIEW workflows.called_case_view AS
    SELECT parent_id, child_id, element, attempt, awaited, ended FROM workflows.called_case;
"""  # noqa: S608 - constant columns


class Migration(migrations.Migration):
    dependencies = [("workflows", "0007_migration")]

    operations = [ops.RunSQL(part) for part in (CALLED_CASES, VIEWS)]
