"""Checking what the database keeps of witnesses: their cosignatures, and what was published with them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ledger import witness_repository
from ledger.checker import Findings
from ledger.repository import Connection
from ledger.witness_repository import StoredCosignature
from proof.checkpoint import SignatureLine, split_note
from proof.cosignature import WitnessKey, timestamp_of
from proof.errors import NotProven, ProofError
from proof.policy import Policy

_BATCH = 1024


async def check_witnesses(connection: Connection, findings: Findings) -> None:
    """Verify each stored cosignature over its checkpoint, and hold what follows from them to it.

    Codes: `ledger.cosignature`, `ledger.witness` (how far a witness is said to have cosigned) and
    `ledger.published` (a checkpoint without the quorum of the policy that it was published under). That the
    notes of the checkpoints are the log's is checked elsewhere.
    """
    last, wrong = 0, set[tuple[int, str]]()
    while rows := await witness_repository.cosignatures_after(connection, last, _BATCH):
        last = rows[-1].id
        wrong |= await asyncio.to_thread(_wrong, rows, findings)
    for key, size, newest in await witness_repository.reached(connection):
        findings.require(
            size == newest,
            "ledger.witness",
            f"witness {key}",
            f"It is said to have cosigned {size} entries; its newest cosignature is over {newest}.",
        )
    await _check_published(connection, findings, wrong)


def _wrong(rows: Sequence[StoredCosignature], findings: Findings) -> set[tuple[int, str]]:
    """Return the sizes and keys of cosignatures that do not hold."""
    wrong = set()
    for row in rows:
        try:
            _verify(row)
        except ProofError as error:
            wrong.add((row.size, row.key))
            findings.add("ledger.cosignature", f"checkpoint {row.size}, {row.key}", error.message)
    return wrong


def _verify(row: StoredCosignature) -> None:
    if row.note is None:
        raise NotProven("checkpoint.missing", "There is no checkpoint of this size.")
    key, line = WitnessKey.parse(row.key), SignatureLine.parse(row.line)
    if not line.is_of(key):
        raise NotProven("checkpoint.cosignature", "The line is of another key.")
    key.verify(line.signature, split_note(row.note)[0])
    if timestamp_of(line.signature) != row.signed_at:
        raise NotProven("checkpoint.cosignature", "It was made at another time than the one beside it.")


async def _check_published(connection: Connection, findings: Findings, wrong: set[tuple[int, str]]) -> None:
    policies: dict[int, Policy] = {}
    for number, content in await witness_repository.policies(connection):
        try:
            policies[number] = Policy.parse(content)
        except ProofError as error:
            findings.add("ledger.published", f"policy {number}", error.message)
    last = 0
    while rows := await witness_repository.published_after(connection, last, _BATCH):
        last = rows[-1].id
        for row in rows:
            signed = [key for key in row.keys if (row.size, key) not in wrong]
            policy = policies.get(row.policy_id)
            findings.require(
                row.covered and policy is not None and policy.holds(signed),
                "ledger.published",
                f"checkpoint {row.size}",
                f"It was published without the quorum of policy {row.policy_id}.",
            )
