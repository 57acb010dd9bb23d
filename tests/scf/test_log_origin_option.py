"""`--log-origin` and `SCF_LOG_ORIGIN`: services take the name that is kept, and refuse another one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from conftest import NewDatabase

import ledger
from core import Database
from scf.rooms import ROOMS

BANK = "scf.bank.example/log"


def serve(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scf", "serve", *words],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


async def test_another_name_than_the_kept_one_is_refused_by_every_service(
    new_database: NewDatabase, tmp_path: Path
) -> None:
    url = await new_database(ROOMS)
    here = {"SCF_DATABASE_URL": url, "SCF_DATA": str(tmp_path), "SCF_TEMPORAL": "127.0.0.1:1"}
    odd = serve("sequencer", "--log-origin", "two words", environment=here)
    assert (odd.returncode, "ledger.origin_invalid" in odd.stderr) == (5, True)

    database = await Database.open(url, ROOMS)
    assert await ledger.log_origin(database, BANK) == BANK
    await database.close()
    for service in ("api", "worker", "relay", "sequencer"):
        refused = serve(service, environment=here | {"SCF_LOG_ORIGIN": ledger.DEFAULT_ORIGIN})
        assert (refused.returncode, "ledger.origin_differs" in refused.stderr) == (1, True), refused.stderr
