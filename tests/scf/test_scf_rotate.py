"""`scf ledger rotate-vault-key`: a platform that runs meanwhile goes on, and old cases still open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest_asyncio
from conftest import NewDatabase

from scf.data_folder import DataFolder
from support.advanced import ByHand, by_hand
from workflows import Actor
from workflows.replay import replay_case
from workflows.worker import rooms

MODELS = Path(__file__).parents[1] / "workflows" / "models"
OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installed(new_database: NewDatabase, tmp_path_factory: Any) -> AsyncIterator[tuple[ByHand, Any]]:
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    url = await new_database(rooms())

    def scf(*words: object) -> subprocess.CompletedProcess[str]:
        where = ("--data", folder.root, "--database", url)
        return subprocess.run(
            [sys.executable, "-m", "scf", *map(str, (*words, *where))],
            capture_output=True,
            text=True,
            check=False,
        )

    async with by_hand(url, folder.keys, MODELS) as platform:
        yield platform, scf


async def test_cases_go_on_and_replay_across_rotations(installed: tuple[ByHand, Any]) -> None:
    platform, scf = installed
    case_id = await platform.start("approval", "rotated")
    for words in ((), ("--platform",), ()):
        done = scf("ledger", "rotate-vault-key", *words, "--json")
        assert done.returncode == 0, done.stderr
        assert orjson.loads(done.stdout)["rewrapped"] >= 1
    await platform.complete(case_id, "first", OFFICER, decision="approve")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.log()
    assert (await replay_case(platform.database, case_id, platform.keys.vault_key)).agrees
    verified = scf("ledger", "verify", "--vault", "--json")
    assert verified.returncode == 0, verified.stdout


def test_what_cannot_be_rotated_is_told(installed: tuple[ByHand, Any]) -> None:
    _, scf = installed
    assert scf("ledger", "rotate-vault-key", "--party", uuid4()).returncode == 3
    assert scf("ledger", "rotate-vault-key", "--party", "odd").returncode == 5
    assert scf("ledger", "rotate-vault-key", "--party", uuid4(), "--platform").returncode == 5
