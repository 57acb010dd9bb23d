"""Who may read the bundles of the log's entries."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256

from core import Clock, Database
from scf_api import sessions
from scf_api.roles import Area


@dataclass(frozen=True, slots=True)
class EntryReaders:
    """Who may read bundles of entries.

    Attributes:
        everybody: Whether they are public.
        token_hashes: The SHA-256 (hexadecimal) of each bearer token that a mirror holds.
    """

    everybody: bool = False
    token_hashes: tuple[str, ...] = ()

    async def include(self, token: str | None, database: Database | None, clock: Clock) -> bool:
        """Tell whether the holder of a token is one of them; sessions are known where there is a database."""
        if self.everybody or token is None:
            return self.everybody
        digest = sha256(token.encode()).hexdigest()
        if any([hmac.compare_digest(digest.encode(), known.encode()) for known in self.token_hashes]):
            return True
        viewer = await sessions.viewer_of(database, token, clock.now()) if database else None
        return viewer is not None and viewer.scope(Area.LEDGER).everything
