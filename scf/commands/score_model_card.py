"""`scf score model-card`: a card's report for people who approve it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scf import console
from scf.commands.options import JsonOption


def model_card(
    card: Annotated[Path, typer.Argument(help="The card's file.")],
    file: Annotated[
        Path | None, typer.Argument(help="A CSV file that the card was not trained on, to evaluate it by.")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", help="The folder to write into.")] = Path("model-card"),
    target: Annotated[
        str | None, typer.Option(help="The column that is 1 for bad rows; without it, the card's own.")
    ] = None,
    firm: Annotated[str | None, typer.Option(help="The file's column that tells whose row it is.")] = None,
    segment: Annotated[
        list[str] | None, typer.Option("--segment", help="Compare the groups of this column; repeatable.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write a model card as Markdown and as one HTML page with plots."""
    from scoring.model_card.commands import write_model_card

    written = write_model_card(
        card,
        file,
        out,
        target=target,
        firm=firm,
        segments=segment or [],
        told=lambda text: console.err.print(f"· {text}"),
    )
    if json:
        console.print_json({"files": [str(path) for path in written]})
        return
    for path in written:
        console.out.print(str(path), soft_wrap=True)
