"""The report on an audit bundle for people to read: as text, and as HTML that prints.

Pure: a bundle and what checking it found go in, a document comes out. Whatever stands in the bundle is a
stranger's text: it is escaped in HTML, and no control character of it reaches a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from proof import canonical
from proof.bundle import Bundle, BundleEntry
from proof.entry import Body, format_time
from proof.errors import ProofError
from proof.key_holder import key_holder
from proof.verdict import printable
from proof.verdicts import bundle_headline
from workflows.audit import AuditReport

Format = Literal["text", "html"]

_STYLE = (
    "@page{size:A4;margin:18mm}body{font:10pt/1.4 sans-serif;color:#111;background:#fff;margin:2em}"
    "table{border-collapse:collapse;width:100%}thead{display:table-header-group}tr{break-inside:avoid}"
    "th,td{border:1px solid #999;padding:3px 6px;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
    "h2{break-after:avoid}"
)
# Nothing is loaded and nothing runs, whatever got into the page.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report: a table, and what is said where it has no rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    empty: str = "None."


def render(bundle: Bundle, report: AuditReport, form: Format) -> str:
    """Return the report: who did what, gaps and other findings, keys, and what is disclosed."""
    sections = sections_of(bundle, report)
    return _html(sections) if form == "html" else _text(sections)


def sections_of(bundle: Bundle, report: AuditReport) -> tuple[Section, ...]:
    """Return what the report tells, in its order."""
    entries = [(number, entry, _body(entry)) for number, entry in enumerate(bundle.case, 1)]
    gaps = [finding for finding in report.findings if finding.code == "bundle.stream"]
    others = [finding for finding in report.findings if finding.code != "bundle.stream"]
    return (
        Section("Result", ("What", "Finding"), tuple(_result(report))),
        Section(
            "Who did what",
            ("Entry", "Time (UTC)", "Actor", "Command", "Element steps"),
            tuple(_deed(number, entry, body) for number, entry, body in entries),
        ),
        Section(
            "Gaps",
            ("Where", "What"),
            tuple((gap.where, gap.message) for gap in gaps),
            f"None: the case's {len(entries)} entries follow one another from the first on.",
        ),
        Section(
            "Other findings",
            ("Code", "Where", "What"),
            tuple((finding.code, finding.where, finding.message) for finding in others),
        ),
        Section(
            "Keys", ("Entry", "Key", "Held by", "Valid by entry", "What it means"), tuple(_keys(entries))
        ),
        Section(
            "Coverage",
            ("Entry", "Element steps", "Disclosed", "Not disclosed"),
            tuple(_coverage(number, entry, body) for number, entry, body in entries),
        ),
    )


def _result(report: AuditReport) -> Iterable[tuple[str, str]]:
    yield "Verdict", bundle_headline(holds=report.ok)
    yield "Case", report.case
    yield "Log", f"{report.log}, {report.log_size} entries"
    yield "Log's key", "the one that was given" if report.pinned else "the file's own: compare it with yours"
    yield "Entries of the case", str(report.entries)
    yield (
        "Re-executed",
        f"{report.commands} commands; after the last the case is {report.status}"
        if report.reexecuted
        else "no: not all commands are disclosed, or findings stand against it",
    )
    yield "Not disclosed", f"{report.withheld}; the file cannot tell what was erased from what was withheld"
    yield "Cosigned by", ", ".join(key.partition("+")[0] for key in report.cosigned_by) or "nobody"
    yield "Signatures checked by", ", ".join(report.verified_by)


def _deed(number: int, entry: BundleEntry, body: Body | None) -> tuple[str, ...]:
    if body is None:
        return (str(number), "", "", "", "The entry cannot be read.")
    return (str(number), format_time(body.occurred_at), body.actor, body.kind, _steps(entry, body))


def _steps(entry: BundleEntry, body: Body) -> str:
    if entry.events is None:
        return f"{body.events_count}, not disclosed" if body.events_count else "none"
    try:
        events = canonical.decode(entry.events)
    except ProofError:
        return "cannot be read"
    told = (
        [_step(event) for event in events if isinstance(event, Mapping)] if isinstance(events, list) else []
    )
    return "; ".join(told) or "none"


def _step(event: Mapping[str, object]) -> str:
    return " ".join(str(event[name]) for name in ("element", "kind") if event.get(name) is not None)


def _keys(entries: Sequence[tuple[int, BundleEntry, Body | None]]) -> Iterable[tuple[str, ...]]:
    for number, _, body in entries:
        if body is None:
            continue
        try:
            holder = key_holder(body)
        except ProofError as error:
            yield str(number), body.key_id, "unknown", "", f"{error.code}: {error.message}"
        else:
            by = holder.account or "the platform"
            valid_by = holder.valid_by or "not told by the bundle"
            yield str(number), holder.key_id, by, valid_by, holder.told


def _coverage(number: int, entry: BundleEntry, body: Body | None) -> tuple[str, ...]:
    if body is None:
        return (str(number), "unknown", "", "")
    steps = "disclosed" if entry.events is not None else "not disclosed" if body.events_count else "none"
    withheld = body.commitments.keys() - entry.openings.keys()
    return (str(number), steps, ", ".join(sorted(entry.openings)), ", ".join(sorted(withheld)))


def _body(entry: BundleEntry) -> Body | None:
    try:
        return Body.decode(entry.envelope.body)
    except ProofError:
        return None


def _text(sections: Iterable[Section]) -> str:
    lines = ["AUDIT REPORT"]
    for section in sections:
        lines += ["", section.title.upper(), ""]
        if not section.rows:
            lines.append(section.empty)
        for row in section.rows:
            cells = zip(section.columns, map(printable, row), strict=True)
            lines.append("- " + " | ".join(f"{column}: {cell}" for column, cell in cells if cell))
    return "\n".join(lines) + "\n"


def _html(sections: Iterable[Section]) -> str:
    body = "".join(
        f"<h2>{escape(section.title)}</h2>"
        + (_table(section) if section.rows else f"<p>{escape(section.empty)}</p>")
        for section in sections
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        f"<title>Audit report</title><style>{_STYLE}</style></head>"
        f"<body><h1>Audit report</h1>{body}</body></html>\n"
    )


def _table(section: Section) -> str:
    rows = "".join(_row("td", row, printable) for row in section.rows)
    return f"<table><thead>{_row('th', section.columns, str)}</thead><tbody>{rows}</tbody></table>"


def _row(tag: str, cells: Iterable[str], shown: Callable[[str], str]) -> str:
    return "<tr>" + "".join(f"<{tag}>{escape(shown(cell))}</{tag}>" for cell in cells) + "</tr>"
