"""Plots as SVG, written by hand: no library, no script, nothing loaded, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_WIDTH: Final = 480
_HEIGHT: Final = 330
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 24, 14, 46
_INK: Final = "#222222"
_GRID: Final = "#dddddd"
# Two colours that people with any colour vision tell apart (Okabe and Ito 2008).
GOOD: Final = "#0072b2"
BAD: Final = "#d55e00"


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from `low` to `high` with ticks at `ticks`, written by `form` (a format specification)."""

    title: str
    low: float
    high: float
    ticks: Sequence[float]
    form: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A point with the bounds of its interval along the upright axis."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram's bars of one colour: their heights, one per bin."""

    label: str
    colour: str
    heights: Sequence[float]


def line_plot(x: Axis, y: Axis, points: Sequence[tuple[float, float]], alt: str) -> str:
    """Return a line above the diagonal of chance."""
    plot = _Plot(x, y)
    path = " ".join(f"{plot.x(a):.1f},{plot.y(b):.1f}" for a, b in points)
    return plot.svg(
        alt, plot.diagonal(), f'<polyline points="{path}" fill="none" stroke="{GOOD}" stroke-width="2"/>'
    )


def marked_plot(x: Axis, y: Axis, points: Sequence[Marked], alt: str) -> str:
    """Return points with their intervals beside the diagonal on which predictions come true."""
    plot = _Plot(x, y)
    marks = []
    for one in points:
        at = f"{plot.x(one.x):.1f}"
        marks.append(
            f'<line x1="{at}" x2="{at}" y1="{plot.y(one.low):.1f}" y2="{plot.y(one.high):.1f}" '
            f'stroke="{GOOD}" stroke-width="1.5"/><circle cx="{at}" cy="{plot.y(one.y):.1f}" r="3.5" '
            f'fill="{GOOD}"/>'
        )
    return plot.svg(alt, plot.diagonal(), *marks)


def histogram(x: Axis, y: Axis, edges: Sequence[float], bars: Sequence[Bars], alt: str) -> str:
    """Return histograms over each other, with a legend."""
    plot = _Plot(x, y)
    drawn = []
    for number, one in enumerate(bars):
        for low, high, height in zip(edges[:-1], edges[1:], one.heights, strict=True):
            top = plot.y(height)
            drawn.append(
                f'<rect x="{plot.x(low):.1f}" y="{top:.1f}" width="{plot.x(high) - plot.x(low):.1f}" '
                f'height="{plot.y(y.low) - top:.1f}" fill="{one.colour}" fill-opacity="0.5"/>'
            )
        line = _TOP + 14 + 18 * number
        drawn.append(
            f'<rect x="{_LEFT + 10}" y="{line - 10}" width="12" height="12" fill="{one.colour}" '
            f'fill-opacity="0.5"/>{_text(_LEFT + 28, line, one.label, "start")}'
        )
    return plot.svg(alt, *drawn)


class _Plot:
    """Axes, and where numbers lie on them."""

    def __init__(self, x: Axis, y: Axis) -> None:
        self._x, self._y = x, y

    def x(self, number: float) -> float:
        return _LEFT + _share(self._x, number) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, number: float) -> float:
        return _HEIGHT - _BOTTOM - _share(self._y, number) * (_HEIGHT - _TOP - _BOTTOM)

    def diagonal(self) -> str:
        low, high = max(self._x.low, self._y.low), min(self._x.high, self._y.high)
        return _line(
            self.x(low), self.y(low), self.x(high), self.y(high), "#888888", ' stroke-dasharray="4 4"'
        )

    def svg(self, alt: str, *inside: str) -> str:
        left, right, bottom = _LEFT, _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" role="img" font-family="sans-serif" font-size="12">',
            f"<title>{escape(alt)}</title>",
        ]
        for tick in self._x.ticks:
            at = self.x(tick)
            parts.append(_line(at, _TOP, at, bottom, _GRID))
            parts.append(_text(at, bottom + 16, format(tick, self._x.form), "middle"))
        for tick in self._y.ticks:
            at = self.y(tick)
            parts.append(_line(left, at, right, at, _GRID))
            parts.append(_text(left - 6, at + 4, format(tick, self._y.form), "end"))
        parts += inside
        parts.append(_line(left, bottom, right, bottom, _INK) + _line(left, _TOP, left, bottom, _INK))
        parts.append(_text((left + right) / 2, _HEIGHT - 10, self._x.title, "middle"))
        middle = (_TOP + bottom) / 2
        parts.append(
            f'<text x="14" y="{middle:.1f}" text-anchor="middle" fill="{_INK}" '
            f'transform="rotate(-90 14 {middle:.1f})">{escape(self._y.title)}</text></svg>'
        )
        return "".join(parts)


def _share(axis: Axis, number: float) -> float:
    return min(max((number - axis.low) / (axis.high - axis.low), 0.0), 1.0)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{more}/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}">{escape(text)}</text>'
