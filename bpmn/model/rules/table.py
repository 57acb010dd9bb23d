"""The one table in which every rule of the standard is registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import cleandoc

from bpmn.model.rules.tree import Node, Tree

Broken = tuple[Node, str]
"""Where a rule is broken, and what is wrong there."""
Check = Callable[[Tree], Iterator[Broken]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code, the section of BPMN 2.0.2 it comes from, how to mend a breach, and its check."""

    code: str
    section: str
    mend: str
    check: Check

    @property
    def demand(self) -> str:
        """What the standard demands, in one paragraph."""
        return " ".join(cleandoc(self.check.__doc__ or "").split())

    @property
    def title(self) -> str:
        """The rule's name as literature knows it: `EXT.023`, or `REF.type`."""
        return self.code.removeprefix("bpmn.").replace("ext-", "EXT.").replace("ref-", "REF.")


TABLE: dict[str, Rule] = {}
"""Every rule by its code, in the order of the modules."""


def rule(code: str, section: str, mend: str) -> Callable[[Check], Check]:
    """Register a check under a code. One check may stand under several codes that say the same."""

    def register(check: Check) -> Check:
        TABLE[f"bpmn.{code}"] = Rule(f"bpmn.{code}", section, mend, check)
        return check

    return register
