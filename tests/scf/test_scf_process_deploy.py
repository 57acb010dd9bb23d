"""`scf process deploy` and `list` on a platform that carries commands out, called as people call them."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from conftest import NewDatabase

from core import Database, SystemClock
from scf.rooms import ROOMS
from scf_api import create_account
from support.domain_worker import domain_worker
from support.drafts import bundle

PASSWORD = "a password that nobody guesses"


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str


Scf = Callable[..., Awaitable[Called]]


@pytest.fixture(scope="module")
async def scf(new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scf]:
    """`scf process …` on a platform with two analysts and a product owner."""
    url = await new_database(ROOMS)
    database = await Database.open(url, ROOMS)
    async with database.transaction() as tx:
        for name, role in (("anna", "analyst"), ("adam", "analyst"), ("paula", "product_owner")):
            await create_account(tx, name=name, password=PASSWORD, roles=[role], at=SystemClock().now())

    async def call(*words: object, password: str = PASSWORD) -> Called:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "scf",
            "process",
            *map(str, words),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "SCF_DATABASE_URL": url, "NO_COLOR": "1"},
        )
        out, err = await process.communicate(f"{password}\n".encode())
        return Called(process.returncode or 0, out.decode(), err.decode())

    async with domain_worker(database, tmp_path_factory.mktemp("keys"), SystemClock()):
        yield call
    await database.close()


def folder(path: Path, sources: Mapping[str, str]) -> Path:
    path.mkdir(exist_ok=True)
    for name, text in sources.items():
        (path / name).write_text(text, "utf-8")
    return path


async def test_one_person_brings_the_files_and_another_deploys_them(scf: Scf, tmp_path: Path) -> None:
    files = folder(tmp_path / "shop", bundle("shop", tag="stable"))
    brought = await scf("deploy", files, "--key", "shop", "--as", "anna")
    assert brought.code == 0, brought.err
    assert "No findings." in brought.out
    assert f"scf process deploy {files} --key shop --approve --as NAME" in brought.out

    own = await scf("deploy", files, "--key", "shop", "--approve", "--as", "anna")
    assert (own.code, "command.forbidden" in own.err) == (1, True)

    deployed = await scf("deploy", files, "--key", "shop", "--approve", "--as", "paula", "--json")
    assert deployed.code == 0, deployed.err
    told = orjson.loads(deployed.out)
    assert (told["key"], told["version"], told["state"]) == ("shop", 1, "deployed")

    listed = await scf("list", "--json")
    (version,) = orjson.loads(listed.out)["versions"]
    assert (version["key"], version["tags"], version["by"]) == ("shop", ["stable"], "paula")
    assert "stable" in (await scf("list", "--key", "shop")).out


async def test_an_error_is_told_and_the_draft_waits_for_better_files(scf: Scf, tmp_path: Path) -> None:
    files = folder(tmp_path / "broken", bundle("broken", job="nobody.does"))
    brought = await scf("deploy", files, "--key", "broken", "--as", "anna")
    assert brought.code == 6, brought.err
    assert "error job.unknown-type at broken.bpmn#look" in brought.out
    assert "Mend the errors" in brought.out

    folder(files, bundle("broken"))
    again = await scf("deploy", files, "--key", "broken", "--as", "anna", "--json")
    assert again.code == 0, again.err
    told = orjson.loads(again.out)
    assert (told["revision"], told["state"], told["findings"]) == (2, "pending", [])
    (draft,) = orjson.loads((await scf("list", "--key", "broken", "--json")).out)["drafts"]
    assert (draft["revision"], draft["state"], draft["by"]) == (2, "pending", "user:anna")


async def test_only_the_files_at_hand_are_approved(scf: Scf, tmp_path: Path) -> None:
    await scf("deploy", folder(tmp_path / "seen", bundle("seen")), "--key", "seen", "--as", "anna")
    others = folder(tmp_path / "others", bundle("seen", "check"))
    refused = await scf("deploy", others, "--key", "seen", "--approve", "--as", "paula")
    assert (refused.code, "definition.hash_differs" in refused.err) == (1, True)


async def test_somebody_elses_draft_is_not_overwritten_by_chance(scf: Scf, tmp_path: Path) -> None:
    first = folder(tmp_path / "first", bundle("common", job="nobody.does"))
    await scf("deploy", first, "--key", "common", "--as", "anna")
    second = folder(tmp_path / "second", bundle("common", "check"))
    refused = await scf("deploy", second, "--key", "common", "--as", "adam")
    assert (refused.code, "definition.draft_exists" in refused.err) == (1, True)
    assert "--revision 1" in refused.err
    named = await scf("deploy", second, "--key", "common", "--as", "adam", "--revision", "1")
    assert named.code == 0, named.err


async def test_nobody_acts_in_the_name_of_another_without_the_password(scf: Scf, tmp_path: Path) -> None:
    files = folder(tmp_path / "mine", bundle("mine"))
    refused = await scf("deploy", files, "--key", "mine", "--as", "anna", password="a guess of somebody")
    assert (refused.code, "auth.wrong" in refused.err) == (1, True)
    assert orjson.loads((await scf("list", "--key", "mine", "--json")).out)["drafts"] == []


async def test_files_that_are_no_process_are_refused_before_anything_is_asked(
    scf: Scf, tmp_path: Path
) -> None:
    files = folder(tmp_path / "other", bundle("other"))
    refused = await scf("deploy", files, "--key", "missing", "--as", "anna")
    assert (refused.code, "definition.file_missing" in refused.err) == (5, True)
