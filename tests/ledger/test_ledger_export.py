"""The export: the log as a folder that grows, and whose checkpoint never tells of a file that is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import Conflict, InvalidInput, NotFound
from ledger import LogFolder, Sequencer, export_log
from ledger.log_tree import root_of
from proof.checkpoint import NoteKey, open_checkpoint
from proof.entry import Body, Envelope
from proof.hashes import HASH_SIZE
from proof.log_files import LogFile, decode_bundle, files_between

from .conftest import ORIGIN, Ledger, draft
from .test_ledger_sequencer import wait_until_free

SMALL = {"events": (), "payloads": {}, "statement": None}


async def grow(ledger: Ledger, first: int, last: int, stream: str = "bulk") -> None:
    await ledger.log(*(draft(stream, number, **SMALL) for number in range(first, last + 1)))


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


async def test_a_folder_holds_every_file_of_the_logs_size(ledger: Ledger, tmp_path: Path) -> None:
    await grow(ledger, 1, 600)
    exported = await export_log(ledger.database, tmp_path)
    written = files(tmp_path)
    assert set(written) == {"checkpoint", "keys"} | {file.path for file in files_between(0, 600)}
    assert (exported.old_size, exported.size, exported.files) == (0, 600, len(written) - 2)
    checkpoint = open_checkpoint(written["checkpoint"].decode(), NoteKey.of(ORIGIN, ledger.keys.log_key))
    assert checkpoint.root == await root_of(LogFolder(tmp_path), 600, 600)


async def test_bundles_hold_the_entries_whose_hashes_the_tiles_hold(ledger: Ledger, tmp_path: Path) -> None:
    await grow(ledger, 1, 300)
    await export_log(ledger.database, tmp_path)
    for number, width in ((0, 256), (1, 44)):
        bundle = (tmp_path / LogFile(None, number, width).path).read_bytes()
        tile = (tmp_path / LogFile(0, number, width).path).read_bytes()
        envelopes = [Envelope.decode(entry) for entry in decode_bundle(bundle, width)]
        assert b"".join(envelope.leaf for envelope in envelopes) == tile
        assert len(tile) == width * HASH_SIZE
        assert Body.decode(envelopes[0].body).seq == number * 256 + 1


async def test_a_second_run_only_adds(ledger: Ledger, tmp_path: Path) -> None:
    await grow(ledger, 1, 300)
    await export_log(ledger.database, tmp_path)
    before = files(tmp_path)
    await grow(ledger, 301, 520)
    exported = await export_log(ledger.database, tmp_path)
    after = files(tmp_path)
    assert {path: after[path] for path in before if path != "checkpoint"} == {
        path: content for path, content in before.items() if path != "checkpoint"
    }
    assert exported.files == len(after) - len(before)
    assert {file.path for file in files_between(0, 520)} <= set(after)


async def test_a_run_without_new_entries_writes_no_file(ledger: Ledger, tmp_path: Path) -> None:
    await grow(ledger, 1, 5)
    await export_log(ledger.database, tmp_path)
    assert (await export_log(ledger.database, tmp_path)).files == 0


async def test_a_run_that_broke_off_leaves_the_older_log_and_the_next_mends_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    await grow(ledger, 1, 10)
    await export_log(ledger.database, tmp_path)
    older = (tmp_path / "checkpoint").read_bytes()
    await grow(ledger, 11, 300)
    (tmp_path / "tile" / "0" / "000").mkdir(parents=True)  # no file can be written there
    with pytest.raises(InvalidInput, match=r"ledger\.folder_unusable"):
        await export_log(ledger.database, tmp_path)
    assert (tmp_path / "checkpoint").read_bytes() == older
    assert not [path for path in tmp_path.rglob(".*")]
    (tmp_path / "tile" / "0" / "000").rmdir()
    assert (await export_log(ledger.database, tmp_path)).size == 300
    assert {file.path for file in files_between(0, 300)} <= set(files(tmp_path))


async def test_a_folder_of_another_log_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    await grow(ledger, 1, 3)
    await export_log(ledger.database, tmp_path)
    async with ledger.database.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        await tx.sql.execute(
            "TRUNCATE ledger.entry, ledger.outbox, ledger.tile, ledger.checkpoint, ledger.head,"
            " ledger.stream, ledger.payload"
        )
    await ledger.sequencer.close()
    await wait_until_free(ledger)
    ledger.sequencer = Sequencer(ledger.database, Ed25519PrivateKey.generate(), ORIGIN)
    before = files(tmp_path)
    await grow(ledger, 1, 5, "another")
    await ledger.sequencer.close()
    with pytest.raises(Conflict, match=r"ledger\.export_other_log"):
        await export_log(ledger.database, tmp_path)
    assert files(tmp_path) == before


async def test_a_folder_whose_checkpoint_is_none_is_left_alone(ledger: Ledger, tmp_path: Path) -> None:
    await grow(ledger, 1, 3)
    (tmp_path / "checkpoint").write_bytes(b"\xff nothing like a note")
    with pytest.raises(InvalidInput, match=r"ledger\.folder_damaged"):
        await export_log(ledger.database, tmp_path)


async def test_an_empty_log_is_not_exported(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"ledger\.log_empty"):
        await export_log(ledger.database, tmp_path)
    assert not files(tmp_path)
