"""A document of paragraphs, tables and plots, written as Markdown or as one HTML page.

What stands in a card's file is a stranger's text: it is escaped in both forms. The page loads nothing and
runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

_STYLE: Final = (
    "body{font:15px/1.5 sans-serif;color:#222;background:#fff;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #bbb;padding:3px 8px;text-align:left;"
    "vertical-align:top;overflow-wrap:break-word}th{background:#f2f2f2}figure{margin:1em 0}"
    "svg{max-width:100%;height:auto}.warning{border:2px solid #d55e00;padding:.5em 1em}"
    "@media print{body{font-size:10pt}h2{break-after:avoid}tr,figure{break-inside:avoid}}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
# What Markdown reads as marks. HTML's own are written as entities, as Markdown lets HTML through.
_marks = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; a warning stands out."""

    text: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with its header."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: `name` is its file's, without the ending; `alt` says what it shows."""

    name: str
    alt: str
    svg: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; `level` 2 or 3."""

    title: str
    blocks: tuple[Paragraph | Grid | Plot, ...]
    level: int = 2


@dataclass(frozen=True, slots=True)
class Document:
    """A title and its sections."""

    title: str
    sections: tuple[Section, ...]

    def plots(self) -> Mapping[str, str]:
        """Return the plots' files by name."""
        return {
            f"{one.name}.svg": one.svg for section in self.sections for one in section.blocks
            if isinstance(one, Plot)
        }  # fmt: skip


def markdown(document: Document) -> str:
    """Return the document as Markdown whose plots are files beside it."""
    parts = [f"# {_plain(document.title)}"]
    for section in document.sections:
        parts.append(f"{'#' * section.level} {_plain(section.title)}")
        for block in section.blocks:
            match block:
                case Paragraph(text, warning):
                    parts.append(f"> **{_plain(text)}**" if warning else _plain(text))
                case Plot(name, alt, _):
                    parts.append(f"![{_plain(alt)}]({name}.svg)")
                case Grid(columns, rows):
                    lines = [_row(columns), "|" + "---|" * len(columns), *map(_row, rows)]
                    parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def html(document: Document) -> str:
    """Return the document as one HTML page with its plots inside."""
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(document.title)}</title><style>{_STYLE}</style></head><body>"
        f"<h1>{escape(document.title)}</h1>"
    ]
    for section in document.sections:
        parts.append(f"<h{section.level}>{escape(section.title)}</h{section.level}>")
        for block in section.blocks:
            match block:
                case Paragraph(text, warning):
                    mark = ' class="warning"' if warning else ""
                    parts.append(f"<p{mark}>{escape(text)}</p>")
                case Plot(_, alt, svg):
                    parts.append(f"<figure>{svg}<figcaption>{escape(alt)}</figcaption></figure>")
                case Grid(columns, rows):
                    head = "".join(f"<th>{escape(name)}</th>" for name in columns)
                    body = "".join(
                        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
                    )
                    parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
    return "\n".join(parts) + "\n</body></html>\n"


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_plain, cells)) + " |"


def _plain(text: str) -> str:
    """Return a text in which Markdown reads no mark, on one line."""
    flat = " ".join(text.split())
    return _marks.sub(r"\\\1", escape(flat, quote=False))
