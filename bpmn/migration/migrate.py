"""Migrating an instance: a pure function of its state, a plan, the new model and the time."""

from __future__ import annotations

from datetime import datetime

from bpmn.errors import MigrationRefused
from bpmn.kernel.state import State
from bpmn.kernel.step import Step
from bpmn.migration.attempt import Attempt
from bpmn.migration.plan import MigrationPlan
from bpmn.model.definition import Model


def migrate(state: State, plan: MigrationPlan, new: Model, at: datetime) -> Step:
    """Let the instance go over to the new model, and on to its next wait.

    The plan as JSON, the new model (by its hash) and the time are all that a log of commands must keep to
    run this again. `at` is an aware datetime, not before the instance's. The kernel version stays.

    Raises:
        MigrationRefused: with every reason; the state is unchanged.
    """
    attempt = Attempt(state, plan, new, at)
    if attempt.step is None:
        raise MigrationRefused(attempt.refusals)
    return attempt.step
