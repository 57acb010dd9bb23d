"""Claims in the log: what entries state of fingerprints, seals over them, and the proof of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from core.database import Database, Transaction
from core.errors import Broken, NotFound, Unavailable
from ledger import repository
from ledger.draft import EntryDraft
from ledger.prove import prove_places
from ledger.recorder import Recorder
from ledger.repository import Connection
from ledger.vault_repository import lock_streams
from proof import claim_proof, claims
from proof.canonical import Json
from proof.claim_proof import ClaimProof
from proof.claims import Claims, Seal
from proof.claims_map import key_of
from proof.entry import Body
from proof.errors import ProofError

_BATCH = 1000


def claims_statement(claimed: Collection[str], released: Collection[str]) -> Mapping[str, Json]:
    """Return the part of an entry's statement that tells of these fingerprints; nothing without any."""
    return claims.statement(claimed, released)


async def next_number(tx: Transaction, stream: str) -> int:
    """Return the number of a stream's next entry; nobody else can take it until the transaction ends."""
    locked = await lock_streams(tx.sql, [stream])
    return locked[stream][0].seq + 1 if stream in locked else 1


async def seal_claims(tx: Transaction, recorder: Recorder, at: datetime) -> int:
    """State in the log what its entries up to the newest checkpoint claim; return how many these are.

    Raises:
        NotFound: `ledger.log_empty`.
    """
    number = await next_number(tx, claims.SEAL_STREAM)
    checkpoint = await repository.newest_checkpoint(tx.sql)
    if checkpoint is None:
        raise NotFound(
            "ledger.log_empty", "The log has no entry to seal.", hint="The sequencer must be running."
        )
    root = (await _claims_below(tx.sql, checkpoint.size)).map_at(checkpoint.size).root()
    await recorder.record(
        tx,
        EntryDraft(
            stream=claims.SEAL_STREAM,
            seq=number,
            kind=claims.SEAL_KIND,
            occurred_at=at,
            actor="system:platform",
            statement=Seal(root, checkpoint.size).as_json(),
        ),
    )
    return checkpoint.size


async def prove_claim(database: Database, fingerprint: str) -> bytes:
    """Return a file that proves how a fingerprint, in hexadecimal, stands at the newest seal in the log.

    `proof.claim_proof.verify` checks it without the database.

    Raises:
        Unavailable: `ledger.unsealed` when the log has no seal yet.
        Broken: `ledger.proof_broken` when what is stored proves nothing.
    """
    async with (
        database.reading() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        seals = await repository.logged_in_stream(connection, claims.SEAL_STREAM)
        if not seals:
            raise Unavailable(
                "ledger.unsealed",
                "The log has no seal over claims yet.",
                hint="Run scf ledger seal-claims, and ask again when the sequencer has logged it.",
            )
        try:
            size = Seal.of(Body.decode(seals[-1].body)).size
            told = await _claims_below(connection, size)
            claim = told.held.get(fingerprint)
            places = [claim.claimed_at, claim.released_at] if claim else []
            seal, *entries = await prove_places(
                connection, [seals[-1].place, *(place for place in places if place is not None)]
            )
            path = told.map_at(size).path(key_of(bytes.fromhex(fingerprint)))
            file = ClaimProof(fingerprint, claim, path, seal, entries).encode()
            claim_proof.verify(file)
        except ProofError as error:
            raise Broken(
                "ledger.proof_broken", str(error), where="claims", hint="Run scf ledger verify."
            ) from error
    return file


async def _claims_below(connection: Connection, size: int) -> Claims:
    """Return what the entries of the log below a size claim."""
    told, place = Claims(), -1
    while rows := await repository.logged_with(connection, f'"{claims.FIELD}"', place, size, _BATCH):
        for row in rows:
            told.follow(row.place, Body.decode(row.body))
        place = rows[-1].place
    return told
