"""`scf ledger journal`: exit 0 while the general ledger is what the log tells, exit 6 when it is not."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from conftest import NewDatabase

import ledger
from core import Database, random_id
from core.money import Money
from finance import accounting, journals
from scf.data_folder import DataFolder
from scf.rooms import ROOMS


async def test_a_journal_that_no_entry_booked_is_told(new_database: NewDatabase, tmp_path: Path) -> None:
    folder, url = DataFolder.at(tmp_path), await new_database(ROOMS)
    ledger.load_or_create_keys(folder.keys)

    def scf(*more: str) -> subprocess.CompletedProcess[str]:
        words = ("ledger", "journal", "--data", folder.root, "--database", url, *more)
        return subprocess.run(
            [sys.executable, "-m", "scf", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    sound = scf()
    assert sound.returncode == 0, sound.stderr
    assert "The general ledger is what the log tells." in sound.stdout
    database = await Database.open(url, ROOMS)
    async with database.transaction() as tx:
        draft = accounting.money_received(random_id(), Money.of("10.00", "EUR"))
        at = datetime(2026, 1, 23, tzinfo=UTC)
        journal_id = await journals.book(tx, draft, request_id=None, at=at, entry_id=random_id())
    await database.close()
    told = scf("--json")
    assert told.returncode == 6, told.stderr
    (finding,) = orjson.loads(told.stdout)["findings"]
    assert (finding["code"], finding["where"]) == ("journal.entry_missing", str(journal_id))
    assert f"journal.entry_missing {journal_id}" in scf().stdout
