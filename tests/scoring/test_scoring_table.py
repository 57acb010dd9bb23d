"""Training data is checked once: what would give a silent wrong number is refused with column and row."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import InvalidInput, NotFound
from scoring.contract import FeatureSpec
from scoring.table import MAX_LEVELS, read_csv, table_of_columns, table_of_rows

SPEC = FeatureSpec("margin", "number", "Margin")
SECTOR = FeatureSpec("sector", "category", "Sector")
BAD = [True, False] * 15


def margins(**changed: Any) -> list[Any]:
    cells: list[Any] = [Decimal(i) for i in range(len(BAD))]
    for row, cell in changed.items():
        cells[int(row.removeprefix("row_")) - 1] = cell
    return cells


def refusal(specs: Sequence[FeatureSpec], columns: dict[str, list[Any]], bad: list[bool]) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        table_of_columns(specs, columns, bad)
    return refused.value


def test_columns_become_floats_and_texts_with_missing_marked() -> None:
    rows = [{"margin": Decimal("0.1"), "sector": "retail"}, {"sector": None}] * 15
    table = table_of_rows([SPEC, SECTOR], rows, BAD)
    assert table.columns["margin"][0] == 0.1
    assert np.isnan(table.columns["margin"][1])
    assert table.columns["sector"].tolist()[:2] == ["retail", None]
    assert table.bad.sum() == 15


def test_the_digest_changes_with_any_cell_and_with_nothing_else() -> None:
    one = table_of_columns([SPEC], {"margin": margins()}, BAD).digest()
    assert one == table_of_columns([SPEC], {"margin": [float(i) for i in range(30)]}, BAD).digest()
    assert one != table_of_columns([SPEC], {"margin": margins(row_3=None)}, BAD).digest()
    assert one != table_of_columns([SPEC], {"margin": margins()}, [False, *BAD[1:]]).digest()


def test_a_column_that_is_not_there_and_codes_of_a_category_are_refused() -> None:
    assert refusal([SPEC], {"other": margins()}, BAD).code == "scoring.column_missing"
    coded = FeatureSpec("sector", "category", "Sector", special=(Decimal(9),))
    found = refusal([coded], {"sector": ["a", "b"] * 15}, BAD)
    assert (found.code, found.where) == ("scoring.special_not_number", "sector")


def test_each_row_tells_its_firm_or_none_does(tmp_path: Path) -> None:
    lines = ["firm,margin,class"] + [f"f{row // 3},{row}.5,{int(row % 2 == 0)}" for row in range(30)]
    path = tmp_path / "firms.csv"
    path.write_text("\n".join(lines))
    table = read_csv(path, "class", firm="firm")
    assert [spec.name for spec in table.specs] == ["margin"]
    assert table.groups is not None
    assert len(set(table.groups.tolist())) == 10
    part = table.rows(np.arange(30) >= 15)
    assert part.groups is not None
    assert sorted(set(part.groups.tolist())) == list(range(5))
    path.write_text("\n".join([*lines[:8], ",9.5,1", *lines[9:]]))
    with pytest.raises(InvalidInput) as refused:
        read_csv(path, "class", firm="firm")
    assert (refused.value.code, refused.value.where) == ("scoring.firm_missing", "firm, row 8")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        (Decimal("Infinity"), "scoring.value_not_finite"),
        (float("-inf"), "scoring.value_not_finite"),
        ("1e999", "scoring.value_not_finite"),
        ("twelve", "scoring.value_type"),
        ("1_000", "scoring.value_type"),
        (True, "scoring.value_type"),
        ([1], "scoring.value_type"),
    ],
)
def test_a_wrong_number_names_its_column_and_row(cell: Any, code: str) -> None:
    error = refusal([SPEC], {"margin": margins(row_7=cell)}, BAD)
    assert (error.code, error.where) == (code, "margin, row 7")
    assert str(cell) in error.message


def test_a_number_among_categories_names_its_column_and_row() -> None:
    error = refusal([SECTOR], {"sector": ["retail", "other"] * 14 + ["retail", 5]}, BAD)
    assert (error.code, error.where) == ("scoring.value_type", "sector, row 30")


@pytest.mark.parametrize(
    ("columns", "bad", "code", "where"),
    [
        ({"margin": []}, [], "scoring.no_rows", "the data"),
        ({"margin": margins()}, [True] * 30, "scoring.one_class", "target"),
        ({"margin": margins()}, [False] * 30, "scoring.one_class", "target"),
        ({"margin": margins()}, [True] * 9 + [False] * 21, "scoring.class_too_small", "target"),
        ({"margin": [None] * 30}, BAD, "scoring.column_empty", "margin"),
        ({"margin": [Decimal(2)] * 30}, BAD, "scoring.column_constant", "margin"),
        ({"margin": margins()[:29]}, BAD, "scoring.column_length", "margin"),
    ],
)
def test_data_that_nothing_can_be_learned_from_is_refused(
    columns: dict[str, list[Any]], bad: list[bool], code: str, where: str
) -> None:
    error = refusal([SPEC], columns, bad)
    assert (error.code, error.where) == (code, where)


@pytest.mark.parametrize("cells", [[None] * 30, [Decimal(2)] * 30])
def test_rows_that_are_only_scored_may_agree_in_a_column(cells: list[Any]) -> None:
    table = table_of_columns([SPEC], {"margin": cells}, BAD, to_learn=False)
    assert len(np.unique(table.columns["margin"])) == 1


def test_no_features_and_a_feature_twice_are_refused() -> None:
    assert refusal([], {}, BAD).code == "scoring.no_features"
    twice = refusal([SPEC, SPEC], {"margin": margins()}, BAD)
    assert (twice.code, twice.where) == ("scoring.column_duplicate", "margin")


def test_a_column_of_identifiers_is_refused() -> None:
    rows = MAX_LEVELS + 2
    error = refusal([SECTOR], {"sector": [f"firm {i}" for i in range(rows)]}, [True, False] * (rows // 2))
    assert (error.code, error.where) == ("scoring.too_many_levels", "sector")


def csv_lines(**changed: str) -> list[str]:
    lines = ["margin,sector,bad", *(f"{i / 10},{'ab'[i % 2]},{i % 3 // 2}" for i in range(45))]
    for row, line in changed.items():
        lines[int(row.removeprefix("row_"))] = line
    return lines


def write(folder: Path, lines: list[str], name: str = "firms.csv") -> Path:
    path = folder / name
    text = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path


@pytest.mark.parametrize("name", ["firms.csv", "firms.csv.gz"])
def test_a_file_is_read_with_kinds_inferred(tmp_path: Path, name: str) -> None:
    table = read_csv(write(tmp_path, csv_lines(row_2=",NA,0"), name), "bad")
    assert [(spec.name, spec.kind) for spec in table.specs] == [("margin", "number"), ("sector", "category")]
    assert np.isnan(table.columns["margin"][1])
    assert table.columns["sector"][1] is None
    assert table.bad.sum() == 15


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"row_3": "inf,a,0"}, "scoring.value_not_finite", "margin, row 3"),
        ({"row_3": "high,a,0"}, "scoring.value_type", "margin, row 3"),
        ({"row_3": "1,a,2"}, "scoring.target_value", "bad, row 3"),
        ({"row_3": "1,a,"}, "scoring.target_value", "bad, row 3"),
        ({"row_3": "1,a"}, "scoring.row_length", "row 3"),
        ({"row_0": "margin,margin,bad"}, "scoring.column_duplicate", "margin"),
        ({"row_0": "margin,sector,good"}, "scoring.target_missing", "bad"),
        ({"row_3": '1,"a,0'}, "scoring.file_unreadable", None),
    ],
)
def test_a_faulty_file_is_refused_with_the_place(
    tmp_path: Path, changed: dict[str, str], code: str, where: str | None
) -> None:
    path = write(tmp_path, csv_lines(**changed))
    with pytest.raises(InvalidInput) as refused:
        read_csv(path, "bad")
    assert (refused.value.code, refused.value.where) == (code, where or str(path))


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "scoring.no_rows"),
        ("header.csv", b"a,bad\n", "scoring.no_rows"),
        ("latin.csv", "größe,bad\n1,0\n".encode("latin-1"), "scoring.file_unreadable"),
        ("not.csv.gz", b"a,bad\n1,0\n", "scoring.file_unreadable"),
        ("cut.csv.gz", gzip.compress(b"a,bad\n" * 500, mtime=0)[:-10], "scoring.file_unreadable"),
    ],
)
def test_what_is_no_data_file_is_refused(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        read_csv(tmp_path / name, "bad")
    assert refused.value.code == code


def test_a_missing_file_and_a_folder_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        read_csv(tmp_path / "none.csv", "bad")
    assert missing.value.code == "scoring.file_missing"
    with pytest.raises(InvalidInput) as folder:
        read_csv(tmp_path, "bad")
    assert folder.value.code == "scoring.file_unreadable"


def test_a_declared_column_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_csv(write(tmp_path, csv_lines()), "bad", [FeatureSpec("cover", "number", "Cover")])
    assert (refused.value.code, refused.value.where) == ("scoring.column_missing", "cover")
