"""`scf process simulate` and `scf process diff`, called as a user calls them."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FACTORING = ROOT / "bpmn" / "products" / "factoring"
CASES = ROOT / "docs" / "examples" / "factoring-cases.json"


def scf(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scf", "process", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )


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


def test_a_changed_threshold_is_told_in_one_sentence(stricter, few):
    done = scf("simulate", stricter, "--against", "factoring", "--cases", few)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("37 same, 9 newly need second approval, 1 stuck\n")
    assert "request-45" in done.stdout
    assert "Simulating 47 cases" in done.stderr


def test_the_documentation_shows_what_the_command_says():
    """The sentence in docs/simulation.md is the one that tests/bpmn/test_bpmn_simulation.py holds."""
    text = (ROOT / "docs" / "simulation.md").read_text("utf-8")
    assert "272 same, 44 newly need second approval, 6 stuck" in text


def test_json_has_the_figures_and_the_case_ids(stricter, few):
    done = scf("simulate", stricter, "--against", FACTORING, "--cases", few, "--json")
    report = json.loads(done.stdout)
    assert report["cases"] == 47
    assert report["comparison"]["classes"]["stuck"] == ["request-45"]
    assert report["comparison"]["cases"]["request-4"][0] == {
        "kind": "newly-needs",
        "what": ["SecondApproval"],
    }
    assert not re.search(r'": \d+\.\d', done.stdout), "no number is a float"


def test_one_case_is_shown_step_by_step(few):
    done = scf("simulate", "factoring", "--cases", few, "--case", "duplicate")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["0s", "error.thrown", "CheckAuthenticity"] in lines
    assert lines[-1] == ["duplicate:", "completed", "after", "0s"]
    trace = json.loads(scf("simulate", "factoring", "--cases", few, "--case", "duplicate", "--json").stdout)
    assert trace["ends"] == ["Declined"]
    assert trace["steps"][-1]["kind"] == "process.completed"


def test_another_seed_draws_other_cases(few):
    first, again, other = (
        json.loads(scf("simulate", "factoring", "--cases", few, "--seed", seed, "--json").stdout)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first["throughput"] != other["throughput"]


def test_mistakes_have_their_exit_codes(tmp_path, few):
    assert scf("simulate", "factoring", "--cases", tmp_path / "none.json").returncode == 3
    assert scf("simulate", tmp_path / "none", "--cases", few).returncode == 3
    assert scf("simulate", "factoring", "--cases", few, "--case", "nobody").returncode == 3
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"cases": [{"id": "a", "jobs": {"finance.qoute": {}}}]}')
    done = scf("simulate", "factoring", "--cases", wrong)
    assert done.returncode == 5
    assert "cases.unknown-job" in done.stderr
    assert "finance.quote" in done.stderr
    assert done.stdout == ""


def test_the_difference_of_two_versions(stricter):
    done = scf("diff", "factoring", stricter)
    assert done.returncode == 0, done.stderr
    assert "decision approval-band: rule 1" in done.stdout
    assert "1 differences." in done.stdout
    [found] = json.loads(scf("diff", FACTORING, stricter, "--json").stdout)
    assert (found["area"], found["item"], found["change"]) == ("decision", "approval-band", "changed")
    assert json.loads(scf("diff", "factoring", FACTORING, "--json").stdout) == []


def test_a_version_that_cannot_be_deployed_has_no_difference(tmp_path):
    broken = tmp_path / "broken.bpmn"
    broken.write_text("<nothing/>")
    done = scf("diff", "factoring", broken)
    assert done.returncode == 5
    assert "source.unknown" in done.stderr
