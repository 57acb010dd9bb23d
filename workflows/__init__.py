"""Cases: the command inbox, the Temporal workflow that drives a case, and the transaction that advances it.

Whoever submits commands or reads the views needs this module; the worker's entry is
`workflows.worker.run_worker`.
"""

from workflows.actors import Actor
from workflows.commands import CommandOutcome, Receipt, case_id_of, outcome, submit
from workflows.key_commands import registration_for
from workflows.read_model import draft_id
from workflows.repository import conditions as case_conditions
from workflows.repository import find_cases
from workflows.room import ROOM
from workflows.signed_decisions import statement_for
from workflows.tasks import groups_handed_out

__all__ = [
    "ROOM",
    "Actor",
    "CommandOutcome",
    "Receipt",
    "case_conditions",
    "case_id_of",
    "draft_id",
    "find_cases",
    "groups_handed_out",
    "outcome",
    "registration_for",
    "statement_for",
    "submit",
]
