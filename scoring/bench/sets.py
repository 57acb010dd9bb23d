"""The data sets of the bench: which column is the target, what is left out and why, which numbers are codes.

The knowledge is that of the sets' own descriptions. Nothing here was chosen by looking at a test fold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Final

from core.errors import NotFound
from scoring.contract import FeatureSpec
from scoring.table import Cell, Table, inferred_kind, read_columns, table_of_columns


@dataclass(frozen=True, slots=True)
class BenchSet:
    """A data set: `bad` is the target's text for a bad row; rows where every feature is `empty` are left out.

    `dropped` columns are left out: leaks, identifiers, constants. `categories` are codes without an order;
    `special` gives the numbers of a column that are codes, "" those of every column.
    """

    stem: str
    target: str
    bad: str = "1"
    dropped: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    special: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    empty: str | None = None

    def path(self, folder: Path) -> Path:
        """Return where the set lies in a folder."""
        return folder / f"{self.stem}.csv.gz"

    def columns(self, folder: Path) -> tuple[dict[str, list[str | None]], list[bool]]:
        """Return every column but the target, the left out ones too, and the target.

        Raises:
            NotFound: `scoring.file_missing`.
        """
        columns = read_columns(self.path(folder))
        if self.empty is not None:
            features = [column for name, column in columns.items() if name != self.target]
            kept = [i for i, row in enumerate(zip(*features, strict=True)) if set(row) != {self.empty}]
            columns = {name: [column[i] for i in kept] for name, column in columns.items()}
        target = columns.pop(self.target)
        return columns, [cell == self.bad for cell in target]

    def table(self, folder: Path) -> Table:
        """Return the set as training data.

        Raises:
            NotFound: `scoring.file_missing`.
        """
        columns, bad = self.columns(folder)
        kept: dict[str, list[Cell]] = {
            name: list(cells) for name, cells in columns.items() if name not in self.dropped
        }
        specs = [self._spec(name, columns[name]) for name in kept]
        return table_of_columns(specs, kept, bad)

    def _spec(self, name: str, cells: list[str | None]) -> FeatureSpec:
        if name in self.categories or inferred_kind(cells) == "category":
            return FeatureSpec(name, "category", name)
        codes = self.special.get(name, self.special.get("", ()))
        return FeatureSpec(name, "number", name, special=tuple(map(Decimal, codes)))


SETS: Final = (
    BenchSet(
        "south_german_credit",
        "credit_risk",
        bad="0",
        categories=(
            "status",
            "credit_history",
            "purpose",
            "savings",
            "personal_status_sex",
            "other_debtors",
            "property",
            "other_installment_plans",
            "housing",
            "job",
        ),
    ),
    BenchSet(
        "sba_case_ca_realestate",
        "Default",
        dropped=(
            # Known only after the outcome, or the outcome itself.
            "MIS_Status",
            "ChgOffDate",
            "ChgOffPrinGr",
            "BalanceGross",
            "xx",
            "daysterm",
            # The term was shortened for loans that failed; RealEstate is a term of 240 months or more.
            "Term",
            "RealEstate",
            # When it was approved tells the crisis, not the firm.
            "Recession",
            "ApprovalFY",
            "ApprovalDate",
            "DisbursementDate",
            # Identifiers, names, a constant, and the sample's own mark.
            "LoanNr_ChkDgt",
            "Name",
            "City",
            "Bank",
            "State",
            "Selected",
        ),
    ),
    BenchSet("polish_bankruptcy_5year", "class"),
    BenchSet("fico_heloc", "bad", special={"": (-7, -8, -9)}, empty="-9"),
    BenchSet("uci_credit_card_default", "default_next_month", dropped=("ID",)),
    BenchSet(
        "give_me_some_credit",
        "SeriousDlqin2yrs",
        special={
            "NumberOfTime30-59DaysPastDueNotWorse": (96, 98),
            "NumberOfTime60-89DaysPastDueNotWorse": (96, 98),
            "NumberOfTimes90DaysLate": (96, 98),
        },
    ),
)


def chosen_sets(folder: Path, stems: list[str]) -> list[BenchSet]:
    """Return the sets with these stems, or all that lie in the folder.

    Raises:
        NotFound: `scoring.bench_set_unknown` for a stem that is none of the sets or not in the folder,
            `scoring.bench_no_sets` for a folder without any.
    """
    known = {one.stem: one for one in SETS if one.path(folder).exists()}
    for stem in stems:
        if stem not in known:
            raise NotFound(
                "scoring.bench_set_unknown",
                f"There is no set {stem} in the folder.",
                where=str(folder),
                hint=f"The bench knows {', '.join(one.stem for one in SETS)}, each as .csv.gz.",
            )
    if not known:
        raise NotFound(
            "scoring.bench_no_sets",
            "The folder holds none of the bench's sets.",
            where=str(folder),
            hint=f"Put {SETS[0].stem}.csv.gz and others there.",
        )
    return [known[stem] for stem in stems] if stems else list(known.values())
