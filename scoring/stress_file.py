"""A portfolio and scenarios from files, for `scf score stress`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from core.errors import InvalidInput
from scoring.csv_rows import read_rows
from scoring.limits import LimitInputs
from scoring.stress import Position, Scenario, StandingLimit

_NEEDED = ("name", "currency", "exposure", "pd", "lgd")
_DECLARED = ("lgd_add", "haircut_add", "asset_correlation", "pair_correlation")
_OF_A_LIMIT = ("limit", "grade", "annual_volume", "terms_days")


def read_portfolio(path: Path, *, as_of: date) -> tuple[str, list[Position]]:
    """Return the currency and the positions of a CSV file.

    Columns: name, currency, exposure, pd, lgd; and, where known, recourse_pd, collateral, haircut, and
    for a limit that stands all of limit, grade, annual_volume, terms_days, with net_worth where known.

    Raises:
        NotFound, InvalidInput: what `read_rows` raises; `scoring.value_type` with column and row;
            `stress.currencies_differ`.
    """
    rows = read_rows(path, _NEEDED)
    currencies = sorted({row["currency"] for row in rows})
    if len(currencies) > 1:
        raise InvalidInput(
            "stress.currencies_differ",
            f"The portfolio is in {', '.join(currencies)}; losses of different currencies do not add up.",
            where="currency",
            hint="Give a file for each currency, or one converted at the rates of one day.",
        )
    return currencies[0], [_position(row, number, as_of) for number, row in enumerate(rows, start=1)]


def read_scenarios(path: Path) -> list[Scenario]:
    """Return the scenarios of a CSV file.

    Columns: name, macro_factor; and lgd_add, haircut_add, asset_correlation and pair_correlation where
    declared.

    Raises:
        NotFound, InvalidInput: what `read_rows` raises; `scoring.value_type` with column and row.
    """
    scenarios = []
    for number, row in enumerate(read_rows(path, ("name", "macro_factor")), start=1):
        declared = {name: _known(row, name, number) for name in _DECLARED}
        known = {name: value for name, value in declared.items() if value is not None}
        scenarios.append(
            Scenario(name=row["name"], macro_factor=_needed(row, "macro_factor", number), **known)
        )
    return scenarios


def _position(row: Mapping[str, str], number: int, as_of: date) -> Position:
    position = Position(
        name=row["name"],
        exposure=_needed(row, "exposure", number),
        pd=_needed(row, "pd", number),
        lgd=_needed(row, "lgd", number),
        recourse_pd=_known(row, "recourse_pd", number),
        collateral=_known(row, "collateral", number) or Decimal(0),
        haircut=_known(row, "haircut", number) or Decimal(0),
    )
    return replace(position, limit=_limit(row, number, as_of, position))


def _limit(row: Mapping[str, str], number: int, as_of: date, position: Position) -> StandingLimit | None:
    if not any(row.get(name) for name in _OF_A_LIMIT):
        return None
    return StandingLimit(
        _needed(row, "limit", number),
        LimitInputs(
            as_of=as_of,
            currency=row["currency"],
            annual_volume=_needed(row, "annual_volume", number),
            terms_days=int(_needed(row, "terms_days", number)),
            pd=position.pd,
            recourse_pd=position.recourse_pd,
            lgd=position.lgd,
            grade=row.get("grade", ""),
            net_worth=_known(row, "net_worth", number),
            eligible_receivables=position.collateral if row.get("collateral") else None,
            haircut=position.haircut,
        ),
    )


def _needed(row: Mapping[str, str], name: str, number: int) -> Decimal:
    value = _known(row, name, number)
    if value is None:
        raise _wrong(row, name, number)
    return value


def _known(row: Mapping[str, str], name: str, number: int) -> Decimal | None:
    if not row.get(name):
        return None
    try:
        value = Decimal(row[name])
    except InvalidOperation:
        raise _wrong(row, name, number) from None
    if not value.is_finite():
        raise _wrong(row, name, number)
    return value


def _wrong(row: Mapping[str, str], name: str, number: int) -> InvalidInput:
    return InvalidInput(
        "scoring.value_type",
        f"{name} must be a number and is {row.get(name, '')[:80]!r} in row {number}.",
        where=f"{name}, row {number}",
    )
