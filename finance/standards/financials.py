"""`scf-financials/1`: a company's figures as JSON, the feature inputs of the scorecard.

{"format": "scf-financials/1", "synthetic": true,
"party": {"identifier": "vat:DE811234567", "name": "Nordhafen Spedition GmbH", "country": "DE"},
"periodEnd": "2025-12-31", "publishedOn": "2026-01-15", "currency": "EUR",
"figures": {"sector": "logistics", "years_trading": "14", "equity_ratio": null}}

`publishedOn` may be left out: the figures are then known from the day on which they came in.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import Any, Protocol

import orjson

from core.errors import InvalidInput
from core.money import MINOR_UNITS
from finance.standards.trade import Finding, ParsedDocument, PartyFinancials, TradeParty

FORMAT = "scf-financials/1"
SECTORS = ("logistics", "retail", "manufacturing", "other")

_FIGURE = re.compile(r"-?\d{1,12}(\.\d{1,8})?", re.ASCII)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}", re.ASCII)
_IDENTIFIER = re.compile(r"[a-z0-9:_-]{1,40}:[A-Z0-9]{1,120}", re.ASCII)
_MAX_BYTES = 256 * 1024
_MAX_FIGURES = 200


def parse(content: bytes, *, filename: str) -> ParsedDocument:
    """Read a financial statement; figures are decimal strings or null, so that nothing is rounded on the way.

    Raises:
        InvalidInput: `document.too_large`, `document.malformed`, `document.kind_unknown`.
    """
    if len(content) > _MAX_BYTES:
        raise InvalidInput(
            "document.too_large", f"At most {_MAX_BYTES:,} bytes of JSON are taken.", where=filename
        )
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            "document.malformed",
            f"This is not JSON: {error}.",
            where=f"{filename}, line {error.lineno}",
            hint="Send the file again as its system wrote it.",
        ) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InvalidInput(
            "document.kind_unknown",
            f"This JSON is not {FORMAT}.",
            where=f"{filename} /format",
            hint=f'Give "format": "{FORMAT}".',
        )
    try:
        digest = hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except orjson.JSONEncodeError as error:  # it reads deeper nesting than it writes
        raise InvalidInput(
            "document.malformed",
            "This JSON is nested too deeply.",
            where=filename,
            hint="A financial statement has two levels.",
        ) from error
    findings: list[Finding] = []
    statement = _statement(data, findings)
    return ParsedDocument(
        kind="financial-statement",
        digest=digest,
        number=None,
        content=None if findings else statement,
        findings=tuple(findings),
    )


class Note(Protocol):
    """Notes a finding."""

    def __call__(self, code: str, message: str, where: str, hint: str) -> None:
        """Add an error finding at a JSON pointer."""


def _statement(data: dict[str, Any], findings: list[Finding]) -> PartyFinancials:
    def note(code: str, message: str, where: str, hint: str) -> None:
        findings.append(Finding(f"financials.{code}", message, where, hint))

    party = data.get("party")
    party = party if isinstance(party, dict) else {}
    name, identifier, country = (party.get(key) for key in ("name", "identifier", "country"))
    if not isinstance(name, str) or not 0 < len(name.strip()) <= 500 or "\x00" in name:
        note("name_missing", "The company has no name.", "/party/name", "Give its registered name.")
        name = ""
    if not isinstance(identifier, str) or not _IDENTIFIER.fullmatch(identifier):
        note(
            "identifier_invalid",
            "The company has no identifier of the form scheme:ID.",
            "/party/identifier",
            "Give for example vat:DE811234567.",
        )
        identifier = ""
    if country is not None and not (isinstance(country, str) and re.fullmatch(r"[A-Z]{2}", country)):
        note("country_invalid", "This is not a country code.", "/party/country", "Use ISO 3166-1, like DE.")
        country = None
    day = _day(data.get("periodEnd"))
    if day is None:
        note("period_invalid", "The period's end is not a date.", "/periodEnd", "Write YYYY-MM-DD.")
    published = _day(data.get("publishedOn"))
    if data.get("publishedOn") is not None and (published is None or published < (day or date.min)):
        note(
            "publication_invalid",
            "The day of publication is no date, or before the period's end.",
            "/publishedOn",
            "Write YYYY-MM-DD, or leave it out.",
        )
    currency = data.get("currency")
    if not isinstance(currency, str) or currency not in MINOR_UNITS:
        note("currency_unknown", "The currency is not one that the platform books.", "/currency", "Use EUR.")
    synthetic = data.get("synthetic")
    if not isinstance(synthetic, bool):
        note("label_missing", "It is not told whether the figures are synthetic.", "/synthetic", "Say so.")
    figures = _figures(data.get("figures"), note)
    return PartyFinancials(
        party=TradeParty(name.strip(), (identifier,), country),
        sector=figures.get("sector") or "other",
        period_end=day or date.min,
        published_on=published,
        currency=str(currency),
        synthetic=synthetic is True,
        figures=figures,
    )


def _day(text: object) -> date | None:
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return day if day is not None and 1900 <= day.year <= 2200 else None


def _figures(figures: object, note: Note) -> dict[str, str | None]:
    if not isinstance(figures, dict) or not figures or len(figures) > _MAX_FIGURES:
        note("figures_missing", "There are no figures.", "/figures", "Give decimal strings or null by name.")
        return {}
    for name, value in figures.items():
        if name == "sector":
            if value is not None and value not in SECTORS:
                note(
                    "sector_unknown",
                    "The sector is unknown.",
                    "/figures/sector",
                    f"Use one of {', '.join(SECTORS)}.",
                )
        elif not _NAME.fullmatch(name) or not (
            value is None or (isinstance(value, str) and _FIGURE.fullmatch(value))
        ):
            note(
                "figure_invalid",
                "A figure is a decimal string or null under a lower-case name.",
                f"/figures/{name[:60]}",
                'Write for example "current_ratio": "1.35".',
            )
    return figures
