"""The dry run of migrations: which cases could go over to another version, and why the others could not.

Nothing is changed and nothing is held: what is told is true of the moment at which it was read. A migration
itself asks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from bpmn import BpmnError, DryRun, MigrationPlan, MigrationRefused, Model, Refusal, State, unmapped
from core import NotFound
from workflows import repository
from workflows.case_migration import all_refusals, plan_for, target_version, tried
from workflows.definitions import Definitions
from workflows.repository import CaseRow, Condition, Connection, VersionRow
from workflows.transient import is_transient

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CasePreview:
    """What a migration would do with one case.

    `report` tells it token by token; None when it cannot even be tried, `refusals` then says why.
    """

    case_id: UUID
    report: DryRun | None
    refusals: tuple[Refusal, ...]

    @property
    def possible(self) -> bool:
        """Whether the case can go."""
        return not self.refusals


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """The plan between the version of a case and another one, and what has no counterpart in it."""

    plan: MigrationPlan
    unmapped: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class Previews:
    """A dry run over cases that fit: those that were tried, and how many fit besides."""

    cases: tuple[CasePreview, ...]
    left: int


async def preview_case(
    sql: Connection,
    definitions: Definitions,
    case_id: UUID,
    version: int,
    given: MigrationPlan | None,
    at: datetime,
) -> tuple[PlanPreview | None, CasePreview]:
    """Try out what a migration would do with one case at the real time `at`.

    The plan is None when there can be none between the two versions.

    Raises:
        NotFound: `case.unknown`, `definition.version_unknown`.
        Conflict: `definition.retired`.
    """
    case = await repository.read_case(sql, case_id)
    if case is None:
        raise NotFound("case.unknown", f"There is no case {case_id}.")
    found = await target_version(sql, case.product, version)
    (preview,) = await try_cases(sql, definitions, [case], found, given, at)
    old = await definitions.model(sql, case.definition_id, case.kernel_version)
    new = await definitions.model(sql, found.id, case.kernel_version)
    try:
        plan = plan_for(given, old, new)
    except BpmnError:
        return None, preview
    missing = unmapped(plan, old, new) if plan.source == old.hash and plan.target == new.hash else ()
    return PlanPreview(plan, missing), preview


async def preview_cases(
    sql: Connection,
    definitions: Definitions,
    product: str,
    conditions: Sequence[Condition],
    version: int,
    given: MigrationPlan | None,
    at: datetime,
    *,
    limit: int,
) -> Previews:
    """Try out what a migration would do with the running cases of a product that fit, the oldest `limit`.

    Raises:
        NotFound: `definition.version_unknown`.
        Conflict: `definition.retired`.
    """
    found = await target_version(sql, product, version)
    ids, left = await repository.fitting_cases(sql, product, version, conditions, limit=limit)
    cases = {case.id: case for case in await repository.read_cases(sql, ids)}
    chosen = [cases[each] for each in ids if each in cases]
    return Previews(tuple(await try_cases(sql, definitions, chosen, found, given, at)), left)


async def try_cases(
    sql: Connection,
    definitions: Definitions,
    cases: Sequence[CaseRow],
    to: VersionRow,
    given: MigrationPlan | None,
    at: datetime,
) -> list[CasePreview]:
    """Try out what a migration to a version would do with cases, at the real time `at`; it raises nothing."""
    begun = await repository.four_eyes_begun(sql, [case.id for case in cases])
    trial = _Trial(definitions, to, given, at)
    previews = []
    for case in cases:
        try:
            previews.append(await trial.of(sql, case, begun.get(case.id, frozenset())))
        except MigrationRefused as refused:
            previews.append(CasePreview(case.id, None, refused.refusals))
        except BpmnError as refused:
            previews.append(_impossible(case, refused.code, refused.message, refused.hint or ""))
        except Exception as error:
            if is_transient(error):
                raise
            # One case that cannot be read must not keep the others from being told of.
            _log.exception("The migration of case %s could not be tried", case.id)
            previews.append(_impossible(case, "migration.failed", f"It failed: {type(error).__name__}.", ""))
    return previews


class _Trial:
    """Dry runs to one version; the plan from each version is made once."""

    def __init__(
        self, definitions: Definitions, to: VersionRow, given: MigrationPlan | None, at: datetime
    ) -> None:
        self._definitions = definitions
        self._to = to
        self._given = given
        self._at = at
        self._plans: dict[UUID, MigrationPlan] = {}

    async def of(self, sql: Connection, case: CaseRow, begun: frozenset[str]) -> CasePreview:
        """Try one case out. Raises BpmnError when it cannot even be tried."""
        if case.ended_at is not None:
            return _impossible(case, "case.ended", f"The case {case.business_key} is {case.state}.", "")
        if case.definition_id == self._to.id:
            text = f"The case runs on version {self._to.version} already."
            return _impossible(case, "migration.already-there", text, "")
        old = await self._definitions.model(sql, case.definition_id, case.kernel_version)
        new = await self._definitions.model(sql, self._to.id, case.kernel_version)
        if case.definition_id not in self._plans:
            self._plans[case.definition_id] = plan_for(self._given, old, new)
        plan = self._plans[case.definition_id]
        # In a thread: reading and moving the state of a large case takes a while.
        report = await asyncio.to_thread(_report, case, old, new, plan, self._at, begun)
        return CasePreview(case.id, report, all_refusals(report))


def _report(
    case: CaseRow, old: Model, new: Model, plan: MigrationPlan, at: datetime, begun: frozenset[str]
) -> DryRun:
    state = State.from_json(old, orjson.loads(case.state_json))
    now = max(case.clock.at(at), case.business_now, state.at or case.business_now)
    return tried(state, plan, new, now, begun)


def _impossible(case: CaseRow, code: str, message: str, hint: str) -> CasePreview:
    return CasePreview(case.id, None, (Refusal(code, None, "", message, hint),))
