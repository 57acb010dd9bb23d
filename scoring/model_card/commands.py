"""What `scf score model-card` does."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

# Before the numerical libraries are loaded; see `scoring.commands`.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from scoring.artifact import Card
from scoring.assessment.commands import assess, read_card
from scoring.assessment.cut_off import Costs
from scoring.assessment.scored import score_file
from scoring.model_card.document import Document, Section, html, markdown
from scoring.model_card.evaluated import evaluated_sections
from scoring.model_card.sections import about, bins, data, fit, limits_of_use, own_figures

MARKDOWN = "model-card.md"
HTML = "model-card.html"


def write_model_card(
    card_path: Path,
    file: Path | None,
    out: Path,
    *,
    target: str | None = None,
    firm: str | None = None,
    segments: Sequence[str] = (),
    told: Callable[[str], None],
) -> list[Path]:
    """Write a card's model card into a folder, and return the files. With `file` it is evaluated there.

    Raises:
        NotFound, InvalidInput: see `scoring.assessment.commands.evaluate`.
    """
    identifier, card = read_card(card_path)
    evaluated: tuple[Section, ...] = ()
    if file is not None:
        told("scoring the rows")
        scored = score_file(card, file, target or card.data.target, firm=firm, beside=segments)
        found = assess(scored, identifier, None, segments, Costs(), None, told)
        evaluated = evaluated_sections(scored, found, file.name)
    document = model_card(card, identifier, evaluated)
    out.mkdir(parents=True, exist_ok=True)
    contents = {MARKDOWN: markdown(document), HTML: html(document), **document.plots()}
    for name, content in contents.items():
        (out / name).write_text(content, encoding="utf-8")
    return [out / name for name in contents]


def model_card(card: Card, identifier: str, evaluated: tuple[Section, ...]) -> Document:
    """Return the model card of a card, with what an evaluation added."""
    return Document(
        f"Model card: {card.name}",
        (
            about(card, identifier),
            data(card),
            own_figures(card),
            *evaluated,
            fit(card),
            *bins(card),
            limits_of_use(card, bool(evaluated)),
        ),
    )
