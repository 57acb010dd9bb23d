"""What `scf score` does; the command line prints the reports."""

from __future__ import annotations

import os
from pathlib import Path

# The fits are small: spread over threads they take twice the processor time, and more where others work too.
# The library reads this when it is loaded, so it is set before training is.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from scoring.lgd_training import LgdReport, read_sba, train_lgd
from scoring.payments.forecast import encode
from scoring.payments.report import PaymentReport, payment_report
from scoring.training import TrainReport, train_csv, train_portfolio


def train_synthetic(out: Path) -> TrainReport:
    """Train the SME card on the synthetic portfolio and write its file to `out`."""
    report = train_portfolio()
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(report.content)
    return report


def train_file(path: Path, target: str) -> TrainReport:
    """Train a card on a CSV file whose column `target` is 1 for bad rows.

    Raises:
        NotFound, InvalidInput: with the column and the row; see `scoring.table.read_csv`.
    """
    return train_csv(path, target)


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
