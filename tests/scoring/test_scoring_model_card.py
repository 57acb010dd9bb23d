"""The model card tells what stands in the card and its evaluation; nothing in them acts on the page."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree

from scoring import SME_FEATURES, load_card
from scoring.assessment.commands import assess
from scoring.assessment.cut_off import Costs
from scoring.assessment.scored import score_table
from scoring.card_file import encode
from scoring.generator import generate_portfolio
from scoring.model_card.commands import model_card, write_model_card
from scoring.model_card.document import Document, Grid, Paragraph, Section, html, markdown
from scoring.model_card.evaluated import evaluated_sections
from scoring.model_card.sections import SYNTHETIC
from scoring.registry import shipped_card
from scoring.table import table_of_portfolio

CARD = load_card(shipped_card())
EVIL = "</title><script>alert(1)</script> | `x` [a](javascript:b) <img src=http://x>\n# head"


@pytest.fixture(scope="module")
def document() -> Document:
    table = table_of_portfolio(SME_FEATURES, generate_portfolio(2500, 77))
    sectors = [None if value is None else str(value) for value in table.columns["sector"]]
    scored = score_table(CARD.card, table, {"sector": sectors})
    found = assess(scored, CARD.id, None, ["sector"], Costs(), None, lambda text: None)
    return model_card(CARD.card, CARD.id, evaluated_sections(scored, found, "rows.csv"))


class Tags(HTMLParser):
    """What a page is made of: its tags, and every attribute that could load or run something."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.risky: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.risky += [name for name, _ in attrs if name in {"src", "href", "style"} or name.startswith("on")]


def test_every_bin_and_its_points_are_told(document: Document) -> None:
    text = html(document)
    for feature in CARD.card.features:
        section = next(one for one in document.sections if one.title == f"{feature.label} ({feature.name})")
        (grid,) = [block for block in section.blocks if isinstance(block, Grid)]
        assert [(row[0], int(row[-1])) for row in grid.rows] == [
            (one.label, one.points) for one in feature.all_bins()
        ]
    assert CARD.id in text
    assert SYNTHETIC in text


def test_the_three_plots_are_well_formed_and_say_what_they_show(document: Document) -> None:
    plots = document.plots()
    assert set(plots) == {"roc.svg", "calibration.svg", "scores.svg"}
    for svg in plots.values():
        root = etree.fromstring(svg.encode())
        (title,) = root.findall("{http://www.w3.org/2000/svg}title")
        assert title.text
        assert svg in html(document)


def test_the_page_loads_and_runs_nothing(document: Document) -> None:
    found = Tags(html(document))
    assert not found.tags & {"script", "img", "link", "iframe", "object", "image", "use", "a"}
    assert found.risky == []
    assert "default-src 'none'" in html(document)


def test_a_stranger_s_text_stays_text() -> None:
    features = (replace(CARD.card.features[0], label=EVIL), *CARD.card.features[1:])
    card = replace(CARD.card, name=EVIL, features=features)
    document = model_card(card, EVIL, ())
    found = Tags(html(document))
    assert "script" not in found.tags
    assert "img" not in found.tags
    text = markdown(document)
    assert "<script>" not in text
    assert "<img" not in text
    assert "[a](javascript" not in text
    assert "\n# head" not in text


def test_a_table_cell_cannot_break_its_row() -> None:
    section = Section("t", (Grid(("a", "b"), (("x | y", "1\n2"),)), Paragraph("end", warning=True)))
    text = markdown(Document("d", (section,)))
    assert "| x \\| y | 1 2 |" in text
    assert "> **end**" in text


def test_without_a_file_nothing_is_said_of_other_data(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(encode(CARD.card))
    written = write_model_card(path, None, tmp_path / "out", told=lambda text: None)
    assert [one.name for one in written] == ["model-card.md", "model-card.html"]
    assert "nothing is said of other data" in written[1].read_text(encoding="utf-8")


def test_with_a_file_the_plots_lie_beside_the_markdown(tmp_path: Path) -> None:
    card, rows = tmp_path / "card.json", tmp_path / "rows.csv"
    card.write_bytes(shipped_card())
    lines = ["default," + ",".join(spec.name for spec in SME_FEATURES)]
    for firm in generate_portfolio(500, 5):
        cells = [firm.figures[spec.name] for spec in SME_FEATURES]
        lines.append(f"{firm.defaulted:d}," + ",".join("" if one is None else str(one) for one in cells))
    rows.write_text("\n".join(lines))
    write_model_card(card, rows, tmp_path / "out", told=lambda text: None)
    text = (tmp_path / "out" / "model-card.md").read_text(encoding="utf-8")
    for name in ("roc", "calibration", "scores"):
        assert f"({name}.svg)" in text
        assert (tmp_path / "out" / f"{name}.svg").exists()
