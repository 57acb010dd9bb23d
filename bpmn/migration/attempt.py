"""One migration, tried out on the immutable state: its step, or everything that speaks against it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bpmn.elements.job import open_job
from bpmn.errors import BpmnError, Refusal
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import JobWait, TaskWait, Wait
from bpmn.kernel.scopes import Stuck
from bpmn.kernel.state import State
from bpmn.kernel.step import Step
from bpmn.migration.place import Note
from bpmn.migration.plan import MigrationPlan, faults
from bpmn.migration.translation import Translation, identifier
from bpmn.migration.versions import Versions
from bpmn.migration.waits import job_of
from bpmn.model.definition import Model


class Attempt:
    """`step` is None when there are refusals."""

    def __init__(self, state: State, plan: MigrationPlan, new: Model, at: datetime) -> None:
        self.step: Step | None = None
        self.notes: Sequence[Note] = ()
        versions = Versions(state.model, new)
        self.refusals = _unfit(state, plan, new, at) or faults(plan, versions)
        if self.refusals:
            return
        translation = Translation(state, plan, versions)
        self.notes = translation.notes
        self.refusals = translation.refusals
        burst = Burst(translation.on_new_model(at.astimezone(UTC)), at.astimezone(UTC))
        if not self.refusals:
            _tell(burst, translation)
        # Also with refusals, so that those of waits are told in one go with the others.
        self._see_to_waits(burst, translation)
        if not self.refusals:
            self.step = _go_on(burst, translation)

    def _see_to_waits(self, burst: Burst, translation: Translation) -> None:
        """Close, renew and open what the token's event waits ask for; what cannot be opened is a refusal."""
        for key in translation.closing:
            wait = burst.wait(key)
            if wait is not None:
                _close(burst, wait)
        for key in translation.renewing:
            wait = burst.wait(key)
            if wait is not None and translation.is_placed(wait.token):
                try:
                    _renew(burst, wait)
                except (Stuck, BpmnError) as stuck:
                    self._refuse(translation, wait.token, wait.element, stuck)
        for key, event in translation.opening:
            if translation.is_placed(key):
                try:
                    burst.open_events(burst.alive(key), (event,))
                except (Stuck, BpmnError) as stuck:
                    self._refuse(translation, key, event, stuck)

    def _refuse(self, translation: Translation, key: int, ref: str, stuck: Stuck | BpmnError) -> None:
        token = translation.state.tokens.get(key)
        self.refusals.append(
            Refusal(
                "migration.wait-cannot-open",
                key,
                token.element if token is not None else ref,
                f"{ref} cannot begin to wait: {stuck.code}: {stuck.message}",
                "Give the instance the variables that it needs, or correct the new model.",
            )
        )


def _unfit(state: State, plan: MigrationPlan, new: Model, at: datetime) -> list[Refusal]:
    """What is wrong before any token is looked at."""

    def refusal(code: str, message: str, hint: str) -> list[Refusal]:
        return [Refusal(f"migration.{code}", None, state.model.process_id, message, hint)]

    if (plan.source, plan.target) != (state.model.hash, new.hash):
        return refusal(
            "other-model",
            f"The plan leads from {plan.source} to {plan.target}, not from {state.model.hash} to {new.hash}.",
            "Make the plan again from these two models.",
        )
    if state.status != "running":
        return refusal(
            "not-running",
            f"The instance {state.instance} is {state.status}: it has no tokens.",
            "Migrate instances that run.",
        )
    if at.tzinfo is None:
        return refusal("no-zone", "The migration's time has no time zone.", "Give it one.")
    if state.at is not None and at < state.at:
        return refusal(
            "in-the-past",
            f"The migration's time {at.isoformat()} lies before the instance's {state.at.isoformat()}.",
            "Migrate at the present time of the instance or later.",
        )
    return []


def _tell(burst: Burst, translation: Translation) -> None:
    """Record what has another name or id from now on, for whoever keeps these ids."""
    root = burst.alive(burst.root_token)
    plan = translation.plan
    burst.emit("instance.migrated", root.element, {"from": plan.source, "to": plan.target})
    state = translation.state
    for before in state.tokens:
        element = plan.elements[before.element]
        if element != before.element:
            burst.emit("token.migrated", element, {"token": before.key, "from": before.element})
    for was in (*state.waits, *state.stops):
        record = translation.waits.get(was.key) or translation.stops.get(was.key)
        if record is not None and record.element != was.element:
            kind, name = identifier(record)
            burst.emit(f"{kind}.migrated", record.element, {kind: name, "from": identifier(was)[1]})


def _close(burst: Burst, wait: Wait) -> None:
    kind, name = identifier(wait)
    burst.emit(f"{kind}.closed", wait.element, {kind: name})
    burst.close_wait(wait)


def _renew(burst: Burst, wait: Wait) -> None:
    """Close a wait and open it again as the new model says."""
    element = burst.element(wait.element)
    if not isinstance(wait, JobWait | TaskWait):
        _close(burst, wait)
        definition = element.events[wait.definition]
        definition.kind.open(burst, burst.alive(wait.token), element, wait.definition, definition.config)
        return
    for key in burst.alive(wait.token).waits:
        stop = burst.stop_record(key)
        if stop is not None and stop.job == wait.key:
            burst.resume(stop)
    token = burst.close_waits(burst.alive(wait.token), lambda each: each.key == wait.key)
    job = job_of(element)
    if job is not None:
        open_job(burst, token, element, job)
    else:
        element.behaviour.activate(burst, token, element)


def _go_on(burst: Burst, translation: Translation) -> Step:
    """Let what the new model completes go on, up to the next wait."""
    for token in translation.state.tokens:
        now = burst.token(token.key)
        if now is not None and now.status == "active":
            burst.look_again(now, translation.versions.old.elements[token.element])
    burst.run()
    return Step(burst.finish(), tuple(burst.events), tuple(burst.uncaught))
