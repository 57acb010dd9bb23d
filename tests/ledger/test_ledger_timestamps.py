"""Time stamps: an authority confirms when a checkpoint was there, and anyone can check it with openssl."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from core import InvalidInput, NotFound, SystemClock, Unavailable
from ledger import export_log
from ledger.timestamp_der import with_sorted_certificates
from ledger.timestamps import (
    Authority,
    keep_stamping,
    read_certificates,
    stamp_checkpoint,
    verify_timestamp,
)
from support.tsa import Tsa, openssl, running_tsa

from .conftest import Ledger, draft


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with running_tsa(tmp_path_factory.mktemp("tsa")) as tsa:
        yield tsa


@pytest.fixture
def tsa(service: Tsa) -> Tsa:
    service.answer, service.asked = None, 0
    return service


@pytest.fixture
def authority(tsa: Tsa) -> Authority:
    return Authority.at(tsa.url, tsa.certificates)


async def stamps(ledger: Ledger) -> int:
    number: int = await ledger.value("SELECT count(*) FROM ledger.timestamp")
    return number


async def test_the_published_checkpoint_is_stamped_and_kept(ledger: Ledger, authority: Authority) -> None:
    await ledger.log(draft(seq=1), draft(seq=2))
    before = datetime.now(UTC) - timedelta(seconds=5)
    row = await stamp_checkpoint(ledger.database, authority)
    assert row.size == 2
    assert row.note == await ledger.value("SELECT note FROM ledger.checkpoint WHERE size = 2")
    assert before <= row.stamped_at <= datetime.now(UTC) + timedelta(seconds=5)
    assert await stamps(ledger) == 1


async def test_openssl_accepts_what_the_export_writes(
    ledger: Ledger, authority: Authority, tsa: Tsa, tmp_path: Path
) -> None:
    await ledger.log(draft(seq=1))
    await stamp_checkpoint(ledger.database, authority)
    await ledger.log(draft(seq=2))
    await stamp_checkpoint(ledger.database, authority)
    await export_log(ledger.database, tmp_path)
    notes = sorted((tmp_path / "timestamps").glob("*.checkpoint"))
    assert [note.name.partition("-")[0] for note in notes] == ["1", "2"]
    for note in notes:
        response = note.with_suffix(".tsr")
        verify = ("ts", "-verify", "-in", response, "-data", note, "-CAfile", tsa.certificates)
        assert "Verification: OK" in openssl(tmp_path, *verify).stdout
    assert (await export_log(ledger.database, tmp_path)).files == 0


async def test_openssl_refuses_the_token_for_another_note(
    ledger: Ledger, authority: Authority, tsa: Tsa, tmp_path: Path
) -> None:
    await ledger.log(draft())
    await stamp_checkpoint(ledger.database, authority)
    await export_log(ledger.database, tmp_path)
    (note,) = (tmp_path / "timestamps").glob("*.checkpoint")
    note.write_text(note.read_text().replace("\n1\n", "\n2\n"))
    with pytest.raises(subprocess.CalledProcessError):
        openssl(
            tmp_path,
            *("ts", "-verify", "-in", note.with_suffix(".tsr"), "-data", note),
            *("-CAfile", tsa.certificates),
        )


async def test_a_kept_time_stamp_verifies_offline_and_no_byte_of_note_or_signature_may_change(
    ledger: Ledger, authority: Authority
) -> None:
    await ledger.log(draft())
    row = await stamp_checkpoint(ledger.database, authority)
    assert verify_timestamp(row.note, row.response, authority.certificates) == row.stamped_at
    with pytest.raises(InvalidInput, match=r"timestamp\.invalid"):
        verify_timestamp(row.note + "\n", row.response, authority.certificates)
    broken = bytearray(row.response)
    broken[-10] ^= 1
    with pytest.raises(InvalidInput, match=r"timestamp\.invalid"):
        verify_timestamp(row.note, bytes(broken), authority.certificates)


async def test_a_time_stamp_of_an_authority_that_nobody_named_is_refused(
    ledger: Ledger, tsa: Tsa, tmp_path: Path
) -> None:
    await ledger.log(draft())
    with running_tsa(tmp_path / "other") as other:
        with pytest.raises(InvalidInput, match=r"timestamp\.invalid"):
            await stamp_checkpoint(ledger.database, Authority.at(other.url, tsa.certificates))
    assert await stamps(ledger) == 0


async def test_an_old_answer_is_refused(ledger: Ledger, authority: Authority, tsa: Tsa) -> None:
    await ledger.log(draft())
    row = await stamp_checkpoint(ledger.database, authority)
    tsa.answer = (200, row.response)
    with pytest.raises(InvalidInput, match="Nonce"):
        await stamp_checkpoint(ledger.database, authority)


async def test_an_answer_over_another_text_is_refused(ledger: Ledger, authority: Authority, tsa: Tsa) -> None:
    await ledger.log(draft())
    other = TimestampRequestBuilder().data(b"other").hash_algorithm(HashAlgorithm.SHA256).build()
    tsa.answer = (200, tsa.stamp(other.as_bytes()))
    with pytest.raises(InvalidInput, match=r"timestamp\.invalid"):
        await stamp_checkpoint(ledger.database, authority)


async def test_a_refusal_of_the_authority_is_no_time_stamp(
    ledger: Ledger, authority: Authority, tsa: Tsa
) -> None:
    await ledger.log(draft())
    tsa.answer = (200, tsa.stamp(b"no query"))  # openssl answers with the status `rejection`
    with pytest.raises(InvalidInput, match=r"timestamp\.invalid"):
        await stamp_checkpoint(ledger.database, authority)


@pytest.mark.parametrize("answer", [b"", b"\x30", b"\x30\x00", b"\x30\x84\xff", b"no DER", bytes(range(256))])
async def test_an_answer_that_is_none_is_refused(
    ledger: Ledger, authority: Authority, tsa: Tsa, answer: bytes
) -> None:
    await ledger.log(draft())
    tsa.answer = (200, answer)
    with pytest.raises(InvalidInput, match=r"timestamp\.invalid"):
        await stamp_checkpoint(ledger.database, authority)


@pytest.mark.parametrize("answer", [(500, b""), (404, b""), (200, bytes(2_000_000))])
async def test_an_authority_that_does_not_answer_is_told(
    ledger: Ledger, authority: Authority, tsa: Tsa, answer: tuple[int, bytes]
) -> None:
    await ledger.log(draft())
    tsa.answer = answer
    with pytest.raises(Unavailable, match=r"timestamp\.unreachable"):
        await stamp_checkpoint(ledger.database, authority)


async def test_an_empty_log_is_not_stamped(ledger: Ledger, authority: Authority) -> None:
    with pytest.raises(NotFound, match=r"ledger\.log_empty"):
        await stamp_checkpoint(ledger.database, authority)


async def test_the_service_stamps_what_is_new_and_survives_an_authority_that_is_away(
    ledger: Ledger, authority: Authority, tsa: Tsa
) -> None:
    stop = asyncio.Event()
    stamping = asyncio.create_task(
        keep_stamping(ledger.database, authority, timedelta(milliseconds=20), SystemClock(), stop)
    )
    tsa.answer = (503, b"")
    await ledger.log(draft(seq=1))
    async with asyncio.timeout(30):
        while tsa.asked < 2:
            await asyncio.sleep(0.01)
        tsa.answer = None
        while await stamps(ledger) < 1:
            await asyncio.sleep(0.01)
    asked = tsa.asked
    await asyncio.sleep(0.2)  # ten turns without anything new
    assert tsa.asked == asked
    stop.set()
    await stamping
    assert await stamps(ledger) == 1


async def test_two_services_do_not_both_stamp(ledger: Ledger, authority: Authority, tsa: Tsa) -> None:
    await ledger.log(draft(seq=1))
    await stamp_checkpoint(ledger.database, authority)
    await ledger.log(draft(seq=2))
    stop = asyncio.Event()
    other = asyncio.create_task(
        keep_stamping(ledger.database, authority, timedelta(hours=1), SystemClock(), stop)
    )
    await asyncio.sleep(0.1)
    stop.set()
    await other
    assert tsa.asked == 1


async def test_time_stamps_are_only_added_to(ledger: Ledger, authority: Authority) -> None:
    await ledger.log(draft())
    await stamp_checkpoint(ledger.database, authority)
    async with ledger.database.reading() as connection:
        for change in ("UPDATE ledger.timestamp SET note = ''", "DELETE FROM ledger.timestamp"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(change)


async def test_an_answer_whose_certificates_stand_in_another_order_is_read(
    ledger: Ledger, authority: Authority
) -> None:
    await ledger.log(draft())
    row = await stamp_checkpoint(ledger.database, authority)
    ordered = with_sorted_certificates(row.response)
    assert len(ordered) == len(row.response)
    assert with_sorted_certificates(ordered) == ordered
    assert verify_timestamp(row.note, ordered, authority.certificates) == row.stamped_at


def test_certificates_are_read_from_a_file_that_holds_some(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"timestamp\.certificates_missing"):
        read_certificates(tmp_path / "none.pem")
    (tmp_path / "text.pem").write_text("no certificate")
    with pytest.raises(InvalidInput, match=r"timestamp\.certificates_invalid"):
        read_certificates(tmp_path / "text.pem")
