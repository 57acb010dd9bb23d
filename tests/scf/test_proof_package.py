"""The package `scf-proof`, installed alone as an auditor does: it checks what a platform has handed out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import NewDatabase

import ledger
from proof.checkpoint import NoteKey
from support.advanced import ORIGIN, by_hand
from workflows import Actor
from workflows.audit import export_case
from workflows.worker import rooms

ROOT = Path(__file__).resolve().parents[2]
UV = shutil.which("uv") or ROOT / ".tools" / "uv" / "bin" / "uv"
MODELS = ROOT / "tests" / "workflows" / "models"
OFFICERS = (Actor("olivia", frozenset({"credit_officer"})), Actor("oscar", frozenset({"credit_officer_2"})))

LIBRARIES = {"cryptography", "ecdsa", "orjson"}
# What these stand on themselves; typing-extensions for older versions of Python only.
THEIR_OWN = {"cffi", "pycparser", "six", "typing-extensions"}


@dataclass(frozen=True)
class Auditor:
    """A fresh environment with the wheel, and the files that a platform has handed out."""

    environment: Path
    files: Path
    log_key: str

    def run(self, *words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.environment / "bin" / "scf-proof", *map(str, words)],
            cwd=self.files,
            env={},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def python(self, code: str) -> str:
        return subprocess.run(
            [self.environment / "bin" / "python", "-c", code],
            cwd=self.files,
            env={},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([UV, "build", "--quiet", "--wheel", "-o", folder, ROOT / "proof"], check=True, timeout=300)
    (built,) = folder.glob("*.whl")
    return built


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def auditor(
    wheel: Path, new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Auditor]:
    files, environment = tmp_path_factory.mktemp("handed-out"), tmp_path_factory.mktemp("alone") / "venv"
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, environment], check=True, timeout=300)
    subprocess.run(
        [UV, "pip", "install", "--quiet", "--python", environment / "bin" / "python", wheel],
        check=True,
        timeout=300,
    )
    keys = tmp_path_factory.mktemp("keys")
    async with by_hand(await new_database(rooms()), keys, MODELS) as platform:
        case_id = await platform.start("approval", "audited", secret="4711")
        await platform.complete(
            case_id, "first", OFFICERS[0], decision="approve", amount="12.50", reason="ok"
        )
        await platform.complete(case_id, "second", OFFICERS[1], decision="approve")
        await platform.log()
        database, vault_key = platform.database, platform.keys.vault_key
        (files / "case.zip").write_bytes(await export_case(database, case_id, vault_key))
        (files / "case.proof").write_bytes(await ledger.prove_case(database, case_id))
        (files / "entry.json").write_bytes(await ledger.prove(database, 1))
        async with database.reading() as sql:
            entry_id = await sql.fetchval("SELECT entry_id FROM ledger.entry_view WHERE index = 1")
        opened = await ledger.disclose(database, entry_id, ["commands"], "Auditor Ltd", vault_key)
        (files / "opened.json").write_bytes(opened)
        await ledger.export_log(database, files / "log")
        yield Auditor(environment, files, str(NoteKey.of(ORIGIN, platform.keys.log_key)))


def test_it_stands_on_three_libraries_and_on_nothing_of_the_platform(auditor: Auditor) -> None:
    installed = set(
        json.loads(
            auditor.python(
                "import json; from importlib.metadata import distributions;"
                "print(json.dumps([each.name.lower().replace('_', '-') for each in distributions()]))"
            )
        )
    )
    assert installed >= {"scf-proof"} | LIBRARIES
    assert installed - {"scf-proof"} - LIBRARIES <= THEIR_OWN
    missing = "import importlib.util as u; print([u.find_spec(n) for n in ('scf', 'ledger', 'core', 'bpmn')])"
    assert auditor.python(missing).strip() == str([None] * 4)


def test_it_holds_the_room_as_it_is_here(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name: archive.read(name) for name in archive.namelist() if name.startswith("proof/")}
    here = [
        path
        for path in (ROOT / "proof").rglob("*")
        if path.suffix == ".py" or path.name.endswith((".typed", ".schema.json"))
    ]
    assert held == {path.relative_to(ROOT).as_posix(): path.read_bytes() for path in here}
    assert (ROOT / "proof" / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_its_version_and_its_libraries_are_those_of_the_platform() -> None:
    own, whole = (
        tomllib.loads((folder / "pyproject.toml").read_text())["project"] for folder in (ROOT / "proof", ROOT)
    )
    assert own["version"] == whole["version"]
    assert set(own["dependencies"]) <= set(whole["dependencies"])


COMMANDS = (
    ("verify-bundle", "case.zip"),
    ("verify-proof", "case.proof"),
    ("verify-proof", "entry.json"),
    ("verify-export", "log"),
    ("verify-disclosure", "opened.json"),
)


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_it_verifies_what_the_platform_handed_out(auditor: Auditor, command: str, name: str) -> None:
    held = auditor.run(command, name, "--log-key", auditor.log_key)
    assert held.returncode == 0, held.stdout + held.stderr
    told = json.loads(auditor.run(command, name, "--log-key", auditor.log_key, "--json").stdout)
    assert (told["ok"], told["findings"]) == (True, [])


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_it_says_the_same_as_the_platforms_own_command(auditor: Auditor, command: str, name: str) -> None:
    noun = ("audit", "verify") if command == "verify-bundle" else ("ledger", command)
    words = (auditor.files / name, "--log-key", auditor.log_key)
    theirs = subprocess.run(
        [sys.executable, "-m", "scf", *noun, *words], capture_output=True, text=True, check=True, timeout=120
    )
    ours = auditor.run(command, *words)
    assert ours.stdout.splitlines()[0] == theirs.stdout.splitlines()[0]
    if command != "verify-bundle":  # scf audit verify also runs the case again, and tells of that
        assert ours.stdout.split() == theirs.stdout.split()
        assert ours.stderr.split() == theirs.stderr.split()


def test_another_log_key_is_told(auditor: Auditor) -> None:
    other = str(NoteKey(ORIGIN, bytes(32)))
    assert "bundle.log_key" in auditor.run("verify-bundle", "case.zip", "--log-key", other).stdout
    assert "proof.key" in auditor.run("verify-proof", "entry.json", "--log-key", other).stderr
    assert auditor.run("verify-export", "log", "--log-key", other).returncode == 6
    assert "--log-key" in auditor.run("verify-bundle", "case.zip").stderr  # the file's own key is no proof


@pytest.mark.parametrize("name", ["case.zip", "case.proof", "entry.json", "opened.json"])
def test_a_changed_file_is_refused(auditor: Auditor, name: str) -> None:
    content = bytearray((auditor.files / name).read_bytes())
    content[len(content) // 2] ^= 1
    changed = auditor.files / f"changed-{name}"
    changed.write_bytes(content)
    command = next(command for command, file in COMMANDS if file == name)
    refused = auditor.run(command, changed.name, "--log-key", auditor.log_key)
    assert refused.returncode in (5, 6), refused.stdout
    assert "Traceback" not in refused.stderr


def test_a_changed_log_and_a_case_that_goes_on_are_found(auditor: Auditor, tmp_path: Path) -> None:
    log = tmp_path / "log"
    shutil.copytree(auditor.files / "log", log)
    whole = ("verify-export", log, "--log-key", auditor.log_key, "--json")
    assert json.loads(auditor.run(*whole, "--case-proof", "case.proof").stdout)["ok"]
    (tile,) = (log / "tile" / "0").rglob("*.p/*")
    tile.write_bytes(tile.read_bytes()[:-1] + b"\x00")
    found = auditor.run(*whole)
    assert (found.returncode, [each["code"] for each in json.loads(found.stdout)["findings"]]) == (
        6,
        ["log.file"],
    )


def test_wrong_usage_and_missing_files_have_their_own_exit_codes(auditor: Auditor) -> None:
    assert auditor.run("verify-export", "log").returncode == 2
    assert auditor.run("verify-proof", "missing.json").returncode == 3
    assert auditor.run("verify-export", "missing", "--log-key", auditor.log_key).returncode == 3
    assert auditor.run("verify-export", "log", "--log-key", "odd").returncode == 5
    (auditor.files / "odd.policy").write_text("nothing")
    odd = auditor.run("verify-proof", "entry.json", "--policy", "odd.policy")
    assert (odd.returncode, "policy.line" in odd.stderr) == (5, True)
