"""Options of those who serve scores, and of those who ask for them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput, NotFound
from scoring.service import ServiceAddress

_TOKEN = "SCF_SCORING_TOKEN"  # noqa: S105 - the variable's name
_LEAST_LENGTH = 20

ScoringTokenFile = Annotated[
    Path | None,
    typer.Option(
        "--scoring-token-file",
        envvar="SCF_SCORING_TOKEN_FILE",
        help=f"A file with the scoring service's bearer token, on one line; or set {_TOKEN}.",
        show_default=False,
    ),
]
ScoringUrl = Annotated[
    str | None,
    typer.Option(
        "--scoring-url",
        envvar="SCF_SCORING_URL",
        metavar="URL",
        help="A scoring service (scf score serve); without it scores are computed in this process.",
        show_default=False,
    ),
]


def scoring_token(file: Path | None) -> str:
    """Return the token of the scoring service, from its file or from the environment.

    Raises:
        NotFound: `scoring.token_missing`.
        InvalidInput: `scoring.token_unusable`.
    """
    if file is not None and not file.is_file():
        raise NotFound("scoring.token_missing", "There is no such file with a token.", where=str(file))
    token = (os.environ.get(_TOKEN, "") if file is None else file.read_text()).strip()
    if not token:
        raise NotFound(
            "scoring.token_missing",
            "The scoring service and those who ask it share a token, and none is given.",
            where=_TOKEN if file is None else str(file),
            hint=f"Give --scoring-token-file FILE, or set {_TOKEN}.",
        )
    if len(token) < _LEAST_LENGTH or not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInput(
            "scoring.token_unusable",
            f"A token is one word of at least {_LEAST_LENGTH} ASCII characters.",
            where=_TOKEN if file is None else str(file),
            hint="Make one with: openssl rand -hex 32",
        )
    return token


def scoring_address(url: str | None, token_file: Path | None) -> ServiceAddress | None:
    """Return where to ask for scores, or None when they are computed in the process that asks.

    Raises:
        NotFound, InvalidInput: what `scoring_token` raises, when a URL is given.
    """
    return None if not url else ServiceAddress(url, scoring_token(token_file))
