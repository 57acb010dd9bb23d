"""What the platform around the engine offers to a model: the deployment check asks it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Job types that somebody works on, forms that exist, and product families a process may name.

    `families` maps a product family to the job types that a process of that family must contain (its
    mandatory controls); a process names its family by the `zeebe:property` `family`.

    `starts` are the kinds of triggers (message, signal, timer, condition; none: a choice between several
    starts without a trigger) that the platform listens to and names when it starts a case. What a `Start`
    that names nothing begins (`bpmn.model.starts.by_plain_start`) is served without being listed.
    """

    job_types: frozenset[str]
    forms: frozenset[str] = frozenset()
    families: tuple[tuple[str, frozenset[str]], ...] = ()
    starts: frozenset[str] = frozenset()
