"""The command line `scf`: data on stdout, progress and errors on stderr, exit codes that scripts can rely on.

0 ok, 1 something broke, 2 wrong usage, 3 not found, 5 invalid input, 6 findings.
"""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from core.errors import InvalidInput, NotFound, ScfError
from scf import console
from scf.commands import case, demo, dmn, doctor, ledger, migrate, process, score, serve, up, user

EXIT_BROKEN = 1
EXIT_NOT_FOUND = 3
EXIT_INVALID = 5

app = typer.Typer(
    name="scf",
    help="Supply chain finance on BPMN, Temporal and a signed ledger.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("up")(up.up)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("migrate")(migrate.migrate)
app.add_typer(process.app, name="process")
app.add_typer(dmn.app, name="dmn")
app.add_typer(case.app, name="case")
app.add_typer(ledger.app, name="ledger")
app.add_typer(score.app, name="score")
app.add_typer(user.app, name="user")
app.add_typer(serve.app, name="serve")


def main() -> NoReturn:
    """Run the command line, and turn a typed error into its text and exit code."""
    try:
        app()
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
