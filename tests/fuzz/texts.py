"""Breaking texts: what people, converters and attackers do to the characters of a file."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

#: Pieces that have troubled readers of text before.
PIECES = (
    "",
    " ",
    "\u0000",
    "\u200b",
    "\u202e",
    "\ufeff",
    "\ud800",
    "\U0001f600",
    "e\u0301",
    "İ",
    "ß",
    "٣",
    "²",
    "-",
    "--",
    "0",
    "-0",
    "1e6144",
    "1e-6176",
    "1E+999999999",
    "9" * 60,
    "1" * 5_000,
    "NaN",
    "Infinity",
    "sNaN",
    "null",
    "true",
    "=",
    "= ",
    "=1/0",
    "=x",
    "=[1,2,3]",
    '="' + "a" * 300 + '"',
    "=(" * 60,
    "(" * 400,
    "P",
    "PT",
    "P0D",
    "-P1Y",
    "PT0S",
    "P999999999Y",
    "PT999999999999S",
    "P1Y2M3DT4H5M6.789S",
    "R/P1D",
    "R-1/PT1S",
    "R0/PT1S",
    "R999999999/P1M",
    "R3/2026-01-01T00:00:00Z/PT1H",
    "2026-02-30",
    "0000-01-01",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59.999999-23:59",
    "2026-01-01T24:00:00Z",
    "2026-01-01T10:00:00@Europe/Paris",
    "2026-01-01T10:00:00@../../etc/passwd",
    "-999999999-01-01",
    "10:00:00@Etc/UTC",
    "10:00:00.123456789+14:00",
    "%s%n",
    "../../x",
    "a" * 70_000,
)


def piece(random: Random) -> str:
    """One of the troublesome pieces, long ones seldom."""
    chosen = random.choice(PIECES)
    return chosen if len(chosen) < 1_000 or random.random() < 0.05 else "x"


def mutate(random: Random, text: str) -> str:
    """Change a text in one to four ways."""
    for _ in range(random.randint(1, 4)):
        text = random.choice(_CHANGES)(random, text)
    return text[:200_000]


def mutate_bytes(random: Random, content: bytes) -> bytes:
    """Change bytes in one to eight places, or cut and double a stretch."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        at = random.randrange(len(changed) + 1)
        what = random.random()
        if what < 0.5 and at < len(changed):
            changed[at] = random.randrange(256)
        elif what < 0.7:
            del changed[at : at + random.randint(1, 40)]
        elif what < 0.9:
            changed[at:at] = piece(random).encode("utf-8", "surrogatepass")
        else:
            changed[at:at] = changed[at : at + random.randint(1, 200)] * random.randint(1, 3)
    return bytes(changed)


def _place(random: Random, text: str) -> int:
    return random.randrange(len(text) + 1)


def _insert(random: Random, text: str) -> str:
    at = _place(random, text)
    return text[:at] + piece(random) + text[at:]


def _replace(random: Random, text: str) -> str:
    at = _place(random, text)
    return text[:at] + chr(random.choice((random.randrange(128), random.randrange(0x3000)))) + text[at + 1 :]


def _cut(random: Random, text: str) -> str:
    at = _place(random, text)
    return text[:at] + text[at + random.randint(1, 8) :]


def _double(random: Random, text: str) -> str:
    at = _place(random, text)
    return text[:at] + text[at : at + random.randint(1, 12)] * random.randint(2, 4) + text[at:]


def _swap(random: Random, text: str) -> str:
    one, other = sorted((_place(random, text), _place(random, text)))
    return text[other:] + text[one:other] + text[:one]


_CHANGES: tuple[Callable[[Random, str], str], ...] = (
    _insert,
    _insert,
    _replace,
    _replace,
    _cut,
    _double,
    _swap,
)
