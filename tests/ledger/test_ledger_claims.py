"""Claims in the log: sealed at a checkpoint, proven by a file; a second one is found by whoever checks it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from core import NotFound, Unavailable
from ledger import claims_statement, export_log, prove_claim, seal_claims, verify_log
from proof import claim_proof
from proof.checkpoint import NoteKey
from proof.claims import Claim, Seal
from proof.claims_map import ClaimsMap
from proof.log_check import check_folder
from proof.signatures import BACKENDS

from .conftest import NOON, ORIGIN, Ledger, draft

ONE, TWO, NEVER = "1a" * 32, "2b" * 32, "3c" * 32


def claiming(*fingerprints: str, seq: int = 1, stream: str = "case-1") -> Any:
    return draft(stream, seq, statement=claims_statement(fingerprints, ()))


async def sealed(ledger: Ledger) -> int:
    """Seal what the log has, and log the seal."""
    async with ledger.database.transaction() as tx:
        size = await seal_claims(tx, ledger.recorder, NOON)
    await ledger.log()
    return size


async def proven(ledger: Ledger, fingerprint: str) -> claim_proof.VerifiedClaim:
    return claim_proof.verify(await prove_claim(ledger.database, fingerprint), log_key=key(ledger))


def key(ledger: Ledger) -> str:
    return str(NoteKey.of(ORIGIN, ledger.keys.log_key))


async def found(ledger: Ledger, folder: Path) -> Mapping[str, int]:
    """What checking the log finds; in the database and in an export it must be the same."""
    report = await verify_log(ledger.database, log_key=key(ledger))
    await export_log(ledger.database, folder)
    exported = check_folder(folder, NoteKey.parse(key(ledger)), backends=BACKENDS).findings
    assert sorted((each.code, each.where, each.message) for each in exported) == sorted(
        (each.code, each.where, each.message) for each in report.findings
    )
    return report.counts


async def test_a_claim_is_proven_at_the_newest_seal(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.log(draft(), claiming(ONE, TWO, seq=2))
    assert await sealed(ledger) == 2
    shown = await proven(ledger, ONE)
    assert (shown.claim, shown.size, shown.seal.body.stream) == (Claim(1, 1), 2, "seal")
    assert (await proven(ledger, NEVER)).claim is None

    await ledger.log(draft(seq=3, statement=claims_statement((), [ONE])))
    assert (await proven(ledger, ONE)).claim == Claim(1, 1)  # as it stood at the seal
    await sealed(ledger)
    shown = await proven(ledger, ONE)
    assert shown.claim == Claim(1, 1, released_at=3)
    assert shown.released_by is not None
    assert shown.released_by.index == 3

    await ledger.log(claiming(ONE, stream="case-2"))
    await sealed(ledger)
    assert (await proven(ledger, ONE)).claim == Claim(2, 5)
    assert not await found(ledger, tmp_path / "log")


async def test_without_a_seal_or_a_log_nothing_is_proven(ledger: Ledger) -> None:
    with pytest.raises(NotFound, match=r"ledger\.log_empty"):
        await sealed(ledger)
    await ledger.log(claiming(ONE))
    with pytest.raises(Unavailable, match=r"ledger\.unsealed"):
        await prove_claim(ledger.database, ONE)


async def test_a_second_claim_is_found_with_or_without_a_seal(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.log(claiming(ONE))
    await sealed(ledger)
    await ledger.log(claiming(ONE, stream="case-2"))
    assert await found(ledger, tmp_path / "log") == {"log.double_claim": 1}


async def test_a_second_claim_that_waits_to_be_logged_is_found(ledger: Ledger) -> None:
    await ledger.log(claiming(ONE))
    await ledger.record(claiming(ONE, stream="case-2"))
    assert (await verify_log(ledger.database)).counts == {"log.double_claim": 1}


async def test_a_seal_that_hides_a_claim_is_found(ledger: Ledger, tmp_path: Path) -> None:
    await ledger.log(claiming(ONE))
    hiding = Seal(ClaimsMap().root(), 1).as_json()
    await ledger.log(draft("seal", 1, kind="claims.seal", statement=hiding))
    assert await found(ledger, tmp_path / "log") == {"log.claims_root": 1}
