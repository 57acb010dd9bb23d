"""The read model that searches read, and what the archive of Temporal's histories keeps of a case."""

from collections import Counter
from typing import Any
from uuid import UUID

import orjson
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

from bpmn.values import from_json
from workflows import repository
from workflows.searchable import changes

# Tortoise knows no key of two columns, and an id of its own would be one index too many for rows that every
# burst writes: these tables have no model.
TABLES = """
CREATE TABLE workflows.variable (
    case_id uuid NOT NULL,
    name text NOT NULL,
    text text,
    number numeric,
    boolean boolean,
    moment timestamptz,
    PRIMARY KEY (case_id, name),
    CHECK (num_nonnulls(text, number, boolean, moment) <= 1)
);
COMMENT ON TABLE workflows.variable IS
    'The variables of the cases'' process scope as searches compare them. All four values are null where a variable only is there.';

CREATE TABLE workflows.case_element (
    case_id uuid NOT NULL,
    element text NOT NULL,
    active int NOT NULL CHECK (active > 0),
    incidents int NOT NULL CHECK (incidents >= 0),
    PRIMARY KEY (case_id, element)
);
COMMENT ON TABLE workflows.case_element IS
    'The elements at which cases hold tokens now, with how many, and how many open incidents.';
"""

INDEXES = """
CREATE INDEX case_page ON workflows.case_ (started_at, id);
CREATE INDEX case_ended ON workflows.case_ (ended_at, id) WHERE ended_at IS NOT NULL;
CREATE INDEX case_key ON workflows.case_ (business_key COLLATE "C", id);
CREATE INDEX case_state ON workflows.case_ (state, started_at, id);
CREATE INDEX case_definition ON workflows.case_ (definition_id, started_at, id);
CREATE INDEX case_seller ON workflows.case_ (seller_id, started_at, id) WHERE seller_id IS NOT NULL;
CREATE INDEX case_buyer ON workflows.case_ (buyer_id, started_at, id) WHERE buyer_id IS NOT NULL;
CREATE INDEX case_incident ON workflows.case_ (started_at, id) WHERE incidents > 0;
CREATE INDEX case_history ON workflows.case_ (ended_at) WHERE ended_at IS NOT NULL AND history IS NULL;
CREATE INDEX element_of_case ON workflows.case_element (element, case_id);
CREATE INDEX incident_open_code ON workflows.incident (code, case_id) WHERE state = 'open';
CREATE INDEX task_due ON workflows.task (due) WHERE state IN ('open', 'claimed') AND due IS NOT NULL;
CREATE INDEX variable_name ON workflows.variable (name, case_id);
CREATE INDEX variable_text ON workflows.variable (name, text COLLATE "C", case_id) WHERE text IS NOT NULL;
CREATE INDEX variable_number ON workflows.variable (name, number, case_id) WHERE number IS NOT NULL;
CREATE INDEX variable_boolean ON workflows.variable (name, boolean, case_id) WHERE boolean IS NOT NULL;
CREATE INDEX variable_moment ON workflows.variable (name, moment, case_id) WHERE moment IS NOT NULL;
"""

VIEWS = """
CREATE VIEW workflows.element_view AS
SELECT e.case_id, e.element, e.active, e.incidents, d.key AS definition_key, d.version AS definition_version,
       c.state, c.seller_id, c.buyer_id
  FROM workflows.case_element e
  JOIN workflows.case_ c ON c.id = e.case_id
  JOIN workflows.definition d ON d.id = c.definition_id;
"""


async def index_cases(_apps: Any, editor: Any) -> None:
    """Write the rows of the cases that are there already."""
    async with editor.client.acquire_connection() as sql:
        last = UUID(int=0)
        while cases := await sql.fetch(
            "SELECT id, state_json, active_elements FROM workflows.case_ WHERE id > $1 ORDER BY id LIMIT 500",
            last,
        ):
            last = cases[-1]["id"]
            for case in cases:
                await _index_case(sql, case)


async def _index_case(sql: Any, case: Any) -> None:
    state = orjson.loads(case["state_json"])
    scopes = {scope["key"]: scope["slots"] for scope in state["variables"]}
    slots = scopes.get(state["root_token"], {})
    variables, _ = changes({}, {name: from_json(slot["value"]) for name, slot in slots.items()})
    writes = repository.Writes()
    repository.write_variables(writes, case["id"], variables, [])
    tokens = Counter(token["element"] for token in state["tokens"])
    stops = Counter(stop["element"] for stop in state["stops"])
    elements = {name: (tokens[name], stops[name]) for name in orjson.loads(case["active_elements"])}
    repository.write_elements(writes, case["id"], elements, [])
    await writes.send(sql)


class Migration(migrations.Migration):
    dependencies = [("workflows", "0004_tasks")]

    operations = [
        ops.AddField(model_name="Case", name="history", field=fields.CharField(null=True, max_length=20)),
        ops.RunSQL(
            "ALTER TABLE workflows.case_ ADD CHECK (history IN ('archived', 'lost'))",
            reverse_sql=ops.RunSQL.noop,
        ),
        ops.RunSQL(TABLES, reverse_sql=ops.RunSQL.noop),
        ops.RunSQL(INDEXES, reverse_sql=ops.RunSQL.noop),
        ops.RunPython(index_cases),
        ops.RunSQL(VIEWS, reverse_sql=ops.RunSQL.noop),
    ]
