"""Who asks: a person with roles, who may act for a party, or a part of the platform itself."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Actor:
    """A person (`anna`) or a part of the platform (`relay`), as authenticated by whoever submits for them.

    `party_id` is the company a seller's or buyer's person acts for; the finance provider's people have none.
    """

    name: str
    roles: frozenset[str] = frozenset()
    party_id: UUID | None = None
    is_system: bool = False

    @classmethod
    def system(cls, part: str) -> Actor:
        """Return the actor that stands for a part of the platform."""
        return cls(part, is_system=True)

    @property
    def label(self) -> str:
        """The actor as the ledger names it: `user:<name>` or `system:<part>`."""
        return f"system:{self.name}" if self.is_system else f"user:{self.name}"

    @classmethod
    def from_label(cls, label: str, roles: frozenset[str], party_id: UUID | None) -> Actor:
        """Read back what `label` wrote."""
        family, _, name = label.partition(":")
        return cls(name, roles, party_id, is_system=family == "system")
