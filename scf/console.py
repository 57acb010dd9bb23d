"""What people see: data goes to stdout, progress and messages to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console

# Tables in a log or a pipe are as wide as they need to be read, not as narrow as an old terminal.
_WIDTH_WITHOUT_TERMINAL = 140

out = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH_WITHOUT_TERMINAL)
err = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else _WIDTH_WITHOUT_TERMINAL)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show that something is under way, and that it is done; on a terminal with a spinner."""
    if err.is_terminal:
        with err.status(title):
            yield
    else:
        err.print(f"· {title}")
        yield
    if err.is_terminal:
        err.print(f"[green]✓[/green] {title}")


def print_json(value: Mapping[str, Any] | list[Any]) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
    sys.stdout.flush()


def print_error(code: str, message: str, where: str | None, hint: str | None) -> None:
    """Tell an error: its code, what happened, where, and what to do."""
    err.print(f"[red]Error[/red] [bold]{code}[/bold]", soft_wrap=True)
    err.print(f"  {message}", markup=False, soft_wrap=True)
    if where:
        err.print(f"  at   {where}", markup=False, soft_wrap=True)
    if hint:
        err.print(f"  do   {hint}", markup=False, soft_wrap=True)
