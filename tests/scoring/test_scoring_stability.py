"""The PSI's critical value knows the sample sizes: what has not moved alarms in under 5 % of cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidInput
from scoring.monitoring import stability
from scoring.monitoring.stability import chi_square_quantile

SHAPES = {
    "ten even bins": np.ones(10) / 10,
    "rare bins": np.array([0.02, 0.03, 0.05, 0.1, 0.15, 0.15, 0.2, 0.2, 0.07, 0.03]),
    "six grades": np.array([0.08, 0.22, 0.34, 0.24, 0.1, 0.02]),
}


def counts(sample: np.ndarray) -> dict[str, int]:
    return {f"bin {number}": int(rows) for number, rows in enumerate(sample)}


@pytest.mark.parametrize(
    ("share", "degrees", "expected"),
    # NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.4, upper critical values.
    [(0.95, 1, 3.841), (0.95, 9, 16.919), (0.99, 9, 21.666), (0.95, 19, 30.144), (0.999, 100, 149.449)],
)
def test_the_quantiles_of_chi_square(share: float, degrees: int, expected: float) -> None:
    assert chi_square_quantile(share, degrees) == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("rows", "base_rows"), [(100, 100), (100, 10_000), (300, 1_000), (1_000, 1_000), (10_000, 10_000)]
)
def test_what_has_not_moved_alarms_in_under_five_percent(shape: str, rows: int, base_rows: int) -> None:
    draw = np.random.Generator(np.random.PCG64(42))
    bases = draw.multinomial(base_rows, SHAPES[shape], 2_000)
    samples = draw.multinomial(rows, SHAPES[shape], 2_000)
    alarms = [stability(counts(b), counts(s)).shifted for b, s in zip(bases, samples, strict=True)]
    # 2,000 samples have a standard error of half a point.
    assert np.mean(alarms) <= 0.05 + 1.645 * 0.005


@pytest.mark.parametrize(("rows", "found"), [(100, 0.15), (300, 0.5), (1_000, 0.98)])
def test_the_same_shift_is_found_the_surer_the_more_rows_there_are(rows: int, found: float) -> None:
    moved = SHAPES["ten even bins"] + np.array([0.03] * 5 + [-0.03] * 5)
    draw = np.random.Generator(np.random.PCG64(42))
    base = counts(draw.multinomial(10_000, SHAPES["ten even bins"]))
    samples = draw.multinomial(rows, moved, 400)
    assert np.mean([stability(base, counts(one)).shifted for one in samples]) >= found


def test_the_fixed_threshold_would_alarm_on_nothing_in_small_samples_and_miss_much_in_large_ones() -> None:
    small = stability({"a": 50, "b": 50}, {"a": 62, "b": 38})
    assert not small.shifted
    base = {"a": 100_000, "b": 100_000}
    large = stability(base, {"a": 102_000, "b": 98_000})
    assert (large.shifted, large.material) == (True, False)


def test_it_is_told_which_bin_moved_most_and_a_bin_may_be_new_or_gone() -> None:
    found = stability({"a": 500, "b": 500, "gone": 20}, {"a": 500, "b": 300, "new": 200})
    assert [name for name, _ in found.parts[:2]] == ["new", "b"]
    assert (found.shifted, found.material) == (True, True)
    assert found.psi == pytest.approx(sum(part for _, part in found.parts))


samples = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 500), min_size=2).filter(
    lambda sample: sum(sample.values()) >= 100
)


@settings(max_examples=100, deadline=None)
@given(base=samples, now=samples)
def test_the_psi_does_not_know_which_sample_came_first(base: dict[str, int], now: dict[str, int]) -> None:
    there, back = stability(base, now), stability(now, base)
    assert there.psi == pytest.approx(back.psi)
    assert there.psi >= 0
    assert stability(base, base).psi == 0


@pytest.mark.parametrize(
    ("base", "now", "code"),
    [
        ({"a": 99}, {"a": 50, "b": 60}, "monitoring.too_few"),
        ({}, {"a": 50, "b": 60}, "monitoring.too_few"),
        ({"a": 100}, {"a": 100}, "monitoring.one_bin"),
        ({"a": -1, "b": 200}, {"a": 100}, "monitoring.count_invalid"),
        ({"a": 100.5, "b": 200}, {"a": 100}, "monitoring.count_invalid"),
    ],
)
def test_what_cannot_be_compared_is_refused(base: dict[str, int], now: dict[str, int], code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        stability(base, now)
    assert refused.value.code == code
