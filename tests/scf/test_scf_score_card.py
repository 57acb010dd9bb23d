"""`scf score` explains, exports, evaluates and reports a card from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from scf.commands.score import app
from scoring import SME_FEATURES, load_card
from scoring.generator import generate_portfolio
from scoring.registry import shipped_card

CARD = load_card(shipped_card())


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    card, rows = tmp_path / "card.json", tmp_path / "rows.csv"
    card.write_bytes(shipped_card())
    lines = ["default," + ",".join(spec.name for spec in SME_FEATURES)]
    for firm in generate_portfolio(500, 5):
        cells = [firm.figures[spec.name] for spec in SME_FEATURES]
        lines.append(f"{firm.defaulted:d}," + ",".join("" if one is None else str(one) for one in cells))
    rows.write_text("\n".join(lines))
    return str(card), str(rows)


def run(*words: str, given: str | None = None) -> dict[str, object]:
    result = CliRunner().invoke(app, [*words, "--json"], input=given)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


def test_a_score_is_explained_from_words_a_file_or_standard_input(
    files: tuple[str, str], tmp_path: Path
) -> None:
    text = '{"equity_ratio": 0.4, "sector": "retail"}'
    (tmp_path / "party.json").write_text(text)
    told = run("explain", files[0], "--input", text)
    assert told == run("explain", files[0], "--input", str(tmp_path / "party.json"))
    assert told == run("explain", files[0], "--input", "-", given=text)
    score = CARD.score({"equity_ratio": "0.4", "sector": "retail"})
    assert (told["points"], told["pd"]) == (score.points, str(score.pd))


def test_a_card_is_exported_as_pmml(files: tuple[str, str], tmp_path: Path) -> None:
    out = tmp_path / "card.pmml"
    result = CliRunner().invoke(app, ["export-pmml", files[0], "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert b"<Scorecard" in out.read_bytes()


def test_a_card_is_evaluated_and_reported(files: tuple[str, str], tmp_path: Path) -> None:
    told = run("evaluate", *files, "--segment", "sector")
    assert told["card_id"] == CARD.id
    written = run("model-card", *files, "-o", str(tmp_path / "out"))
    assert isinstance(written["files"], list)
    assert all(Path(one).exists() for one in written["files"])
