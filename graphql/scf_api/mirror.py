"""A server for a copy of a log: the log's routes alone, without database and accounts."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware

from core import SystemClock
from ledger import LogSource
from scf_api.entry_readers import EntryReaders
from scf_api.log import log_routes
from scf_api.web import SecurityHeaders


def create_mirror_app(log: LogSource, readers: EntryReaders) -> Starlette:
    """Build the server. Entries are for everybody or for the given tokens: it knows no sessions."""
    return Starlette(
        routes=log_routes(lambda _request: log, readers, SystemClock()),
        middleware=[Middleware(SecurityHeaders, https=False)],
    )
