"""`scf process lint`: for people, and as JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from scf.commands.process import app
from scf.exit_codes import EXIT_FINDINGS
from support.bpmn_text import end, flow, process, start, user

BROKEN = process(
    start()
    + '<exclusiveGateway id="split" default="split-b"/>'
    + user("a")
    + user("b")
    + '<parallelGateway id="join"/>'
    + end()
    + flow("start > split > a > join > end", {"split-a": "=x"})
    + flow("split > b > join")
)


def lint(path: Path, *options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["lint", str(path), *options])
    return result.exit_code, result.output


def test_a_finding_is_told_with_its_code_place_path_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "broken.bpmn").write_bytes(BROKEN)
    code, output = lint(tmp_path)
    assert code == EXIT_FINDINGS
    assert "error soundness.join-never-fires at broken.bpmn#join" in output
    assert "start > split > a > join" in output
    assert "Let the branches begin at a parallel gateway" in output


def test_findings_as_json_have_code_element_message_and_hint(tmp_path: Path) -> None:
    (tmp_path / "broken.bpmn").write_bytes(BROKEN)
    code, output = lint(tmp_path / "broken.bpmn", "--json")
    (finding,) = json.loads(output)
    assert code == EXIT_FINDINGS
    assert (finding["code"], finding["element"], finding["severity"]) == (
        "soundness.join-never-fires",
        "join",
        "error",
    )
    assert finding["message"]
    assert finding["hint"]
    assert finding["breaks_standard"] is False


def test_the_shipped_product_has_no_findings() -> None:
    folder = Path(__file__).parents[2] / "bpmn" / "products" / "factoring"
    assert lint(folder) == (0, "No findings.\n")
