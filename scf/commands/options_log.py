"""Options of those who serve the log: who reads its entries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import typer

from core.errors import InvalidInput
from scf_api.entry_readers import EntryReaders

_HASH = re.compile(r"[0-9a-f]{64}")

PublicEntries = Annotated[
    bool,
    typer.Option(
        "--public-entries",
        envvar="SCF_LOG_PUBLIC_ENTRIES",
        help="Show the log's entries to everybody: who did what in which case, without payloads.",
    ),
]
MirrorTokenHashes = Annotated[
    list[str],
    typer.Option(
        "--mirror-token-hash",
        envvar="SCF_LOG_MIRROR_TOKEN_HASHES",
        metavar="SHA256",
        help="The SHA-256 of a bearer token with which a mirror reads the log's entries; may be repeated.",
    ),
]


def entry_readers(token_hashes: Sequence[str], *, everybody: bool) -> EntryReaders:
    """Return who reads the log's entries.

    Raises:
        InvalidInput: `log.token_hash_invalid`.
    """
    for given in token_hashes:
        if not _HASH.fullmatch(given):
            raise InvalidInput(
                "log.token_hash_invalid",
                "The hash of a mirror's token is not a SHA-256 in lower-case hexadecimal.",
                hint="Give what `printf %s TOKEN | sha256sum` prints, not the token itself.",
            )
    return EntryReaders(everybody=everybody, token_hashes=tuple(token_hashes))
