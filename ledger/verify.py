"""Verifying the log in a database: everything is recomputed from the entries, in one snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from core.database import Database
from core.errors import Broken, Conflict, InvalidInput
from ledger import registry_repository, repository
from ledger.checker import Finding, Findings, LogChecker
from ledger.repository import Connection
from ledger.reveal import reveal, reveal_events
from ledger.signature_checks import SignatureChecks
from ledger.vault_keys import VaultKeys
from ledger.witness_rows import check_witnesses
from proof.checkpoint import NoteKey
from proof.errors import ProofError
from proof.hashes import HASH_SIZE
from proof.signatures import Backend, PublicKey
from proof.tiles import TileId

_BATCH = 4096


@dataclass(frozen=True, slots=True)
class LogReport:
    """What verification found.

    Attributes:
        origin: The log's name; empty before its first sequencer.
        entries: The number of entries in the log.
        pending: The number of signed entries that wait in the outbox.
        checkpoints: The number of checkpoints that were checked.
        root: The Merkle root over the entries, in hexadecimal.
        chain: The hash chain after the last entry, in hexadecimal.
        backends: The libraries that checked each signature.
        pinned: True when the log's key was given by the caller; else the database's own was used, and whoever
            can write to the database and holds any key could have replaced the whole log.
        registry_from: The place of the first entry of the registry of keys; entries before it were signed by
            releases without one. None when there is none.
        findings: What is wrong, at most 20 of a kind.
        counts: How many findings there are of each kind.
    """

    origin: str
    entries: int
    pending: int
    checkpoints: int
    root: str
    chain: str
    backends: tuple[Backend, ...]
    pinned: bool
    registry_from: int | None
    findings: tuple[Finding, ...]
    counts: Mapping[str, int]

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.findings

    def as_json(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return {**asdict(self), "ok": self.ok}


async def verify_log(
    database: Database,
    *,
    log_key: str | None = None,
    backends: Sequence[Backend] = ("cryptography",),
    vault_key: VaultKeys | None = None,
    trusted_keys: Collection[str] = (),
) -> LogReport:
    """Recompute the log entry by entry, and compare it with all that is stored about it.

    Checked are: each body's form, its columns and its place in its stream; each signature;
    that its key, and that of a person's signed statement, is registered and valid at its place; that no
    claimed fingerprint is claimed again, and that what seals state of the claims follows; leaf hashes, chain,
    tree, tiles; root and note of each checkpoint; the head; the entries in the outbox; the newest entry of
    each stream, so that an entry missing at an end is found as one missing in between is; what is kept of
    witnesses. With the vault key, what is sealed is opened and compared with what the entries commit to, too.

    Args:
        database: Where the log is.
        log_key: The log's note key (name+hash+key) as known from elsewhere.
        backends: The libraries that check each signature.
        vault_key: Opens the vault; without it the payloads are not looked at.
        trusted_keys: The ids of entry keys of the platform as known from elsewhere: one of them may have come
            in without an earlier key that brought it in.

    Raises:
        InvalidInput: `ledger.log_key` when the given key is not a note key.
    """
    pinned = _parse_log_key(log_key) if log_key else None
    async with (
        database.reading() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await _verify(connection, pinned, tuple(backends), vault_key, trusted_keys)


async def _verify(
    connection: Connection,
    pinned: NoteKey | None,
    backends: tuple[Backend, ...],
    vault_key: VaultKeys | None,
    trusted_keys: Collection[str],
) -> LogReport:
    head = await repository.head(connection)
    origin = pinned.name if pinned else head.origin if head else None
    key_findings = Findings()
    entry_keys, log_keys = _read_keys(await repository.keys(connection), key_findings)
    checker = LogChecker(origin, entry_keys, [pinned] if pinned else log_keys, trusted_keys)
    checker.findings = key_findings
    find = checker.findings.require

    signatures = SignatureChecks(backends, head.size if head else 0)
    try:
        await _check_entries(connection, checker, signatures)
        pending = await _check_pending(connection, checker, signatures)
        for unsigned in await signatures.unsigned():
            checker.findings.add("ledger.signature", unsigned.where, unsigned.message)
    finally:
        signatures.close()
    await _check_tiles(connection, checker, checker.open_tiles())
    tiles = checker.tiles + len(checker.open_tiles())
    find(
        await repository.count(connection, "tile") == tiles, "ledger.tile", "tiles", f"There are not {tiles}."
    )
    checkpoints = await repository.count(connection, "checkpoint")
    find(
        checkpoints == checker.checkpoints,
        "ledger.checkpoint",
        "checkpoints",
        f"There are {checkpoints}, of which {checker.checkpoints} are of a size that the log had.",
    )
    size, root = checker.tree.size, checker.tree.root()
    newest = await repository.newest_checkpoint(connection)
    find(
        (newest.size if newest else 0) == size,
        "ledger.checkpoint",
        "newest checkpoint",
        f"It does not cover the log's {size} entries.",
    )
    if head:
        find(
            (head.origin, head.size, head.chain, head.frontier)
            == (origin, size, checker.chain, b"".join(checker.tree.frontier)),
            "ledger.head",
            "head",
            f"It is not the head of the log's {size} entries.",
        )
    find(head is not None or size == 0, "ledger.head", "head", "The log has no head.")
    await _check_streams(connection, checker)
    await _check_registry(connection, checker)
    await check_witnesses(connection, checker.findings)
    if vault_key is not None:
        await _check_vault(connection, checker.findings, vault_key)
    return LogReport(
        origin=origin or "",
        entries=size,
        pending=pending,
        checkpoints=checker.checkpoints,
        root=root.hex(),
        chain=checker.chain.hex(),
        backends=backends,
        pinned=pinned is not None,
        registry_from=checker.registry.opened_at,
        findings=tuple(checker.findings.listed),
        counts=dict(checker.findings.counts),
    )


async def _check_entries(connection: Connection, checker: LogChecker, signatures: SignatureChecks) -> None:
    last, size = -1, 0
    while rows := await repository.logged_after(connection, last, _BATCH):
        last = rows[-1].place
        checkpoints = await repository.checkpoints_between(connection, size, size + len(rows))
        size += len(rows)
        filled = await asyncio.to_thread(checker.logged, rows, checkpoints)
        await signatures.take(checker.signed())
        await _check_tiles(connection, checker, filled)


async def _check_tiles(connection: Connection, checker: LogChecker, expected: Mapping[TileId, bytes]) -> None:
    stored = await repository.tile_hashes(connection, expected.keys())
    for tile, hashes in expected.items():
        there = stored.get(tile, b"")
        differing = next(
            (
                at // HASH_SIZE
                for at in range(0, max(len(hashes), len(there)), HASH_SIZE)
                if hashes[at : at + HASH_SIZE] != there[at : at + HASH_SIZE]
            ),
            None,
        )
        checker.findings.require(
            differing is None,
            "ledger.tile",
            f"tile {tile.level}/{tile.number}",
            f"From its hash {differing} on it is not the tree over the entries.",
        )


async def _check_pending(connection: Connection, checker: LogChecker, signatures: SignatureChecks) -> int:
    position, pending = 0, 0
    while batch := await repository.pending_after(connection, position, _BATCH):
        position, pending = batch[-1][0], pending + len(batch)
        await asyncio.to_thread(checker.pending, [entry for _, entry in batch])
        await signatures.take(checker.signed())
    return pending


async def _check_streams(connection: Connection, checker: LogChecker) -> None:
    find = checker.findings.require
    name, counted = "", 0
    while rows := await repository.streams_after(connection, name, _BATCH):
        name, counted = rows[-1].stream, counted + len(rows)
        for row in rows:
            find(
                checker.streams.get(row.stream) == (row.seq, row.leaf_hash),
                "ledger.stream_end",
                f"stream {row.stream}",
                f"Its newest entry, number {row.seq}, is neither in the log nor in the outbox.",
            )
    find(counted == len(checker.streams), "ledger.stream_end", "streams", "Entries are in unknown streams.")


async def _check_registry(connection: Connection, checker: LogChecker) -> None:
    """Compare the table that the platform asks with the registry that the entries tell."""
    told = {
        key.key_id: (key.holder, key.public_key, key.protection, key.valid_by, key.revoked_at is not None)
        for key in checker.registry.keys.values()
    }
    stored = {
        key.key_id: (key.holder, key.public_key, key.protection, key.valid_by, key.revoked_by is not None)
        for key in await registry_repository.every_key(connection)
    }
    for key_id in sorted(told.keys() | stored.keys()):
        checker.findings.require(
            told.get(key_id) == stored.get(key_id),
            "ledger.key_table",
            f"key {key_id}",
            "The table of keys does not say what its entries say.",
        )


async def _check_vault(connection: Connection, findings: Findings, vault_key: VaultKeys) -> None:
    """Open every payload; what was erased on purpose has no data key any more, and is no finding."""
    last = -1
    while rows := await repository.logged_after(connection, last, _BATCH):
        last = rows[-1].place
        for row in rows:
            try:
                await reveal(connection, row.entry_id, vault_key)
                await reveal_events(connection, row.entry_id, vault_key)
            except Conflict:
                continue
            except (Broken, ProofError) as error:
                findings.add(error.code, f"entry {row.place}", error.message)


def _read_keys(
    rows: Sequence[repository.KeyRow], findings: Findings
) -> tuple[dict[str, PublicKey], list[NoteKey]]:
    """Return entry keys by id, and log keys, leaving out those that are not what their id says."""
    entry_keys: dict[str, PublicKey] = {}
    log_keys: list[NoteKey] = []
    for row in rows:
        try:
            if row.purpose == "entry":
                key = PublicKey(row.public_key)
                known, entry_keys[key.key_id] = key.key_id, key
            else:
                note_key = NoteKey.parse(row.key_id)
                known = row.key_id if note_key.public == row.public_key else ""
                log_keys.append(note_key)
            findings.require(
                known == row.key_id, "ledger.key", f"key {row.key_id}", "It is not its id's key."
            )
        except ProofError as error:
            findings.add("ledger.key", f"key {row.key_id}", error.message)
    return entry_keys, log_keys


def _parse_log_key(text: str) -> NoteKey:
    try:
        return NoteKey.parse(text)
    except ProofError as error:
        raise InvalidInput("ledger.log_key", error.message, where="log_key", hint=error.hint) from error
