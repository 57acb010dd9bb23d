"""The log's name: chosen when an installation starts for the first time, and kept with its data from then on.

Witnesses, mirrors and proofs tell logs by their names, so no two installations should share one. A log cannot
be renamed: each entry and each checkpoint is signed for the name.
"""

from __future__ import annotations

from core.database import Database
from core.errors import Conflict, InvalidInput
from ledger import repository
from proof.checkpoint import is_name
from proof.hashes import CHAIN_START

DEFAULT_ORIGIN = "scf.local/log"


async def log_origin(database: Database, wanted: str | None = None) -> str:
    """Return the log's name; where none is kept yet, keep the one that is wanted.

    Args:
        database: The installation's.
        wanted: The name as it was configured; None takes what is kept, and at the first start the default.

    Raises:
        InvalidInput: `ledger.origin_invalid` when no log can have this name.
        Conflict: `ledger.origin_differs` when another name is kept.
    """
    if wanted is not None and not is_name(wanted):
        raise InvalidInput(
            "ledger.origin_invalid",
            f"{wanted!r} cannot name a log.",
            hint="Give 1 to 255 visible ASCII characters without a plus sign, such as scf.bank.example/log.",
        )
    async with database.transaction() as tx:
        kept = await repository.kept_origin(tx.sql, wanted or DEFAULT_ORIGIN, CHAIN_START)
    if wanted not in (None, kept):
        raise Conflict(
            "ledger.origin_differs",
            f"The log of this installation is named {kept}, and a log cannot be renamed to {wanted}.",
            hint="Leave out the name, or give the one that the log began with.",
        )
    return kept
