"""`scf score explain` and `export-pmml`: a card's word on one party, and the card for other engines."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from core.errors import NotFound
from scf import console
from scf.commands.options import JsonOption
from scoring.explanation import Explanation, read_snapshot
from scoring.explanation import explain as explained
from scoring.scorer import load_card

CardArgument = Annotated[Path, typer.Argument(help="The card's file.")]


def explain(
    card: CardArgument,
    input_: Annotated[str, typer.Option("--input", help="JSON, a file of it, or - for standard input.")],
    json: JsonOption = False,
) -> None:
    """Tell a party's points, PD and grade, the reasons, and which other bins would raise the score."""
    found = explained(load_card(_read(card)), read_snapshot(_input(input_)))
    if json:
        score = found.score
        console.print_json({
            "points": score.points,
            "pd": str(score.pd),
            "grade": score.grade,
            "base_points": found.base_points,
            "reasons": [asdict(one) for one in score.reasons],
            "raises": [asdict(one) for one in found.raises],
            "card_id": score.card_id,
            "synthetic": score.synthetic,
        })  # fmt: skip
        return
    _show(found)


def export_pmml(
    card: CardArgument,
    out: Annotated[Path, typer.Option("-o", "--out", help="Where the PMML is written.")] = Path("card.pmml"),
) -> None:
    """Write a card as PMML 4.4: points and reason codes. The PD is not part of it."""
    from scoring.pmml import export_pmml as exported

    compiled = load_card(_read(card))
    out.write_bytes(exported(compiled.card, compiled.id))
    console.out.print(f"Card {compiled.id} is in {out}", soft_wrap=True)


def _show(found: Explanation) -> None:
    score = found.score
    console.out.print(f"{score.points} points, PD {score.pd:%}, grade {score.grade}")
    reasons = Table("reason", "bin", "points", "below the best bin")
    for one in score.reasons:
        reasons.add_row(one.feature, one.bin, str(one.points), str(one.lost))
    reasons.caption = f"base {found.base_points}; base and points add up to the score"
    console.out.print(reasons)
    raises = Table("the score would rise in", "bin", "by", "to")
    for change in found.raises:
        raises.add_row(change.feature, change.best, str(change.gain), str(score.points + change.gain))
    raises.caption = "arithmetic on the card, not advice: a changed figure need not change the risk"
    console.out.print(raises)
    if score.synthetic:
        console.out.print("The card was trained on simulated data: not for decisions on real firms.")


def _input(given: str) -> str:
    if given == "-":
        return sys.stdin.read()
    return given if given.lstrip().startswith(("{", "[")) else _read(Path(given)).decode("utf-8", "replace")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise NotFound("scoring.file_missing", "There is no such file.", where=str(path)) from None
