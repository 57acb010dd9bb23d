"""What `scf score` does; the command line prints the reports."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

# The fits are small: spread over threads they take twice the processor time, and more where others work too.
# The libraries read this when they are loaded, so it is set before training is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from core.errors import InvalidInput
from scoring.bench.run import bench_set
from scoring.bench.sets import chosen_sets
from scoring.bench.speed import measured_apart
from scoring.feature_file import read_features
from scoring.intake import Intake, admit
from scoring.leaks import Leak, find_leaks
from scoring.lgd_training import LgdReport, read_sba, train_lgd
from scoring.payments.forecast import encode
from scoring.payments.report import PaymentReport, payment_report
from scoring.quality import QualityReport
from scoring.scorecard import Described
from scoring.table import read_labelled
from scoring.training import TrainReport, train, train_portfolio

# Settled invoices with their due dates (IBM's sample data), beside the bench's sets.
_INVOICES = "ibm_ar_invoices_to_2013-05.csv.gz"


def train_synthetic(out: Path) -> TrainReport:
    """Train the SME card on the synthetic portfolio and write its file to `out`."""
    report = train_portfolio()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(report.content)
    return report


def train_file(
    path: Path,
    target: str,
    *,
    features: Path | None = None,
    firm: str | None = None,
    dropped: Sequence[str] = (),
    population_rate: Decimal | None = None,
    keep_leaks: bool = False,
    keep_duplicates: bool = False,
    quarantine: Path | None = None,
) -> tuple[TrainReport, QualityReport]:
    """Train a card on the rows of a CSV file that pass the gates; the column `target` is 1 for bad rows.

    `features` is a file of what is declared of columns. The other rows are written to `quarantine`.

    Raises:
        NotFound, InvalidInput: with the column and the row; see `scoring.feature_file.read_features`,
            `scoring.intake` and `scoring.training.train`. `scoring.leak` when a column knows the outcome or
            only who it was, unless they are to be kept; `scoring.quarantine_overwrites`.
    """
    if quarantine is not None and quarantine.resolve() == path.resolve():
        raise InvalidInput(
            "scoring.quarantine_overwrites", "The quarantine would overwrite the data.", where=str(path)
        )
    described = read_features(features) if features else ()
    taken = admit(
        path, target, described=described, firm=firm, dropped=dropped, keep_duplicates=keep_duplicates
    )
    if quarantine is not None:
        taken.write_quarantine(quarantine)
    taken.require_usable()
    if not keep_leaks:
        _refuse_leaks(taken)
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    about = Described(name, path.name, False, target)
    return train(taken.table(), about, population_rate=population_rate), taken.report


def _refuse_leaks(taken: Intake) -> None:
    """Refuse features that know the outcome, also what is computed of a column that is left out."""
    used = {spec.name for spec in taken.specs}
    leaks = [one for one in find_leaks(taken.columns, taken.bad) if one.column in used]
    if leaks:
        raise InvalidInput(
            "scoring.leak",
            "; ".join(f"{one.column}: {one.evidence} ({one.reason})" for one in leaks),
            where=", ".join(one.column for one in leaks),
            hint="Leave them out with --drop, or train on them all the same with --keep-leaks.",
        )


def check_file(path: Path, target: str) -> tuple[Leak, ...]:
    """Return the columns of a CSV file that know its outcome or only who it was.

    Raises:
        NotFound, InvalidInput: what `scoring.table.read_labelled` raises.
    """
    columns, bad = read_labelled(path, target)
    return find_leaks(columns, bad)


def bench(
    folder: Path,
    stems: list[str],
    out: Path,
    told: Callable[[str], None],
    *,
    speed: bool = False,
    challengers: bool = False,
) -> dict[str, Any]:
    """Measure the modelling core on the sets of a folder, and write the folds to `out`.

    With all sets the forecast of payments is measured too, where its invoices lie in the folder; on demand
    also the `speed`, and `challengers` beside the card of each set.

    Raises:
        NotFound: `scoring.bench_set_unknown`, `scoring.bench_no_sets`.
        Unavailable: `scoring.challenger_extra` without the extra `challenger`.
    """
    sets = chosen_sets(folder, stems)
    report: dict[str, Any] = {"sets": {one.stem: bench_set(one, folder, out, told) for one in sets}}
    if challengers:
        from scoring.challengers.comparison import bench_challengers

        for one in sets:
            report["sets"][one.stem]["challengers"] = bench_challengers(one, folder, told)
    invoices = folder / _INVOICES
    if not stems and invoices.exists():
        told(f"{_INVOICES}: payments")
        report["payments"] = payment_report(invoices).as_json()
    return report | {"speed": measured_apart()} if speed else report


def train_losses(path: Path, out: Path) -> LgdReport:
    """Train the loss given default on the SBA's charged-off loans and write the model to `out`.

    Raises:
        NotFound, InvalidInput: see `scoring.lgd_training.read_sba` and `train_lgd`.
    """
    name = path.name.removesuffix(".gz").removesuffix(".csv")
    report = train_lgd(read_sba(path), name=name, source=path.name)
    out.write_bytes(report.content)
    return report


def predict_payments(path: Path, out: Path | None) -> PaymentReport:
    """Train the payment forecast on a file, test it on its last four months, and write the model to `out`.

    Raises:
        NotFound, InvalidInput: see `scoring.payments.report.payment_report`.
    """
    report = payment_report(path)
    if out is not None:
        out.write_bytes(encode(report.model))
    return report
