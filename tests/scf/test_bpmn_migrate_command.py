"""`scf process migrate`: the plan, the dry run of stored states, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.errors import InvalidInput, NotFound
from scf.cli import build
from support.bpmn_text import Case, end, flow, process, service, start, user


def line(*tasks: str, path: str) -> bytes:
    return process(start() + "".join(tasks) + end() + flow(f"start > {path} > end"))


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    sources = {
        "old": line(service("a"), user("b"), path="a > b"),
        "longer": line(service("a"), user("c"), user("b"), path="a > c > b"),
        "shorter": line(user("b"), path="b"),
    }
    for name, source in sources.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "test.bpmn").write_bytes(source)
    (tmp_path / "state.json").write_text(json.dumps(Case(sources["old"]).state.to_json()))
    return {name: tmp_path / name for name in (*sources, "state.json")}


def migrate(*arguments: Any) -> Result:
    return CliRunner().invoke(build("process"), ["process", "migrate", *map(str, arguments)])


def test_it_tells_the_plan_and_what_has_no_counterpart(files: dict[str, Path]) -> None:
    done = migrate(files["old"], files["shorter"])
    assert done.exit_code == 0
    assert "no counterpart: migration.no-counterpart at a" in done.stdout
    assert "4 elements have a counterpart, 1 have none." in done.stdout


def test_a_state_that_can_go_is_told_token_by_token(files: dict[str, Path]) -> None:
    done = migrate(files["old"], files["longer"], "--state", files["state.json"])
    assert done.exit_code == 0
    assert "a → a" in done.stdout
    assert "instance case can go." in done.stdout


def test_a_state_that_cannot_go_is_a_finding(files: dict[str, Path]) -> None:
    done = migrate(files["old"], files["shorter"], "--state", files["state.json"], "--json")
    assert done.exit_code == 6
    (report,) = json.loads(done.stdout)["states"]
    assert (report["file"], report["possible"]) == (str(files["state.json"]), False)
    (stays,) = [move for move in report["moves"] if move["refusals"]]
    assert (stays["element"], stays["refusals"][0]["code"]) == ("a", "migration.no-counterpart")


def test_a_plan_that_was_printed_can_be_changed_and_given_back(
    files: dict[str, Path], tmp_path: Path
) -> None:
    document = json.loads(migrate(files["old"], files["longer"], "--json").stdout)
    del document["plan"]["elements"]["a"]
    (tmp_path / "plan.json").write_text(json.dumps(document))
    given = ["--plan", tmp_path / "plan.json", "--state", files["state.json"]]
    done = migrate(files["old"], files["longer"], *given)
    assert done.exit_code == 6
    assert "refused: migration.no-counterpart at a, token" in done.stdout


def test_what_cannot_be_read_is_told_with_a_code(files: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "empty.json").write_text("{}")

    def refused(*arguments: Any) -> tuple[str, type[Exception]]:
        error = migrate(*arguments).exception
        assert isinstance(error, InvalidInput | NotFound)
        return error.code, type(error)

    old, new = files["old"], files["longer"]
    assert refused(old, tmp_path / "nowhere") == ("process.model_missing", NotFound)
    assert refused(old, new, "--state", tmp_path / "nowhere") == ("process.file_missing", NotFound)
    assert refused(old, new, "--state", tmp_path / "broken.json") == ("process.no_json", InvalidInput)
    assert refused(old, new, "--state", tmp_path / "empty.json") == ("state.format", InvalidInput)
    assert refused(new, old, "--state", files["state.json"]) == ("state.other-model", InvalidInput)
    assert refused(old, new, "--plan", tmp_path / "empty.json") == ("migration.bad-plan", InvalidInput)
