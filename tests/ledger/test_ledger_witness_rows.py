"""Verification looks at what is kept of witnesses, too: no byte of a cosignature changes unseen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from ledger import Cosigning, adopt_policy, verify_log
from proof.checkpoint import NoteKey
from support.witnesses import witness_in_thread

from .conftest import ORIGIN, Ledger, draft


@pytest.fixture
async def cosigned(ledger: Ledger, tmp_path: Path) -> Ledger:
    """A log of two checkpoints, which two witnesses cosigned and a policy of both of them published."""
    log_key = NoteKey.of(ORIGIN, ledger.keys.log_key)
    with (
        witness_in_thread(tmp_path / "bank", "bank.example/w", log_key) as bank,
        witness_in_thread(tmp_path / "buyer", "buyer.example/w", log_key) as buyer,
    ):
        lines = bank.line("bank") + buyer.line("buyer")
        policy = f"log {log_key}\n{lines}group both all bank buyer\nquorum both\n"
        await adopt_policy(ledger.database, policy.encode(), "user:operator")
        for number in (1, 2):
            await ledger.log(draft(seq=number))
            cosigning = Cosigning(ledger.database)
            await cosigning.round()
            await cosigning.settled()
            await cosigning.close()
    assert await ledger.value("SELECT count(*) FROM ledger.cosignature") == 4
    assert await ledger.value("SELECT array_agg(size ORDER BY size) FROM ledger.published") == [1, 2]
    return ledger


@asynccontextmanager
async def changed(ledger: Ledger, statement: str) -> AsyncIterator[None]:
    """Change the database as its owner could, past all triggers."""
    connection = await asyncpg.connect(ledger.database.url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(statement)
    try:
        yield
    finally:
        await connection.close()


async def found(ledger: Ledger) -> set[str]:
    return {finding.code for finding in (await verify_log(ledger.database)).findings}


async def test_what_witnesses_signed_passes(cosigned: Ledger) -> None:
    assert await found(cosigned) == set()


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        (
            # one character of the signature itself, past the key's hint and the time
            "UPDATE ledger.cosignature SET line = overlay(line PLACING"
            " CASE substr(line, length(line) - 20, 1) WHEN 'A' THEN 'B' ELSE 'A' END"
            " FROM length(line) - 20 FOR 1) WHERE size = 2 AND key LIKE 'bank%'",
            {"ledger.cosignature", "ledger.published"},
        ),
        (
            "UPDATE ledger.cosignature SET line = 'nothing' WHERE size = 2 AND key LIKE 'bank%'",
            {"ledger.cosignature", "ledger.published"},
        ),
        (
            "UPDATE ledger.cosignature SET signed_at = signed_at + interval '1 second'"
            " WHERE size = 2 AND key LIKE 'bank%'",
            {"ledger.cosignature", "ledger.published"},
        ),
        (
            "UPDATE ledger.cosignature SET size = 3 WHERE size = 2 AND key LIKE 'bank%'",
            {"ledger.cosignature", "ledger.published", "ledger.witness"},
        ),
        (
            "UPDATE ledger.cosignature SET key = 'odd' WHERE size = 2 AND key LIKE 'bank%'",
            {"ledger.cosignature", "ledger.published", "ledger.witness"},
        ),
        (
            "DELETE FROM ledger.cosignature WHERE size = 2 AND key LIKE 'bank%'",
            {"ledger.published", "ledger.witness"},
        ),
        ("UPDATE ledger.witness SET size = 7 WHERE name = 'bank'", {"ledger.witness"}),
        ("INSERT INTO ledger.published (size, policy_id, published_at) SELECT 9, policy_id, now()"
         " FROM ledger.published LIMIT 1", {"ledger.published"}),
        ("UPDATE ledger.published SET policy_id = policy_id + 1", {"ledger.published"}),
        ("UPDATE ledger.witness_policy SET content = 'quorum nobody'", {"ledger.published"}),
    ],
)  # fmt: skip
async def test_what_was_changed_is_found(cosigned: Ledger, statement: str, codes: set[str]) -> None:
    async with changed(cosigned, statement):
        assert await found(cosigned) == codes
