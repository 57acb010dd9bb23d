"""Disclosing fields of an entry to somebody: a file for the reader, and an entry that says so."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import ledger
from core import Database, Transaction
from proof.canonical import encode
from workflows.repository import CommandRow
from workflows.vault_payloads import DiscloseEntry


class DisclosureCommands:
    """Carries out the command `vault.disclose`."""

    def __init__(self, database: Database, recorder: ledger.Recorder) -> None:
        self._database = database
        self._recorder = recorder

    async def carry_out(
        self, tx: Transaction, command: CommandRow, payload: DiscloseEntry, at: datetime
    ) -> Mapping[str, Any]:
        """Carry out the command in the caller's transaction; its result holds the file in base64.

        The entry `vault.disclose` names the entry and the fields; to whom and why is in the vault.

        Raises:
            NotFound: `ledger.entry_unknown`, `ledger.field_unknown`.
            Unavailable: `ledger.entry_pending`.
            Conflict: `ledger.stream_erased`.
        """
        file = await ledger.disclose(
            self._database, payload.entry_id, payload.fields, payload.to, self._recorder.vault
        )
        await self._recorder.record(
            tx,
            ledger.EntryDraft(
                stream=f"disclosure:{command.id}",
                seq=1,
                kind=command.kind,
                occurred_at=at,
                actor=command.actor.label,
                statement={"entry": str(payload.entry_id), "fields": list(payload.fields)},
                payloads={"request": encode(command.payload)},
            ),
        )
        return {"entry_id": str(payload.entry_id), "file": b64encode(file).decode()}
