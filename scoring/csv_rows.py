"""CSV files as rows of texts, plain or gzip'd."""

from __future__ import annotations

import csv
import gzip
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import InvalidInput, NotFound


def read_lines(path: Path) -> tuple[list[str], list[list[str]]]:
    """Return a file's header and its rows, each as long as the header, without white space around a cell.

    Args:
        path: a CSV file in UTF-8 with a header row; gzip'd when it ends in `.gz`.

    Raises:
        NotFound: `scoring.file_missing`.
        InvalidInput: `scoring.file_unreadable`, `scoring.no_rows`, `scoring.column_duplicate`,
            `scoring.row_length`.
    """
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8-sig")
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except FileNotFoundError:
        raise NotFound("scoring.file_missing", "There is no such file.", where=str(path)) from None
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidInput(
            "scoring.file_unreadable",
            f"This is not a CSV file in UTF-8: {error}.",
            where=str(path),
            hint="Give a CSV file with a header row, plain or with the ending .gz when gzip'd.",
        ) from None
    if len(lines) < 2:
        raise InvalidInput("scoring.no_rows", f"{path.name} has no rows.", where=str(path))
    names, *rows = [[cell.strip() for cell in line] for line in lines]
    refuse_duplicates(names)
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise InvalidInput(
                "scoring.row_length",
                f"Row {number} has {len(row)} cells and the header {len(names)}.",
                where=f"row {number}",
            )
    return names, rows


def read_rows(path: Path, needed: Sequence[str]) -> list[Mapping[str, str]]:
    """Return a file's rows, each as column → text; the columns that are needed must be there.

    Raises:
        NotFound, InvalidInput: what `read_lines` raises, and `scoring.column_missing`.
    """
    names, rows = read_lines(path)
    for name in needed:
        if name not in names:
            raise InvalidInput("scoring.column_missing", f"{path.name} has no column {name!r}.", where=name)
    return [dict(zip(names, row, strict=True)) for row in rows]


def refuse_duplicates(names: Sequence[str]) -> None:
    """Refuse a header in which a column stands twice.

    Raises:
        InvalidInput: `scoring.column_duplicate`.
    """
    for name, times in Counter(names).items():
        if times > 1:
            raise InvalidInput(
                "scoring.column_duplicate",
                f"The column {name!r} stands there {times} times.",
                where=name,
                hint="Rename or remove all but one.",
            )
