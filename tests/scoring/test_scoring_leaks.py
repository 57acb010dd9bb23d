"""Leaks are found from the values, without a list of names, and honest features are left alone."""

from __future__ import annotations

import numpy as np
import pytest

from scoring.bench.sets import SETS, BenchSet
from scoring.leaks import find_leaks
from support.shared import shared_path

RANDOM = np.random.default_rng(12)
BAD = (RANDOM.random(600) < 0.3).tolist()
HONEST = [f"{value:.4f}" for value in RANDOM.normal(size=600) + np.array(BAD)]


def reason(cells: list[str | None]) -> str | None:
    found = find_leaks({"honest": HONEST, "asked": cells}, BAD)
    assert all(one.column == "asked" for one in found)
    return found[0].reason if found else None


def test_an_honest_figure_is_left_alone_though_each_row_has_its_own_value() -> None:
    assert find_leaks({"honest": HONEST}, BAD) == ()


def test_a_number_or_name_of_its_own_in_each_row_identifies() -> None:
    assert reason([str(4_000 + row) for row in range(600)]) == "identifier"
    assert reason([f"firm {row}" for row in range(600)]) == "identifier"


def test_a_constant_says_nothing() -> None:
    assert reason(["CA"] * 600) == "constant"


def test_a_date_that_only_one_outcome_writes_is_known_too_late() -> None:
    assert reason([str(16_000 + row % 90) if bad else None for row, bad in enumerate(BAD)]) == "known"


def test_a_status_that_is_the_outcome_separates() -> None:
    assert reason(["charged off" if bad else "paid" for bad in BAD]) == "separates"
    assert reason([str(row % 50 + 1) if bad else "0" for row, bad in enumerate(BAD)]) == "separates"


def test_a_term_cut_short_by_the_default_is_not_round() -> None:
    cells: list[str | None] = []
    for row, bad in enumerate(BAD):
        whole = 12 * (row % 15 + 1)
        cells.append(str(whole - row % 11 - 1 if bad and row % 10 < 7 else whole))
    assert reason(cells) == "round"


def test_what_is_computed_from_a_leak_is_one() -> None:
    loss = [str(row % 50 + 1) if bad else "0" for row, bad in enumerate(BAD)]
    many = [str(int(cell) * 30) for cell in loss]
    big = ["1" if int(cell) > 25 else "0" for cell in loss]
    found = {one.column: one.reason for one in find_leaks({"loss": loss, "many": many, "big": big}, BAD)}
    assert found == {"loss": "separates", "many": "separates", "big": "derived"}


@pytest.mark.parametrize("one", SETS, ids=lambda one: one.stem)
def test_of_real_data_only_what_leaks_is_found(one: BenchSet) -> None:
    folder = shared_path("datasets", f"{one.stem}.csv.gz").parent
    columns, bad = one.columns(folder)
    found = {leak.column: leak for leak in find_leaks(columns, bad)}
    assert set(found) <= set(one.dropped), "an honest feature was flagged"
    if one.stem.startswith("sba"):
        assert {"Term", "daysterm", "RealEstate", "xx"} <= set(found), "the term and what is made of it"
        assert {"MIS_Status", "ChgOffDate", "ChgOffPrinGr", "BalanceGross"} <= set(found), "after the outcome"
        assert {"LoanNr_ChkDgt", "Name"} <= set(found), "identifiers"
        assert all(leak.evidence for leak in found.values())
    if one.stem.startswith("uci"):
        assert set(found) == {"ID"}
