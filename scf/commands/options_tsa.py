"""Options that name a time-stamping authority."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidInput
from ledger import Authority

TsaOption = Annotated[
    str | None,
    typer.Option("--tsa", metavar="URL", envvar="SCF_TSA", help="A time-stamping authority (RFC 3161)."),
]
TsaCertificatesOption = Annotated[
    Path | None,
    typer.Option(
        "--tsa-certificates",
        metavar="FILE",
        envvar="SCF_TSA_CERTIFICATES",
        help="The certificates (PEM) that its time stamps must lead to, as you know them.",
    ),
]


def named_authority(url: str | None, certificates: Path | None) -> Authority | None:
    """Return the authority that both options name, or None when neither does.

    Raises:
        InvalidInput: `timestamp.authority_incomplete` when only one of them is given, or the certificates
            cannot be used.
        NotFound: `timestamp.certificates_missing`.
    """
    if url is None and certificates is None:
        return None
    if url is None or certificates is None:
        raise InvalidInput(
            "timestamp.authority_incomplete",
            "An authority is named by its URL and its certificates.",
            hint="Give both --tsa URL and --tsa-certificates FILE.",
        )
    return Authority.at(url, certificates)
