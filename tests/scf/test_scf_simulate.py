"""`scf process simulate` and `scf process diff`, called as a user calls them."""

import json
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from scf.cli import main

ROOT = Path(__file__).resolve().parents[2]
FACTORING = ROOT / "bpmn" / "products" / "factoring"
CASES = ROOT / "docs" / "examples" / "factoring-cases.json"


@dataclass(frozen=True)
class Called:
    code: int
    out: str
    err: str


@pytest.fixture
def scf(monkeypatch, capsys):
    """`scf process …` as its entry point runs it."""

    def call(*words: object) -> Called:
        monkeypatch.setattr(sys, "argv", ["scf", "process", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        shown = capsys.readouterr()
        return Called(int(left.value.code or 0), shown.out, shown.err)

    return call


@pytest.fixture(scope="module")
def stricter(tmp_path_factory) -> Path:
    """The product with the threshold for a second approval at 75,000 instead of 100,000."""
    folder = tmp_path_factory.mktemp("models") / "stricter"
    shutil.copytree(FACTORING, folder)
    band = folder / "approval-band.dmn"
    band.write_text(band.read_text("utf-8").replace("&gt; 100000", "&gt; 75000"), "utf-8")
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """The example's file with fewer generated cases."""
    file = tmp_path_factory.mktemp("cases") / "cases.json"
    file.write_text(CASES.read_text("utf-8").replace('"count": 320', '"count": 45'), "utf-8")
    return file


def test_a_changed_threshold_is_told_in_one_sentence(scf, stricter, few):
    done = scf("simulate", stricter, "--against", "factoring", "--cases", few)
    assert done.code == 0, done.err
    assert done.out.endswith("38 same, 8 newly need second approval, 1 stuck\n")
    assert "request-45" in done.out
    assert "Simulating 47 cases" in done.err


def test_the_documentation_shows_what_the_command_says():
    """The sentence in docs/simulation.md is the one that tests/bpmn/test_bpmn_simulation.py holds."""
    text = (ROOT / "docs" / "simulation.md").read_text("utf-8")
    assert "272 same, 44 newly need second approval, 6 stuck" in text


def test_json_has_the_figures_and_the_case_ids(scf, stricter, few):
    done = scf("simulate", stricter, "--against", FACTORING, "--cases", few, "--json")
    report = json.loads(done.out)
    assert report["cases"] == 47
    assert report["comparison"]["classes"]["stuck"] == ["request-45"]
    assert report["comparison"]["cases"]["request-4"][0] == {
        "kind": "newly-needs",
        "what": ["SecondApproval"],
    }
    assert not re.search(r'": \d+\.\d', done.out), "no number is a float"


def test_one_case_is_shown_step_by_step(scf, few):
    done = scf("simulate", "factoring", "--cases", few, "--case", "duplicate")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["0s", "error.thrown", "CheckAuthenticity"] in lines
    assert lines[-1] == ["duplicate:", "completed", "after", "0s"]
    trace = json.loads(scf("simulate", "factoring", "--cases", few, "--case", "duplicate", "--json").out)
    assert trace["ends"] == ["Declined"]
    assert trace["steps"][-1]["kind"] == "process.completed"


def test_another_seed_draws_other_cases(scf, few):
    first, again, other = (
        json.loads(scf("simulate", "factoring", "--cases", few, "--seed", seed, "--json").out)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first["throughput"] != other["throughput"]


def test_mistakes_have_their_exit_codes(scf, tmp_path, few):
    assert scf("simulate", "factoring", "--cases", tmp_path / "none.json").code == 3
    assert scf("simulate", tmp_path / "none", "--cases", few).code == 3
    assert scf("simulate", "factoring", "--cases", few, "--case", "nobody").code == 3
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"cases": [{"id": "a", "jobs": {"finance.qoute": {}}}]}')
    done = scf("simulate", "factoring", "--cases", wrong)
    assert done.code == 5
    assert "cases.unknown-job" in done.err
    assert "finance.quote" in done.err
    assert done.out == ""


def test_the_difference_of_two_versions(scf, stricter):
    done = scf("diff", "factoring", stricter)
    assert done.code == 0, done.err
    assert "decision approval-band: rule 1" in done.out
    assert "1 differences." in done.out
    [found] = json.loads(scf("diff", FACTORING, stricter, "--json").out)
    assert (found["area"], found["item"], found["change"]) == ("decision", "approval-band", "changed")
    assert json.loads(scf("diff", "factoring", FACTORING, "--json").out) == []


def test_a_version_that_cannot_be_deployed_has_no_difference(scf, tmp_path):
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<nothing/>")
    done = scf("diff", "factoring", broken)
    assert done.code == 5
    assert "source.unknown" in done.err
