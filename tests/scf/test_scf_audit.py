"""`scf audit`: one file tells all of a case, and verifies on a machine that knows nothing else."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
import pytest_asyncio
from conftest import NewDatabase

from proof import canonical, merkle
from proof.bundle import Bundle, Opening
from proof.checkpoint import Checkpoint, sign_checkpoint
from proof.entry import Body, seal
from proof.errors import NotCanonical
from proof.hashes import commitment, event_leaf
from scf.data_folder import DataFolder
from support.advanced import ORIGIN, ByHand, by_hand
from workflows import Actor
from workflows.audit import export_case, verify_bundle
from workflows.worker import rooms

MODELS = Path(__file__).parents[1] / "workflows" / "models"
OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))


@dataclass
class Installed:
    """A platform by hand, with what the command line needs to find it."""

    platform: ByHand
    url: str
    folder: Path

    def scf(self, *words: object, alone: bool = False) -> subprocess.CompletedProcess[str]:
        """Run the command line; `alone` as on a machine without database, keys and network."""
        where = () if alone else ("--data", self.folder, "--database", self.url)
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)} if alone else None
        return subprocess.run(
            [sys.executable, "-m", "scf", *map(str, (*words, *where))],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
            env=environment,
        )


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def installed(
    new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Installed]:
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    url = await new_database(rooms())
    async with by_hand(url, folder.keys, MODELS) as platform:
        yield Installed(platform, url, folder.root)


async def ended_case(platform: ByHand, key: str) -> UUID:
    """Run a case of two approvals to its end, and log it."""
    case_id = await platform.start("approval", key, secret="4711-geheim")
    await platform.complete(case_id, "first", OFFICER, decision="approve", amount="12.50", reason="sound")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.log()
    return case_id


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def case_id(installed: Installed) -> UUID:
    return await ended_case(installed.platform, "audited")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def content(installed: Installed, case_id: UUID) -> bytes:
    return await export_case(installed.platform.database, case_id, installed.platform.keys.vault_key)


def test_a_bundle_is_written_and_verifies_without_the_platform(
    installed: Installed, case_id: UUID, tmp_path: Path
) -> None:
    file = tmp_path / "case.zip"
    written = installed.scf("audit", "export", case_id, "-o", file, "--json")
    assert written.returncode == 0, written.stderr
    assert orjson.loads(written.stdout) == {
        "case": str(case_id),
        "file": str(file),
        "bytes": file.stat().st_size,
    }
    done = installed.scf("audit", "verify", file, "--json", alone=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = orjson.loads(done.stdout)
    assert report["ok"]
    assert report["case"] == str(case_id)
    assert report["reexecuted"]
    assert report["status"] == "completed"
    assert (report["entries"], report["commands"], report["withheld"]) == (3, 3, 0)
    assert report["verified_by"] == ["cryptography", "ecdsa"]
    assert not report["pinned"]
    known = Bundle.decode(file.read_bytes()).log_key
    pinned = installed.scf("audit", "verify", file, "--log-key", known, alone=True)
    assert pinned.returncode == 0
    assert "All that the bundle holds agrees." in pinned.stdout
    other = installed.scf("audit", "verify", file, "--log-key", "another", alone=True)
    assert other.returncode == 6
    assert "bundle.log_key" in other.stdout


def test_what_is_no_bundle_or_no_case_is_told(installed: Installed, tmp_path: Path) -> None:
    file = tmp_path / "odd.zip"
    file.write_bytes(b"no bundle")
    assert installed.scf("audit", "verify", file, alone=True).returncode == 5
    assert installed.scf("audit", "verify", tmp_path / "missing.zip", alone=True).returncode == 3
    assert installed.scf("audit", "export", UUID(int=1), "-o", file).returncode == 3
    assert installed.scf("audit", "export", "odd", "-o", file).returncode == 5


async def test_the_same_case_gives_the_same_bytes(
    installed: Installed, case_id: UUID, content: bytes
) -> None:
    vault_key = installed.platform.keys.vault_key
    assert await export_case(installed.platform.database, case_id, vault_key) == content


def test_every_flipped_byte_is_found(content: bytes) -> None:
    chance = random.Random(7)
    for place in chance.sample(range(len(content)), 200):
        flipped = bytearray(content)
        flipped[place] ^= chance.randrange(1, 256)
        with pytest.raises(NotCanonical):
            verify_bundle(bytes(flipped))


def test_every_changed_file_is_found(content: bytes) -> None:
    """A forger who packs the archive anew is found by what the entries commit to."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    chance = random.Random(11)
    for name, before in files.items():
        changed = bytearray(before)
        changed[chance.randrange(len(changed))] ^= 1
        try:
            found = verify_bundle(_packed({**files, name: bytes(changed)})).findings
        except NotCanonical:
            continue
        assert found, name


