"""What the API is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from core import Clock, SystemClock
from ledger import DEFAULT_ORIGIN
from scf_api.case_bundles import CaseBundles
from scf_api.entry_readers import EntryReaders


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Settings of one API process.

    `web_folder` holds the built web app; without it the API serves itself alone. `cookie_secure` marks the
    session cookie for HTTPS only: leave it on except on loopback. `allowed_origins` names further origins
    (`https://host[:port]`) whose pages may call the API with a cookie; the API's own origin always may.
    `entry_readers` says who reads bundles of the log's entries, beside those who may see all of the log.
    """

    database_url: str
    web_folder: Path | None = None
    cookie_secure: bool = True
    session_hours: int = 12
    allowed_origins: tuple[str, ...] = ()
    pool_size: int = 4
    # Requests that are worked on at once; one more is answered 503, so that a flood cannot grow the queue for
    # ever.
    max_requests: int = 512
    # The log's name, which a person's signed statement is for; the worker's is the same.
    origin: str = DEFAULT_ORIGIN
    command_wait: timedelta = timedelta(seconds=5)
    entry_readers: EntryReaders = field(default_factory=EntryReaders)
    # Makes audit bundles; without it the API gives none.
    case_bundles: CaseBundles | None = None
    # Where the ledger's proofs name their origin is the ledger's business; the API only reads.
    clock: Clock = field(default_factory=SystemClock)
