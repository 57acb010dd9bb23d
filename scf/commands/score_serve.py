"""`scf score serve`: scoring as a process of its own.

It has a module that loads little, so that the process neither waits for what trains cards nor holds it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from core.errors import NotFound
from scf import console
from scf.commands.options_scoring import ScoringTokenFile, scoring_token
from scoring import load_card
from scoring.registry import shipped_card
from scoring.service import InProcess
from scoring.service.app import create_app

app = typer.Typer(name="score", no_args_is_help=True)


@app.callback()
def score() -> None:
    """Scorecards."""


@app.command("serve")
def serve(
    card: Annotated[
        list[Path],
        typer.Option(
            help="A card's file; repeatable. Without one, the card that is shipped.", default_factory=list
        ),
    ],
    scoring_token_file: ScoringTokenFile = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 7390,
) -> None:
    """Score and propose limits for a platform that asks over HTTP; it knows no database."""
    token = scoring_token(scoring_token_file)
    contents = [_read(file) for file in card] or [shipped_card()]
    service = InProcess(load_card(content) for content in contents)
    for identifier in service.card_ids:
        console.err.print(f"card {identifier}", markup=False, soft_wrap=True)
    console.err.print(f"listens at http://{host}:{port}", markup=False, soft_wrap=True)
    uvicorn.run(
        create_app(service, token),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        limit_concurrency=64,
    )


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        raise NotFound("scoring.file_missing", "There is no such file.", where=str(file)) from None
