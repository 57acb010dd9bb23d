"""An exported log as programs read it that know nothing of ours: Go's sumdb libraries, and Tessera's fsck."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from foreign.go_tools import go_command, go_tool

from core import Database
from ledger import ROOM, EntryDraft, Recorder, Sequencer, VaultKeys, export_log
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.signatures import KeySigner
from support.tools import require

ORIGIN = "scf.example/log"
LOG_KEY = Ed25519PrivateKey.generate()
FSCK = "github.com/transparency-dev/tessera/cmd/fsck@v1.0.4"
READER = Path(__file__).parent / "logreader"
OLD_SIZE, SIZE = 300, 600


@dataclass(frozen=True)
class Log:
    """An exported log of 600 entries, and its checkpoint when it had 300."""

    folder: Path
    older: Path

    def copy(self, to: Path) -> Log:
        return Log(shutil.copytree(self.folder, to / "log"), self.older)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def log(new_database: Callable[..., Awaitable[str]], tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder = tmp_path_factory.mktemp("exported")
    older = tmp_path_factory.mktemp("older") / "checkpoint"
    database = await Database.open(await new_database([ROOM]), [ROOM])
    recorder = Recorder(KeySigner(ec.generate_private_key(ec.SECP256R1())), VaultKeys.of(bytes(32)), ORIGIN)
    sequencer = Sequencer(database, LOG_KEY, ORIGIN)
    for first, last in ((1, OLD_SIZE), (OLD_SIZE + 1, SIZE)):
        async with database.transaction() as tx:
            await recorder.record_all(tx, [draft(number) for number in range(first, last + 1)])
        await sequencer.sequence_once()
        await export_log(database, folder)
        if last == OLD_SIZE:
            shutil.copy(folder / "checkpoint", older)
    await sequencer.close()
    await database.close()
    return Log(folder, older)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The reader beside this test, built once."""
    go = go_command("the reader of logs")
    program = tmp_path_factory.mktemp("reader") / "logreader"
    built = subprocess.run(
        [go, "build", "-mod=readonly", "-o", program, "."],
        cwd=READER,
        env={key: value for key, value in os.environ.items() if key != "GOFLAGS"},
        capture_output=True,
        text=True,
        check=False,
    )
    unreachable = built.returncode != 0 and "dial tcp" in built.stderr
    require(not unreachable, f"The reader's libraries cannot be fetched here: {built.stderr[-300:]}")
    assert built.returncode == 0, built.stderr
    return program


def draft(number: int) -> EntryDraft:
    return EntryDraft(
        stream="case-1",
        seq=number,
        kind="task.complete",
        occurred_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        actor="user:ines",
        payloads={"variables": b"{}"},
    )


def read(reader: Path, log: Log) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [reader, "-key", str(NoteKey.of(ORIGIN, LOG_KEY)), "-old", log.older, log.folder],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def passes_fsck(log: Log, scratch: Path) -> bool:
    """Run Tessera's fsck. Its exit code is 0 whatever it finds; what it says at the end is what counts.

    With fewer workers than files it waits for ever once one of them has found something.
    """
    key = scratch / "log.pub"
    key.write_text(str(NoteKey.of(ORIGIN, LOG_KEY)))
    checked = subprocess.run(
        [
            go_tool(FSCK),
            f"--storage_url=file://{log.folder}/",
            f"--public_key={key}",
            "--ui=false",
            "--N=16",
            "--logtostderr",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    told = checked.stdout + checked.stderr
    passed = "Successfully fsck'd log" in told
    assert passed or "fsck failed" in told or "panic" in told, told
    return passed


def flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 1
    file.write_bytes(content)


def flip_an_entry(log: Log) -> None:
    flip(log.folder / "tile/entries/001", 1000)


def flip_a_leaf_hash(log: Log) -> None:
    flip(log.folder / "tile/0/001", 40)


def flip_a_hash_above(log: Log) -> None:
    flip(log.folder / "tile/1/000.p/2", 3)


def flip_a_checkpoints_signature(log: Log) -> None:
    note = (log.folder / "checkpoint").read_text()
    body, _, signature = note.rpartition(" ")
    swapped = signature[:20] + ("A" if signature[20] != "A" else "B") + signature[21:]
    (log.folder / "checkpoint").write_text(f"{body} {swapped}")


def drop_an_entry(log: Log) -> None:
    bundle = (log.folder / "tile/entries/002.p/88").read_bytes()
    first = 2 + int.from_bytes(bundle[:2], "big")
    (log.folder / "tile/entries/002.p/88").write_bytes(bundle[first:])


def swap_two_bundles(log: Log) -> None:
    one, other = log.folder / "tile/entries/000", log.folder / "tile/entries/001"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def sign_another_root(log: Log) -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, SIZE, bytes(32)), LOG_KEY)
    (log.folder / "checkpoint").write_text(note)


def sign_with_another_key(log: Log) -> None:
    note = sign_checkpoint(Checkpoint(ORIGIN, SIZE, bytes(32)), Ed25519PrivateKey.generate())
    (log.folder / "checkpoint").write_text(note)


TAMPERED = [
    flip_an_entry,
    flip_a_leaf_hash,
    flip_a_hash_above,
    flip_a_checkpoints_signature,
    drop_an_entry,
    swap_two_bundles,
    sign_another_root,
    sign_with_another_key,
]


def test_the_sumdb_libraries_prove_every_entry_and_that_the_log_grew(reader: Path, log: Log) -> None:
    checked = read(reader, log)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert checked.stdout == f"{ORIGIN}: {SIZE} entries included\n"


def test_fsck_passes_the_exported_log(log: Log, tmp_path: Path) -> None:
    assert passes_fsck(log, tmp_path)


@pytest.mark.parametrize("tamper", TAMPERED)
def test_the_sumdb_libraries_refuse_what_was_tampered_with(
    reader: Path, log: Log, tmp_path: Path, tamper: Callable[[Log], None]
) -> None:
    copy = log.copy(tmp_path)
    tamper(copy)
    checked = read(reader, copy)
    assert (checked.returncode, checked.stdout) == (1, "")
    assert checked.stderr.startswith("refused: ")


@pytest.mark.parametrize("tamper", TAMPERED)
def test_fsck_refuses_what_was_tampered_with(log: Log, tmp_path: Path, tamper: Callable[[Log], None]) -> None:
    copy = log.copy(tmp_path)
    tamper(copy)
    assert not passes_fsck(copy, tmp_path)


def test_a_log_that_does_not_extend_the_older_checkpoint_is_refused(
    reader: Path, log: Log, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    older.write_text(sign_checkpoint(Checkpoint(ORIGIN, OLD_SIZE, bytes(32)), LOG_KEY))
    checked = read(reader, Log(log.folder, older))
    assert checked.returncode == 1
    assert "does not extend" in checked.stderr
