"""The proof of a whole case: all its entries with their proofs, and nothing of what they commit to.

It is an audit bundle that discloses nothing, so that what checks those checks it.
"""

from __future__ import annotations

from uuid import UUID

from core.database import Database
from core.errors import NotFound
from ledger.prove import prove_streams
from proof.bundle import Bundle, BundleEntry, history_stream
from proof.entry_proof import EntryProof


async def prove_case(database: Database, case_id: UUID) -> bytes:
    """Return a file that proves all entries of a case, and those on Temporal's history of it.

    `proof.bundle.check` checks it without the database: that none is missing before the last one that it
    holds. That no later one is in the log, only a check of the whole log shows:
    `proof.log_check.check_folder`.

    Raises:
        NotFound: `ledger.case_unknown` when the ledger holds no entry of it.
        Unavailable: `ledger.entry_pending` when an entry is signed but not yet logged.
        Broken: `ledger.proof_broken` when what is stored proves nothing.
    """
    stream = str(case_id)
    async with (
        database.reading() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        case, history = await prove_streams(connection, [stream, history_stream(stream)])
    if not case:
        raise NotFound("ledger.case_unknown", "The ledger has no entry of such a case.", where=stream)
    return Bundle(
        case_stream=stream,
        process="",
        checkpoint=case[0].tlog_proof.checkpoint,
        log_key=case[0].log_key,
        entry_keys=tuple(sorted({proof.entry_key for proof in (*case, *history)})),
        model={},
        case=tuple(map(_closed, case)),
        history=tuple(map(_closed, history)),
        witness_keys=case[0].witness_keys,
    ).encode()


def _closed(proof: EntryProof) -> BundleEntry:
    return BundleEntry(proof.envelope, proof.tlog_proof.index, proof.tlog_proof.path)
