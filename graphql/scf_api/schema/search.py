"""Searching cases, and counting where they stand: the arguments, and what they ask of `workflows.search`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum

import strawberry

from core import Forbidden, InvalidInput
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Filter
from scf_api.roles import Area
from scf_api.schema.cases import Case
from scf_api.schema.describe import argument, enum, output
from scf_api.schema.relay import Connection, listed
from scf_api.views import View
from workflows import case_conditions, search


@enum
class CaseSort(Enum):
    """The order of the cases found."""

    LAST_STARTED = "last_started"
    FIRST_STARTED = "first_started"
    LAST_ENDED = "last_ended"
    BUSINESS_KEY = "business_key"


_VIEWS: dict[CaseSort, View] = {
    CaseSort.LAST_STARTED: views.CASE,
    CaseSort.FIRST_STARTED: views.CASE_FIRST_STARTED,
    CaseSort.LAST_ENDED: views.CASE_ENDED,
    CaseSort.BUSINESS_KEY: views.CASE_KEY,
}


@enum
class VariableOp(Enum):
    """How a variable is compared; EXISTS asks only whether it has a value."""

    EQ = "EQ"
    NE = "NE"
    LT = "LT"
    LE = "LE"
    GT = "GT"
    GE = "GE"
    IN = "IN"
    PREFIX = "PREFIX"
    EXISTS = "EXISTS"


@argument
class VariableFilter:
    """A condition on a variable; `offer.amount` names the entry `amount` of the context `offer`.

    Give one value, of the kind that the variable has: a text is never equal to a number. A date is its
    midnight in UTC. Texts of more than 200 characters, lists and durations can be asked for by EXISTS only.
    """

    name: str
    op: VariableOp = VariableOp.EQ
    text: str | None = None
    number: Decimal | None = None
    boolean: bool | None = None
    date: dt.date | None = None
    time: dt.datetime | None = None
    texts: list[str] | None = strawberry.field(default=None, description="For IN.")
    numbers: list[Decimal] | None = strawberry.field(default=None, description="For IN.")

    def test(self) -> search.VariableTest:
        """Return the condition.

        Raises:
            InvalidInput: `search.values_wrong` and the like, naming the variable.
        """
        day = search.midnight(self.date) if self.date is not None else None
        single = [v for v in (self.text, self.number, self.boolean, day, self.time) if v is not None]
        lists = [values for values in (self.texts, self.numbers) if values is not None]
        op = search.Op[self.op.name]
        if (lists if op is not search.Op.IN else single) or len(lists) > 1:
            raise InvalidInput(
                "search.values_wrong",
                f"{op.name} does not take these values.",
                where=f"variables.{self.name}",
                hint="Give texts or numbers for IN, one value for any other comparison, none for EXISTS.",
            )
        return search.VariableTest(self.name, op, tuple(lists[0]) if lists else tuple(single))


@argument
class CaseFilter:
    """What the cases must be; all that is given must hold.

    `variables`, `incidentCode` and `overdue` are for the bank's own people: what a case found out about a
    customer, and how the bank keeps its dates, is not the customer's to search.
    """

    states: list[str] | None = strawberry.field(
        default=None, description="Any of running, waiting, incident, completed, cancelled, failed."
    )
    product: str | None = None
    version: int | None = strawberry.field(default=None, description="The version of the product's process.")
    element: str | None = strawberry.field(default=None, description="The case stands there now.")
    business_key: str | None = strawberry.field(default=None, description="How the business key begins.")
    variables: list[VariableFilter] | None = None
    started_after: dt.datetime | None = strawberry.field(
        default=None, description="Started then or later, in business time."
    )
    started_before: dt.datetime | None = strawberry.field(default=None, description="Started before that.")
    ended_after: dt.datetime | None = strawberry.field(default=None, description="Ended then or later.")
    ended_before: dt.datetime | None = strawberry.field(default=None, description="Ended before that.")
    has_incident: bool | None = strawberry.field(default=None, description="Whether an incident is open.")
    incident_code: str | None = strawberry.field(
        default=None, description="An incident with this code is open."
    )
    overdue: bool | None = strawberry.field(
        default=None, description="Whether an open task is past its due date, by the case's own clock."
    )

    def wanted(self) -> search.CaseFilter:
        """Return what is asked for.

        Raises:
            InvalidInput: a code of `search.…`.
        """
        return search.CaseFilter(
            states=self.states or (),
            product=self.product,
            version=self.version,
            element=self.element,
            business_key=self.business_key,
            variables=[variable.test() for variable in self.variables or ()],
            started_from=self.started_after,
            started_before=self.started_before,
            ended_from=self.ended_after,
            ended_before=self.ended_before,
            has_incident=self.has_incident,
            incident_code=self.incident_code,
            overdue=self.overdue,
        )


@output
class ElementCount:
    """How many tokens stand at an element."""

    element: str
    active: int = strawberry.field(description="Tokens that stand there now, those of incidents included.")
    incidents: int | None = strawberry.field(description="Open incidents, for the bank's own people.")
    completed: int | None = strawberry.field(description="How often it was completed, if that was asked for.")


async def search_cases(
    info: Info,
    narrowed: Sequence[Filter],
    asked: CaseFilter | None,
    sort: CaseSort,
    first: int | None,
    after: str | None,
) -> Connection[Case]:
    """Return a page of the cases that the caller may see and asks for.

    Raises:
        Forbidden: `search.not_yours` when a seller or buyer asks for what only the bank may know of a case.
        InvalidInput: a code of `search.…` or `page.…`.
    """
    filters = [*narrowed]
    if asked is not None:
        inner = (asked.variables, asked.incident_code, asked.overdue)
        if any(condition is not None for condition in inner) and not _is_bank(info):
            raise Forbidden(
                "search.not_yours",
                "Variables, codes of incidents and overdue tasks are searched by the bank's own people only.",
                where="filter",
                hint="Search by state, product, element, business key or date.",
            )
        filters += await _conditions(info, asked.wanted())
    return await listed(info, _VIEWS[sort], Case.from_row, first, after, filters)


async def count_elements(
    info: Info, definition: str, version: int | None, states: Sequence[str], completed: bool
) -> list[ElementCount]:
    """Return the elements at which cases stand, or which they completed, by the elements' ids.

    Raises:
        InvalidInput: `search.state_unknown` and the like.
    """
    wanted = search.CaseFilter(states=states, product=definition, version=version)
    of_cases = await _conditions(info, wanted)
    now = await info.context.totals(
        views.ELEMENT, "element", "sum(active)::int AS active, sum(incidents)::int AS incidents", of_cases
    )
    counts = {row["element"]: (row["active"], row["incidents"]) for row in now}
    done: dict[str, int] = {}
    if completed:
        within = " AND ".join(text for text, _ in of_cases)
        steps: list[Filter] = [
            ("kind = 'element.completed'", ()),
            (
                f"case_id IN (SELECT id FROM workflows.case_view WHERE {within})",  # noqa: S608 - constant texts
                tuple(value for _, values in of_cases for value in values),
            ),
        ]
        rows = await info.context.totals(views.STEP, "element", "count(*)::int AS completed", steps)
        done = {row["element"]: row["completed"] for row in rows}
    return [
        ElementCount(
            element=element,
            active=counts.get(element, (0, 0))[0],
            incidents=counts.get(element, (0, 0))[1] if _is_bank(info) else None,
            completed=done.get(element, 0) if completed else None,
        )
        for element in sorted({*counts, *done})
    ]


async def _conditions(info: Info, wanted: search.CaseFilter) -> list[Filter]:
    async with info.context.database.reading() as sql:
        return await case_conditions(sql, wanted, info.context.settings.clock.now())


def _is_bank(info: Info) -> bool:
    return info.context.scope(Area.CASES).everything
