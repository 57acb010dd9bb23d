"""What checking something came to: in words for people, and in values for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from proof.bundle import Finding
from proof.key_holder import KeyHolder

OWN_KEY = "The file's own log key was used; get the log's key from elsewhere and give it with --log-key."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking something came to.

    Attributes:
        headline: One sentence: that all is as it must be, or that it is not.
        facts: What was checked, by name: texts, numbers, lists and mappings of texts, or who held a key.
        findings: What is not as it must be.
        notes: What the check cannot show, and what its reader should do about that.
    """

    headline: str
    facts: Mapping[str, object]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings

    def as_json(self) -> dict[str, object]:
        """Return facts and findings as JSON values."""
        facts = {
            name: value.as_json() if isinstance(value, KeyHolder) else value
            for name, value in self.facts.items()
        }
        return {**facts, "findings": [asdict(finding) for finding in self.findings], "ok": self.holds}


def rows(facts: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield each fact's name and value as texts that are safe to print."""
    for name, value in facts.items():
        if isinstance(value, Mapping):
            yield from rows(value)
        elif isinstance(value, list):
            yield printable(name.replace("_", " ")), printable(", ".join(map(str, value)) or "none")
        else:
            told = value.told if isinstance(value, KeyHolder) else str(value)
            yield printable(name.replace("_", " ")), printable(told)


def printable(text: str) -> str:
    """Return a text in which what steers a terminal, or turns the direction of writing, is spelled out."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
