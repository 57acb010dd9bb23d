"""The command line `scf`: data on stdout, progress and errors on stderr, exit codes that scripts can rely on.

0 ok, 1 something broke, 2 wrong usage, 3 not found, 5 invalid input, 6 findings.
"""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import typer

from core.errors import InvalidInput, NotFound, ScfError
from scf import console
from scf.exit_codes import EXIT_BROKEN, EXIT_INVALID, EXIT_NOT_FOUND

COMMANDS = {
    "up": "Start the platform; it stays up and keeps its data.",
    "demo": "Run financing cases from trade documents to a verified ledger.",
    "doctor": "Check what the platform needs of this machine.",
    "process": "Process models: check, simulate, compare, deploy and migrate them, run conformance suites.",
    "dmn": "Decision models: run the DMN TCK.",
    "case": "Cases: list, show, re-execute, retry what failed, migrate to another version.",
    "audit": "A case in one file for auditors: write it, check it offline.",
    "ledger": "The signed log: verify it, prove an entry, check a proof.",
    "score": "Scorecards: train them, measure them, find leaks in data.",
    "user": "Local accounts.",
    "migrate": "Bring a database to this release.",
    "serve": "One service of the platform, as supervisor and containers run it.",
}


# A command with a module of its own, which loads little: the service must not hold what trains cards.
APART = {("score", "serve"): "score_serve"}


def build(called: str = "", then: str = "") -> typer.Typer:
    """Return the command line with the module of the command that is called; some take seconds to load."""
    app = typer.Typer(
        name="scf",
        help="Supply chain finance on BPMN, Temporal and a signed ledger.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for name, about in COMMANDS.items():
        if name == called:
            app.add_typer(importlib.import_module(f"scf.commands.{APART.get((name, then), name)}").app)
        else:
            app.command(name, help=about)(_listed_only)
    return app


def _listed_only() -> None:
    """Stand in the list of commands for one that is not called."""


def main() -> NoReturn:
    """Run the command line, and turn a typed error into its text and exit code."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    try:
        build(*words[:2])()
    except ScfError as error:
        console.print_error(error.code, error.message, error.where, error.hint)
        sys.exit(_exit_code(error))
    sys.exit(0)


def _exit_code(error: ScfError) -> int:
    match error:
        case InvalidInput():
            return EXIT_INVALID
        case NotFound():
            return EXIT_NOT_FOUND
        case _:
            return EXIT_BROKEN
