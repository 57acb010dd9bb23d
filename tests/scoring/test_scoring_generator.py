"""The synthetic portfolio follows its structural model, and says that it is synthetic."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from scoring.contract import SECTORS, SME_FEATURES
from scoring.generator import SYNTHETIC_NOTICE, generate_portfolio
from scoring.validation import auc

PORTFOLIO = generate_portfolio(6_000, seed=11)


def test_a_seed_gives_the_same_portfolio() -> None:
    assert generate_portfolio(50, seed=3) == generate_portfolio(50, seed=3)
    assert generate_portfolio(50, seed=3) != generate_portfolio(50, seed=4)


def test_firms_have_the_figures_of_the_contract() -> None:
    names = {spec.name for spec in SME_FEATURES}
    kinds = {spec.name: spec.kind for spec in SME_FEATURES}
    for firm in PORTFOLIO[:500]:
        assert set(firm.figures) == names
        assert firm.figures["sector"] in SECTORS
        for name, value in firm.figures.items():
            if kinds[name] == "number":
                assert value is None or (isinstance(value, Decimal) and value.is_finite())


def test_defaults_happen_as_often_as_their_probabilities_say() -> None:
    rate, expected = (
        np.mean([firm.defaulted for firm in PORTFOLIO]),
        np.mean([firm.true_pd for firm in PORTFOLIO]),
    )
    # Firms of one year share its economy, so that the rate swings far more than chance alone would let it.
    assert 0.4 * expected < rate < 2 * expected
    assert 0.02 < expected < 0.1


def test_the_true_probability_ranks_the_defaults() -> None:
    bad = np.array([firm.defaulted for firm in PORTFOLIO])
    assert auc(bad, np.array([firm.true_pd for firm in PORTFOLIO])) > 0.85


def test_figures_are_missing_most_where_the_firm_is_young() -> None:
    def share(young: bool) -> float:
        chosen = [
            f.figures["days_late_12m"] is None
            for f in PORTFOLIO
            if (Decimal(str(f.figures["years_trading"])) < 2) == young
        ]
        return sum(chosen) / len(chosen)

    assert share(True) > 2 * share(False) > 0


def test_it_is_labelled() -> None:
    assert "synthetic" in SYNTHETIC_NOTICE
    assert "not real" in SYNTHETIC_NOTICE
