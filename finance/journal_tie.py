"""The tie between the general ledger and the log: an entry commits to the journals that it booked.

The payload `journals` of an entry holds them as they were booked, in the same transaction. So the log tells
the whole general ledger, and a posting that is changed, added or taken out no longer agrees with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import orjson

import ledger
from core.database import Database, Transaction
from core.errors import Broken, Conflict
from finance import journal_repository
from finance.journal_repository import Connection, Row
from finance.journals import BOOKED

FIELD = "journals"
# After this many of one kind, findings are counted and no longer listed.
_MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class JournalReport:
    """What comparing the general ledger with the log found.

    Attributes:
        journals: How many journals the tables hold.
        agreeing: How many of them are, posting by posting, what the log tells.
        erased: How many stand on an entry whose payloads were erased: that these are what was booked can no
            longer be shown, only that they balance and that the entry booked something.
        findings: What is wrong, at most 20 of a kind.
        counts: How many findings there are of each kind.
    """

    journals: int
    agreeing: int
    erased: int
    findings: tuple[ledger.Finding, ...]
    counts: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {**asdict(self), "ok": self.ok}


async def journal_payload(tx: Transaction, entry_id: UUID) -> Mapping[str, bytes]:
    """Return the payload that tells what an entry booked in this transaction; nothing when nothing was."""
    if BOOKED not in tx.touched:
        return {}
    booked = _journals(await journal_repository.postings_of(tx.sql, [entry_id]))
    return {FIELD: _encoded(booked[entry_id])} if booked else {}


async def verify_journal(database: Database, vault_key: ledger.VaultKeys) -> JournalReport:
    """Compare the general ledger with what the entries of the log tell, journal by journal, in one snapshot.

    Findings: `journal.entry_missing` (its entry is neither logged nor pending), `journal.added` (its entry
    tells of no such journal), `journal.removed` (an entry tells of one that is not there), `journal.changed`
    (its entry tells it otherwise), `journal.unbalanced`, `journal.posting_stray` (a posting of no journal),
    `journal.entry_unreadable`, and `ledger.vault_changed` or `ledger.vault_key` where what an entry tells
    cannot be opened. That the entries are those that were signed is for `ledger.verify_log` to say.
    """
    async with (
        database.reading() as sql,
        sql.transaction(isolation="repeatable_read", readonly=True),
    ):
        comparison = _Comparison(sql, vault_key)
        await comparison.check_tables()
        async for entries in ledger.committed(sql):
            await comparison.check_entries(entries)
        return comparison.report(await journal_repository.journal_count(sql))


class _Comparison:
    def __init__(self, sql: Connection, vault_key: ledger.VaultKeys) -> None:
        self._sql = sql
        self._vault_key = vault_key
        self._agreeing = 0
        self._erased = 0
        self._findings: list[ledger.Finding] = []
        self._counts: Counter[str] = Counter()

    def report(self, journals: int) -> JournalReport:
        return JournalReport(
            journals, self._agreeing, self._erased, tuple(self._findings), dict(self._counts)
        )

    async def check_tables(self) -> None:
        """Find what is wrong whatever the log tells."""
        for row in await journal_repository.journals_without_entry(self._sql):
            self._add(
                "journal.entry_missing",
                row["id"],
                f"The log has no entry {row['entry_id']}, which booked it.",
            )
        for row in await journal_repository.unbalanced_journals(self._sql):
            left = row["difference"]
            told = "It has no postings." if left is None else f"Debits less credits are {left}."
            self._add("journal.unbalanced", row["id"], told)
        for row in await journal_repository.postings_without_journal(self._sql):
            self._add("journal.posting_stray", row["id"], f"There is no journal {row['journal_id']}.")

    async def check_entries(self, entries: Sequence[ledger.Committed]) -> None:
        """Compare what entries tell with what the tables hold of them."""
        rows = await journal_repository.postings_of(self._sql, [entry.entry_id for entry in entries])
        booked = _journals(rows)
        for entry in entries:
            held = booked.get(entry.entry_id, {})
            if entry.fields is None:
                self._add("journal.entry_unreadable", entry.entry_id, "The entry's body cannot be read.")
            elif FIELD not in entry.fields:
                self._compare(entry.entry_id, {}, held)
            else:
                await self._open(entry.entry_id, held)

    async def _open(self, entry_id: UUID, held: Mapping[str, Any]) -> None:
        try:
            payload = (await ledger.reveal(self._sql, entry_id, self._vault_key))[FIELD]
        except Conflict as erased:
            if erased.code != "ledger.stream_erased":
                raise
            self._erased += len(held)
            if not held:
                self._add("journal.removed", entry_id, "The entry booked journals; none is there.")
        except Broken as error:
            self._add(error.code, entry_id, error.message)
        else:
            self._compare(entry_id, orjson.loads(payload), held)

    def _compare(self, entry_id: UUID, told: Mapping[str, Any], held: Mapping[str, Any]) -> None:
        entry = f"The entry {entry_id}"
        for journal_id in sorted(told.keys() | held.keys()):
            then, now = told.get(journal_id), held.get(journal_id)
            if then is None:
                self._add("journal.added", journal_id, f"{entry} did not book it.")
            elif now is None:
                self._add("journal.removed", journal_id, f"{entry} booked it; it is not there.")
            elif then != now:
                parts = ", ".join(name for name in now if now[name] != then[name])
                self._add("journal.changed", journal_id, f"{entry} booked it with another {parts}.")
            else:
                self._agreeing += 1

    def _add(self, code: str, where: object, message: str) -> None:
        self._counts[code] += 1
        if self._counts[code] <= _MAX_LISTED:
            self._findings.append(ledger.Finding(code, str(where), message))


def _encoded(journals: Mapping[str, Any]) -> bytes:
    return orjson.dumps(journals, option=orjson.OPT_SORT_KEYS)


def _journals(rows: Sequence[Row]) -> dict[UUID, dict[str, Any]]:
    """Return the journals as JSON values by their ids, by the entries that booked them."""
    booked: dict[UUID, dict[str, Any]] = {}
    for row in rows:
        journals = booked.setdefault(row["entry_id"], {})
        told = journals.setdefault(
            str(row["id"]),
            {
                "event": row["event"],
                "object": str(row["object_id"]),
                "request": _text(row["request_id"]),
                "currency": row["currency"],
                "booked_at": row["booked_at"].isoformat(),
                "reverses": _text(row["reverses"]),
                "postings": [],
            },
        )
        if row["side"] is not None:
            told["postings"].append(
                {
                    "account": row["account"],
                    "side": row["side"],
                    "amount": f"{row['amount']:f}",
                    "asset": _text(row["asset_id"]),
                }
            )
    return booked


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)
