"""CSV files as rows of texts, plain or gzip'd."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import InvalidInput, NotFound


def read_rows(path: Path, needed: Sequence[str]) -> list[Mapping[str, str]]:
    """Return a file's rows, each as column → text without white space around.

    Args:
        path: a CSV file in UTF-8 with a header row; gzip'd when it ends in `.gz`.
        needed: columns that must be there.

    Raises:
        NotFound: `scoring.file_missing`.
        InvalidInput: `scoring.file_unreadable`, `scoring.column_missing`, `scoring.row_length`,
            `scoring.no_rows`.
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
    names = [name.strip() for name in lines[0]]
    for name in needed:
        if name not in names:
            raise InvalidInput("scoring.column_missing", f"{path.name} has no column {name!r}.", where=name)
    for number, line in enumerate(lines[1:], start=1):
        if len(line) != len(names):
            raise InvalidInput(
                "scoring.row_length",
                f"Row {number} has {len(line)} cells and the header {len(names)}.",
                where=f"row {number}",
            )
    return [dict(zip(names, (cell.strip() for cell in line), strict=True)) for line in lines[1:]]
