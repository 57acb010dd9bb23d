"""Rows that do not pass the gates do not train; each is counted, told and written with its reasons."""

from __future__ import annotations

import csv
import json
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import InvalidInput
from scf.commands.score import app
from scoring.contract import FeatureSpec
from scoring.feature_file import read_features
from scoring.generator import generate_portfolio
from scoring.intake import admit

HEADER = ["firm", "years_trading", "net_margin", "sector", "bad"]
PORTFOLIO = generate_portfolio(1_200, seed=11)
ROWS = [
    [
        f"firm {number}",
        *("" if firm.figures[name] is None else str(firm.figures[name]) for name in HEADER[1:4]),
        str(int(firm.defaulted)),
    ]
    for number, firm in enumerate(PORTFOLIO)
]
ROWS = [row for row in ROWS if any(row[1:4])]
YEARS = "years_trading"


def written(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return path


def changed(row: int, **cells: str) -> list[list[str]]:
    new = [list(one) for one in ROWS]
    for name, cell in cells.items():
        new[row - 1][HEADER.index(name)] = cell
    return new


def test_rows_that_are_as_they_should_be_all_train(tmp_path: Path) -> None:
    taken = admit(written(tmp_path / "rows.csv", ROWS), "bad", firm="firm")
    assert taken.report.accepted == tuple(range(1, len(ROWS) + 1))
    assert taken.table().columns.keys() == {"years_trading", "net_margin", "sector"}


@pytest.mark.parametrize(
    ("cells", "gate", "column"),
    [
        ({YEARS: "many"}, "type", YEARS),
        ({YEARS: "inf"}, "type", YEARS),
        ({YEARS: "1e400"}, "type", YEARS),
        ({YEARS: "1_000"}, "type", YEARS),
        ({YEARS: "-1"}, "range", YEARS),
        ({YEARS: "200"}, "range", YEARS),
        ({"bad": ""}, "missing", "bad"),
        ({"firm": "n/a"}, "missing", "firm"),
        ({YEARS: "", "net_margin": "?", "sector": "none"}, "missing", ""),
    ],
)
def test_a_row_that_cannot_be_is_quarantined_with_its_reason(
    tmp_path: Path, cells: dict[str, str], gate: str, column: str
) -> None:
    bounded = FeatureSpec(YEARS, "number", "Years", low=0, high=150)  # type: ignore[arg-type]
    file = written(tmp_path / "rows.csv", changed(7, **cells))
    taken = admit(file, "bad", firm="firm", described=[bounded])
    assert taken.report.quarantined == (7,)
    (finding,) = taken.report.findings
    assert (finding.gate, finding.column, finding.row) == (gate, column, 7)
    assert len(taken.table().bad) == len(ROWS) - 1
    taken.write_quarantine(tmp_path / "out.csv")
    header, row = csv.reader((tmp_path / "out.csv").read_text().splitlines())
    assert header == ["quarantined_row", "quarantined_because", *HEADER]
    assert row[0] == "7"
    assert row[1].startswith(gate)
    assert row[2:] == changed(7, **cells)[6]


def test_a_special_code_is_in_range(tmp_path: Path) -> None:
    coded = FeatureSpec(YEARS, "number", "Years", special=(-9,), low=0)  # type: ignore[arg-type]
    file = written(tmp_path / "rows.csv", changed(7, years_trading="-9"))
    assert not admit(file, "bad", described=[coded]).report.quarantined


def test_a_line_that_stands_there_twice_trains_once_unless_equal_lines_are_different_parties(
    tmp_path: Path,
) -> None:
    file = written(tmp_path / "rows.csv", [*ROWS, ROWS[4]])
    assert admit(file, "bad").report.reasons() == {len(ROWS) + 1: "duplicate: it equals row 5"}
    assert not admit(file, "bad", keep_duplicates=True).report.quarantined
    # Another firm with the same figures is another row.
    twin = ["another firm", *ROWS[4][1:]]
    assert not admit(written(file, [*ROWS, twin]), "bad", dropped=["firm"]).report.quarantined


def test_a_target_that_is_neither_0_nor_1_condemns_the_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        admit(written(tmp_path / "rows.csv", changed(7, bad="2")), "bad")
    assert (refused.value.code, refused.value.where) == ("scoring.target_value", "bad, row 7")


def test_a_file_of_which_a_fifth_is_wrong_is_condemned_after_its_rows_are_written(tmp_path: Path) -> None:
    file, out = written(tmp_path / "rows.csv", [*ROWS, *ROWS[: len(ROWS) // 3]]), tmp_path / "out.csv"
    left = CliRunner().invoke(
        app,
        ["train", str(file), "--target", "bad", "--quarantine", str(out), "-o", str(tmp_path / "card.json")],
    )
    refused: Any = left.exception
    assert refused.code == "scoring.data_condemned"
    assert "duplicate" in refused.message
    assert len(out.read_text().splitlines()) == len(ROWS) // 3 + 1
    assert not (tmp_path / "card.json").exists()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_row_is_lost(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every row is accepted or quarantined, and what is quarantined has a reason."""
    cells = st.sampled_from(["", "1", "-3", "x", "inf", "0.5", "?", "retail"])
    extra = data.draw(st.lists(st.lists(cells, min_size=4, max_size=4), max_size=8))
    rows = [*ROWS[:60], *([*one, data.draw(st.sampled_from(["0", "1", ""]))] for one in extra)]
    taken = admit(written(tmp_path_factory.mktemp("rows") / "rows.csv", rows), "bad")
    report = taken.report
    assert sorted([*report.accepted, *report.quarantined]) == list(range(1, len(rows) + 1))
    assert set(report.reasons()) == set(report.quarantined)
    assert len(taken.bad) == len(report.accepted)


def train(tmp_path: Path, file: Path, *words: object) -> Any:
    out = ["--target", "bad", "-o", str(tmp_path / "card.json")]
    return CliRunner().invoke(app, ["train", str(file), *out, "--drop", "firm", *map(str, words)])


def test_the_command_tells_what_it_set_apart(tmp_path: Path) -> None:
    rows = changed(7, years_trading="many")
    rows.append(rows[2])
    file, out = written(tmp_path / "rows.csv", rows), tmp_path / "out.csv"
    done = train(tmp_path, file, "--quarantine", out, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["gates"]
    assert told == {
        "rows": len(rows),
        "accepted": len(rows) - 2,
        "quarantined": 2,
        "findings": {"type": 1, "duplicate": 1},
        "file": str(out),
    }
    assert json.loads((tmp_path / "card.json").read_bytes())["data"]["rows"] == len(rows) - 2
    assert [line.split(",")[0] for line in out.read_text().splitlines()[1:]] == ["7", str(len(rows))]
    shown = train(tmp_path, file)
    assert f"Gates: 2 of {len(rows)} rows did not train (duplicate 1, type 1)" in shown.stdout


def test_the_quarantine_never_overwrites_the_data(tmp_path: Path) -> None:
    file = written(tmp_path / "rows.csv", ROWS)
    before = file.read_bytes()
    assert train(tmp_path, file, "--quarantine", file).exception.code == "scoring.quarantine_overwrites"
    assert file.read_bytes() == before


DECLARED = """
format = "scf-features/1"

[[features]]
name = "years_trading"
kind = "number"
label = "Years in business"
trend = "descending"
unit = "years"
special = [-9]
low = 0
edit = { by = "ana", why = "Our policy has three ages.", cuts = [4, 12.5] }

[[features]]
name = "sector"
kind = "category"
edit = { by = "ben", why = "Trade apart.", levels = [["retail"], ["logistics", "manufacturing", "other"]] }
"""


def test_a_card_keeps_what_an_analyst_declared_with_who_and_why(tmp_path: Path) -> None:
    declared = tmp_path / "features.toml"
    declared.write_text(DECLARED)
    rows = [
        [firm, "-9" if not years and number % 2 else years, *rest]
        for number, (firm, years, *rest) in enumerate(ROWS)
    ]
    done = train(tmp_path, written(tmp_path / "rows.csv", rows), "--features", declared, "--json")
    assert done.exit_code == 0, done.exception
    card = json.loads((tmp_path / "card.json").read_bytes())
    features = {one["name"]: one for one in card["features"]}
    years = features["years_trading"]
    assert years["label"] == "Years in business"
    assert years["trend"] == "descending"
    assert years["cuts"] == ["4.0", "12.5"]
    assert years["edit"] == {"by": "ana", "why": "Our policy has three ages."}
    (special,) = years["specials"]
    assert special["code"] == "-9"
    assert special["bin"]["good"] + special["bin"]["bad"] == sum(row[1] == "-9" for row in rows)
    if "sector" in features:
        assert features["sector"]["levels"] == [["retail"], ["logistics", "manufacturing", "other"]]
        assert features["sector"]["edit"]["by"] == "ben"
    again = train(tmp_path, tmp_path / "rows.csv", "--features", declared, "--json")
    assert json.loads(again.stdout)["card_id"] == json.loads(done.stdout)["card_id"]


def test_the_same_is_read_from_json(tmp_path: Path) -> None:
    (tmp_path / "features.toml").write_text(DECLARED)
    (tmp_path / "features.json").write_text(json.dumps(tomllib.loads(DECLARED)))
    read = read_features(tmp_path / "features.toml")
    assert read == read_features(tmp_path / "features.json")
    assert read[0].edit is not None
    assert read[0].edit.cuts == (Decimal(4), Decimal("12.5"))


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda text: text.replace("scf-features/1", "scf-features/9"), "format"),
        (lambda text: text.replace('kind = "number"', 'kind = "figure"'), "features.0.kind"),
        (lambda text: text.replace('kind = "number"\n', ""), "features.0"),
        (lambda text: text.replace('unit = "years"', 'units = "years"'), "features.0"),
        (lambda text: text.replace('trend = "descending"', 'trend = "down"'), "features.0.trend"),
        (lambda text: text.replace("special = [-9]", 'special = ["-9"]'), "features.0.special.0"),
        (lambda text: text.replace("special = [-9]", "special = [nan]"), "years_trading"),
        (lambda text: text.replace("low = 0", "low = 5\nhigh = 1"), "years_trading"),
        (lambda text: text.replace("low = 0", "low = true"), "features.0.low"),
        (lambda text: text.replace("[4, 12.5]", "[12.5, 4]"), "years_trading"),
        (lambda text: text.replace("[4, 12.5]", "[4, inf]"), "years_trading"),
        (lambda text: text.replace("cuts = [4, 12.5]", 'levels = [["a"], ["b"]]'), "years_trading"),
        (lambda text: text.replace('by = "ana", ', ""), "features.0.edit"),
        (lambda text: text.replace('by = "ana"', 'by = " "'), "features.0.edit.by"),
        (lambda text: text.replace(", cuts = [4, 12.5]", ""), "features.0.edit"),
        (lambda text: text.replace('"other"]', '"retail"]'), "sector"),
        (lambda text: text.replace('name = "sector"', 'name = "years_trading"'), "years_trading"),
        (lambda text: text.replace('kind = "category"', 'kind = "category"\nspecial = [1]'), "sector"),
        (lambda text: text + "]", ""),
        (lambda text: "", ""),
    ],
)
def test_a_bad_declaration_is_refused_with_its_place(
    tmp_path: Path, change: Callable[[str], str], where: str
) -> None:
    declared = tmp_path / "features.toml"
    declared.write_text(change(DECLARED))
    assert change(DECLARED) != DECLARED
    refused = train(tmp_path, written(tmp_path / "rows.csv", ROWS), "--features", declared).exception
    assert refused.code == "scoring.features_invalid"
    assert refused.where == (f"features.toml: {where}" if where else "features.toml")


def test_a_declaration_of_a_column_that_is_not_there_or_an_edit_that_does_not_fit_is_refused(
    tmp_path: Path,
) -> None:
    declared, file = tmp_path / "features.toml", written(tmp_path / "rows.csv", ROWS)
    assert train(tmp_path, file, "--features", declared).exception.code == "scoring.file_missing"
    declared.write_text(DECLARED.replace('name = "sector"', 'name = "branch"'))
    assert train(tmp_path, file, "--features", declared).exception.code == "scoring.column_missing"
    declared.write_text(DECLARED.replace("[4, 12.5]", "[4, 1000]"))
    assert train(tmp_path, file, "--features", declared).exception.code == "scoring.edit_invalid"
    declared.write_text(DECLARED.replace(', "other"]', "]"))
    assert train(tmp_path, file, "--features", declared).exception.code == "scoring.edit_invalid"
