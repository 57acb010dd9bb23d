"""How commands that check something show it: the verdict, what was checked, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from rich.table import Table

from core.errors import NotFound
from scf import console


class Found(Protocol):
    """Something that is not as it must be: a stable code, where, and what."""

    @property
    def code(self) -> str: ...  # noqa: D102

    @property
    def where(self) -> str: ...  # noqa: D102

    @property
    def message(self) -> str: ...  # noqa: D102


def show_verdict(*, holds: bool, good: str, bad: str) -> None:
    """Print in green that all is as it must be, or in red that it is not."""
    console.out.print(f"[green]{good}[/green]" if holds else f"[red]{bad}[/red]")


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names with their values, a list as its members."""
    table = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        text = (", ".join(value) or "none") if isinstance(value, list) else str(value)
        table.add_row(name.replace("_", " "), text)
    console.out.print(table)


def show_found(findings: Iterable[Found], counts: Mapping[str, int] | None = None) -> None:
    """Print each finding; and how many there are of each kind, where only some of them are told."""
    for finding in findings:
        console.out.print(f"[red]{finding.code}[/red] {finding.where}: {finding.message}", soft_wrap=True)
    for code, count in (counts or {}).items():
        console.out.print(f"{code}: {count} in all")


def read_file(file: Path, code: str) -> bytes:
    """Return what a file holds that a command is to check.

    Raises:
        NotFound: with this code.
    """
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFound(code, f"The file cannot be read: {error.strerror}.", where=str(file)) from None
