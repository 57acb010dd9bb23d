"""What the platform around the engine offers to a model, and demands of it: the deployment check asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bpmn.values import Value


@dataclass(frozen=True, slots=True)
class Control:
    """Work that a process of a product family must contain, and when it must be done.

    One of these does it: a job of a type in `jobs`; a user task of the candidate group `group` (with
    `four_eyes`, only if its property `fourEyes` has this value); a task that evaluates `decision`.

    `before` are job types: on every path one of them begins only when the control is done. `follows`
    are job types, too: once one of them is done the process completes only after the control.
    With `errors_count` a business error of the job is an answer of the control as well.
    `refusal` is the answer to the user task that forbids what `before` names. With `when` the control is
    needed only where a decision has given this result.
    """

    name: str
    jobs: frozenset[str] = frozenset()
    group: str = ""
    four_eyes: str = ""
    decision: str = ""
    before: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    errors_count: bool = False
    refusal: Mapping[str, Value] = field(default_factory=dict)
    when: tuple[str, Mapping[str, Value]] | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a decision of a product family must say: given these variables, at least this result."""

    decision: str
    given: Mapping[str, Value]
    result: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Family:
    """A product family: what its processes must contain whatever analysts change."""

    name: str
    controls: tuple[Control, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Job types that somebody works on, forms that exist, and product families a process may name.

    A process names its family by the `zeebe:property` `family`. `results` tells which variables a job
    brings, for the types of which that is known; `answered` which variables the platform tells the
    output mappings of every user task.

    `starts` are the kinds of triggers (message, signal, timer, condition; none: a choice between several
    starts without a trigger) that the platform listens to and names when it starts a case. What a `Start`
    that names nothing begins (`bpmn.model.starts.by_plain_start`) is served without being listed.

    `processes` are those of which a call can start a case of its own; None: that is not known.
    """

    job_types: frozenset[str]
    forms: frozenset[str] = frozenset()
    families: tuple[Family, ...] = ()
    results: Mapping[str, frozenset[str]] = field(default_factory=dict)
    answered: frozenset[str] = frozenset()
    starts: frozenset[str] = frozenset()
    processes: frozenset[str] | None = None
