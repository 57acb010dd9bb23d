"""How commands that check something show it: the verdict, what was checked, and what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import typer
from rich.markup import escape

from core.errors import InvalidInput, NotFound
from proof.errors import ProofError
from proof.verdict import Verdict, printable, rows
from scf import console
from scf.exit_codes import EXIT_FINDINGS


class Found(Protocol):
    """Something that is not as it must be: a stable code, where, and what."""

    @property
    def code(self) -> str: ...  # noqa: D102

    @property
    def where(self) -> str: ...  # noqa: D102

    @property
    def message(self) -> str: ...  # noqa: D102


def tell_verdict(verdict: Verdict, *, json: bool) -> None:
    """Show a verdict on what somebody handed out; exit when it is not as it must be."""
    if json:
        console.print_json(verdict.as_json())
    else:
        show_verdict(holds=verdict.holds, good=verdict.headline, bad=verdict.headline)
        show_facts(verdict.facts)
        show_found(verdict.findings)
        for note in verdict.notes:
            console.err.print(note, markup=False)
    if not verdict.holds:
        raise typer.Exit(EXIT_FINDINGS)


@contextmanager
def refused_as_input(where: Path | None = None) -> Iterator[None]:
    """Turn what a proof or file is refused for into the error of an input, with the same code.

    Raises:
        InvalidInput: the code of what does not hold.
    """
    try:
        yield
    except ProofError as error:
        place = error.where or (str(where) if where else None)
        raise InvalidInput(error.code, error.message, where=place, hint=error.hint) from error


def show_verdict(*, holds: bool, good: str, bad: str) -> None:
    """Print in green that all is as it must be, or in red that it is not."""
    console.out.print(f"[green]{good}[/green]" if holds else f"[red]{bad}[/red]")


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names with their values, a list or a mapping as its members."""
    told = list(rows(facts))
    width = max(len(name) for name, _ in told)
    for name, value in told:
        console.out.print(f"{name:{width}}  {value}", markup=False, soft_wrap=True)


def show_found(findings: Iterable[Found], counts: Mapping[str, int] | None = None) -> None:
    """Print each finding; and how many there are of each kind, where only some of them are told."""
    for finding in findings:
        said = escape(printable(f"{finding.where}: {finding.message}"))
        console.out.print(f"[red]{finding.code}[/red] {said}", soft_wrap=True)
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
