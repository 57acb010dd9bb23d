"""`scf ledger export`, `mirror`, `timestamp`: the log leaves the house, and comes back checked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import NewDatabase

from core import Database
from ledger import EntryDraft, Recorder, Sequencer, load_or_create_keys
from proof.checkpoint import NoteKey
from scf.data_folder import DataFolder
from scf.rooms import ROOMS
from support.tsa import running_tsa

ORIGIN = "scf.example/log"


@dataclass(frozen=True)
class Installed:
    """A platform's database with three entries in its log."""

    url: str
    folder: Path
    log_key: str

    def on_database(self, *words: object) -> subprocess.CompletedProcess[str]:
        return scf(*words, "--data", self.folder, "--database", self.url)


def scf(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scf", "ledger", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installed(
    new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installed]:
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    keys = load_or_create_keys(folder.keys)
    url = await new_database(ROOMS)
    database = await Database.open(url, ROOMS)
    recorder = Recorder(keys.signing_key, keys.vault_key, ORIGIN)
    sequencer = Sequencer(database, keys.log_key, ORIGIN)
    async with database.transaction() as tx:
        for seq in (1, 2, 3):
            at = datetime(2026, 11, 23, 12, tzinfo=UTC)
            await recorder.record(
                tx, EntryDraft(stream="case-1", seq=seq, kind="task.complete", occurred_at=at, actor="user:i")
            )
    await sequencer.sequence_once()
    await sequencer.close()
    await database.close()
    yield Installed(url, folder.root, str(NoteKey.of(ORIGIN, keys.log_key)))


def test_the_log_is_exported_and_mirrored(installed: Installed, tmp_path: Path) -> None:
    exported = installed.on_database("export", tmp_path / "out", "--json")
    assert json.loads(exported.stdout) == {"old_size": 0, "size": 3, "files": 2}, exported.stderr

    source = ("--from", tmp_path / "out", "--log-key", installed.log_key)
    mirrored = scf("mirror", tmp_path / "copy", *source, "--json")
    assert json.loads(mirrored.stdout) == {"origin": ORIGIN, "old_size": 0, "size": 3, "behind": False}
    assert (tmp_path / "copy/checkpoint").read_bytes() == (tmp_path / "out/checkpoint").read_bytes()

    bundle = tmp_path / "out/tile/entries/000.p/3"
    bundle.write_bytes(bundle.read_bytes().replace(b"task.complete", b"task.obsolete"))
    refused = scf("mirror", tmp_path / "other", *source)
    assert (refused.returncode, "ledger.mirror_refused" in refused.stderr) == (5, True)


def test_a_checkpoint_is_time_stamped_and_checked_offline(installed: Installed, tmp_path: Path) -> None:
    with running_tsa(tmp_path / "tsa") as tsa:
        certificates = ("--tsa-certificates", tsa.certificates)
        stamped = installed.on_database(
            "timestamp", "--tsa", tsa.url, *certificates, "-o", tmp_path / "noon", "--json"
        )
        assert json.loads(stamped.stdout)["entries"] == 3, stamped.stderr
    held = scf("verify-timestamp", tmp_path / "noon.tsr", *certificates)
    assert held.returncode == 0, held.stderr
    note = tmp_path / "noon.checkpoint"
    note.write_text(note.read_text().replace("\n3\n", "\n4\n"))
    refused = scf("verify-timestamp", tmp_path / "noon.tsr", *certificates)
    assert (refused.returncode, "timestamp.invalid" in refused.stderr) == (5, True)


def test_half_an_authority_is_none(tmp_path: Path) -> None:
    refused = scf("timestamp", "--tsa", "http://127.0.0.1:9/")
    assert (refused.returncode, "timestamp.authority_incomplete" in refused.stderr) == (5, True)