def _packed(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, content in sorted(files.items()):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, 0o644 << 16
            archive.writestr(info, content)
    return written.getvalue()


def _changed(content: bytes, change: Callable[[Bundle], Bundle]) -> set[str]:
    return {finding.code for finding in verify_bundle(change(Bundle.decode(content)).encode()).findings}


def test_another_model_is_found(content: bytes) -> None:
    def comment(bundle: Bundle) -> Bundle:
        return replace(bundle, model={**bundle.model, "approval.bpmn": bundle.model["approval.bpmn"] + b"\n"})

    assert _changed(content, comment) == {"audit.model"}
    assert _changed(content, lambda bundle: replace(bundle, model={}))
    assert _changed(content, lambda bundle: replace(bundle, process="other"))
    assert _changed(content, lambda bundle: replace(bundle, model={**bundle.model, "x.txt": b""}))


def test_commands_that_are_not_those_of_the_case_are_found(content: bytes) -> None:
    def swap(bundle: Bundle) -> Bundle:
        first, second, third = bundle.case
        opened = third.openings["commands"]
        odd = {"commands": Opening(opened.salt, second.openings["commands"].payload)}
        return replace(bundle, case=(first, second, replace(third, openings=odd)))

    assert _changed(content, swap) == {"bundle.payload"}


@pytest.mark.parametrize("lie", ["state_root", "events_root", "kernel_version", "commands", "nonsense"])
def test_a_platform_that_signs_what_did_not_happen_is_found(
    installed: Installed, content: bytes, lie: str
) -> None:
    """Every signature and proof of the bundle holds; only running the commands again tells."""
    keys = installed.platform.keys

    def resign(bundle: Bundle) -> Bundle:
        last = bundle.case[-1]
        body, events, openings = Body.decode(last.envelope.body), last.events, dict(last.openings)
        if lie == "events_root":
            steps = orjson.loads(events or b"")[:-1]
            events = canonical.encode(steps)
            root = merkle.root([event_leaf(step) for step in steps])
            body = replace(body, events_count=len(steps), events_root=root.hex())
        elif lie in ("commands", "nonsense"):
            payload = b"[]" if lie == "commands" else b"nonsense"
            openings["commands"] = replace(openings["commands"], payload=payload)
            digest = commitment(openings["commands"].salt, payload).hex()
            body = replace(body, commitments={"commands": digest})
        else:
            body = replace(body, **{lie: "ab" * (32 if lie == "state_root" else 1)})
        forged = replace(last, envelope=seal(body, keys.signing_key), events=events, openings=openings)
        entries = (*bundle.case[:-1], forged)
        leaves = [entry.envelope.leaf for entry in entries]
        return replace(
            bundle,
            checkpoint=sign_checkpoint(Checkpoint(ORIGIN, len(leaves), merkle.root(leaves)), keys.log_key),
            case=tuple(
                replace(entry, index=index, path=tuple(merkle.inclusion_path(leaves, index)))
                for index, entry in enumerate(entries)
            ),
        )

    assert _changed(content, resign) == {"audit.replay"}


async def test_a_running_case_is_told_as_such(installed: Installed) -> None:
    platform = installed.platform
    case_id = await platform.start("approval", "running")
    await platform.log()
    report = verify_bundle(await export_case(platform.database, case_id, platform.keys.vault_key))
    assert report.ok
    assert report.status == "running"


async def test_after_an_erasure_a_case_is_proven_and_no_longer_re_executable(
    installed: Installed, tmp_path: Path
) -> None:
    platform = installed.platform
    case_id = await ended_case(platform, "erased")
    agreed = installed.scf("case", "replay", case_id, "--json")
    assert agreed.returncode == 0, agreed.stderr
    assert orjson.loads(agreed.stdout)["agrees"]
    await platform.erase(case_id)

    replayed = installed.scf("case", "replay", case_id)
    assert replayed.returncode == 0, replayed.stderr
    assert "Proven, no longer re-executable" in replayed.stdout
    told: dict[str, Any] = orjson.loads(installed.scf("case", "replay", case_id, "--json").stdout)
    assert (told["erased"], told["agrees"], told["entries"]) == (True, False, 3)

    content = await export_case(platform.database, case_id, platform.keys.vault_key)
    assert b"geheim" not in content
    report = verify_bundle(content)
    assert report.ok
    assert not report.reexecuted
    assert report.withheld == 6  # the commands and the element steps of three entries


async def test_a_case_is_replayed_on_another_version(
    installed: Installed, case_id: UUID, tmp_path: Path
) -> None:
    text = (MODELS / "approval.bpmn").read_text()
    other = tmp_path / "other.bpmn"
    other.write_text(text.replace("First approval", "Another name"))
    same = installed.scf("case", "replay", case_id, "--model", other)
    assert same.returncode == 0, same.stderr
    assert "3 commands give the same steps" in same.stdout
    other.write_text(text.replace('id="second_end"', 'id="to_end"'))
    differs = installed.scf("case", "replay", case_id, "--model", other, "--json")
    assert differs.returncode == 6, differs.stderr
    difference = orjson.loads(differs.stdout)["difference"]
    assert (difference["seq"], difference["element"]) == (3, "second")
    assert difference["after"][difference["at"]]["element"] == "to_end"
    shown = installed.scf("case", "replay", case_id, "--model", other)
    assert "The first difference is in entry 3, command 1 (complete-task at second)" in shown.stdout


async def test_a_history_that_is_not_archived_is_told(installed: Installed, case_id: UUID) -> None:
    told = installed.scf("case", "replay", case_id, "--temporal")
    assert told.returncode == 1
    assert "history.not_archived" in told.stderr


async def test_an_entry_that_is_not_logged_yet_is_told(installed: Installed, tmp_path: Path) -> None:
    case_id = await installed.platform.start("approval", "pending")
    told = installed.scf("audit", "export", case_id, "-o", tmp_path / "case.zip")
    assert told.returncode == 1
    assert "ledger.entry_pending" in told.stderr
    await installed.platform.log()


async def test_cases_are_listed_by_what_they_are(installed: Installed, case_id: UUID) -> None:
    def listed(*words: str) -> set[str]:
        done = installed.scf("case", "list", "--json", *words)
        assert done.returncode == 0, done.stderr
        return {row["business_key"] for row in orjson.loads(done.stdout)}

    narrowed = ("--state", "completed", "--product", "approval", "--version", "1", "--no-incident")
    assert "audited" in listed(*narrowed, "--variable", "first.decision=approve", "--key", "aud")
    assert "audited" not in listed("--element", "first")
    assert len(listed("--first", "1")) == 1
    wrong = installed.scf("case", "list", "--state", "odd")
    assert wrong.returncode == 5
    assert "search.state_unknown" in wrong.stderr
