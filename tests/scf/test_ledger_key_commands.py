"""`scf ledger rotate-key`, `revoke-key` and `schema`: the platform's key changes hands inside the log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from conftest import NewDatabase

import ledger
from core import Database
from ledger import EntryDraft
from scf.data_folder import DataFolder
from scf.rooms import ROOMS

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def scf(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scf", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "NO_COLOR": "1"},
    )


async def recorded(database: Database, folder: Path, stream: str) -> str:
    """Sign an entry with the key that the folder holds, log it, and return the key's id."""
    keys = ledger.load_or_create_keys(folder)
    async with database.transaction() as tx:
        recorder = ledger.Recorder(keys.signing_key, keys.vault_key, ledger.DEFAULT_ORIGIN)
        await ledger.register_platform_key(tx, recorder, protection="file", at=NOON)
        await recorder.record(tx, EntryDraft(stream, 1, "test.done", NOON, "system:test"))
    sequencer = ledger.Sequencer(database, keys.log_key, ledger.DEFAULT_ORIGIN)
    while await sequencer.sequence_once():
        pass
    await sequencer.close()
    return keys.signing_key.public_key.key_id


async def test_the_platforms_key_is_rotated_and_the_old_one_revoked(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = await new_database(ROOMS)
    folder = DataFolder.at(tmp_path / "data")
    where = ("--data", folder.root, "--database", url)
    database = await Database.open(url, ROOMS)
    old = await recorded(database, folder.keys, "one")

    only = scf("ledger", "revoke-key", old, "--reason", "replaced", *where)
    assert only.returncode != 0
    assert "key.last" in only.stderr

    rotated = scf("ledger", "rotate-key", "--json", *where)
    assert rotated.returncode == 0, rotated.stderr
    new = json.loads(rotated.stdout)["new"]
    assert await recorded(database, folder.keys, "two") == new != old

    revoked = scf("ledger", "revoke-key", old, "--reason", "replaced", *where)
    assert revoked.returncode == 0, revoked.stderr
    assert await recorded(database, folder.keys, "three") == new

    verified = scf("ledger", "verify", "--json", *where)
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["registry_from"] == 0

    proof = scf("ledger", "prove", "0", "-o", tmp_path / "proof.json", *where)
    assert proof.returncode == 0, proof.stderr
    told = json.loads(scf("ledger", "verify-proof", tmp_path / "proof.json", "--json").stdout)
    assert (told["key_holder"]["held_by"], told["key"]) == ("platform", old)
    await database.close()


def test_the_schemas_are_printed() -> None:
    for name in ("entry", "statement"):
        printed = scf("ledger", "schema", name)
        assert json.loads(printed.stdout)["$id"] == f"urn:scf:schema:{name}:1"
