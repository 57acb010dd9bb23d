"""Disclosing: chosen fields of an entry, with what proves them, for one reader."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from core.database import Database
from core.errors import InvalidInput, NotFound
from ledger.prove import prove
from ledger.reveal import open_entry
from ledger.vault_keys import VaultKeys
from proof import disclosure
from proof.disclosure import Opened


async def disclose(
    database: Database, entry_id: UUID, fields: Sequence[str], to: str, vault_key: VaultKeys
) -> bytes:
    """Return a file that opens fields of a logged entry; `proof.disclosure.verify` checks it offline.

    Raises:
        InvalidInput: `ledger.fields_missing`.
        NotFound: `ledger.entry_unknown`, `ledger.field_unknown`.
        Unavailable: `ledger.entry_pending`.
        Conflict: `ledger.stream_erased`.
        Broken: what `reveal` and `prove` raise.
    """
    if not fields:
        raise InvalidInput("ledger.fields_missing", "Name one field at least.", where="fields")
    async with database.reading() as connection:
        opened = await open_entry(connection, entry_id, vault_key)
    for field in fields:
        if field not in opened.payloads:
            raise NotFound(
                "ledger.field_unknown",
                f"The entry has no field {field!r}.",
                where=str(entry_id),
                hint=f"It has {', '.join(sorted(opened.payloads)) or 'none'}.",
            )
    openings = {field: Opened(opened.salts[field], opened.payloads[field]) for field in fields}
    return disclosure.encode(await prove(database, entry_id), openings, to)
