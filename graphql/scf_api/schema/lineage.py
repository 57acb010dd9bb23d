"""From a score to its source fields: each figure, the document that it stands in, and what proves them."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import orjson
import strawberry

import scoring
from scf_api import views
from scf_api.context import Info
from scf_api.repository import Row
from scf_api.schema.describe import output, resolved
from scf_api.schema.relay import one

if TYPE_CHECKING:
    from scf_api.schema.documents import Document

# How a source names a document that was imported.
_DOCUMENT = re.compile(r".*\bdocument ([0-9a-f-]{36})", re.DOTALL)


@output
class ScoredFigure:
    """A figure that a score was computed from, and where it came from."""

    document_key: strawberry.Private[UUID | None]
    name: str
    value: str | None = strawberry.field(description="Null was not known.")
    source: str | None = strawberry.field(
        description="What told it; null for scores that were given before sources were kept."
    )
    observed_on: date | None = strawberry.field(
        description="The day on which it was known, or that it is of."
    )
    field: str | None = strawberry.field(description="Where it stands in the document, as a JSON pointer.")

    @resolved
    async def document(
        self, info: Info
    ) -> Annotated[Document, strawberry.lazy("scf_api.schema.documents")] | None:
        """The document that it stands in, for those who may see it."""
        from scf_api.schema.documents import Document

        return await one(info, views.DOCUMENT, self.document_key, Document.from_row)


@output
class ScoreLineage:
    """What a score was computed from. The SHA-256 of `canonicalInputs` is the score's `inputsHash`."""

    canonical_inputs: str = strawberry.field(
        description="JSON with sorted names and no spaces, decimals as text, null for what was not known."
    )
    hash_matches: bool = strawberry.field(
        description="Whether they have this hash; who does not trust the platform computes it anew."
    )
    figures: list[ScoredFigure]


def lineage_of(row: Row) -> ScoreLineage | None:
    """Build it from inputs, inputs_hash and sources of a row of `scoring.run_view`; None if it was erased."""
    if not row["inputs_hash"]:
        return None
    inputs: dict[str, str | None] = orjson.loads(row["inputs"])
    sources: dict[str, dict[str, str]] = orjson.loads(row["sources"] or "{}")
    return ScoreLineage(
        canonical_inputs=scoring.canonical_inputs(inputs).decode(),
        hash_matches=scoring.inputs_hash(inputs) == row["inputs_hash"],
        figures=[_figure(name, inputs[name], sources.get(name)) for name in sorted(inputs)],
    )


def _figure(name: str, value: str | None, told: dict[str, str] | None) -> ScoredFigure:
    source = told["source"] if told else None
    named = _DOCUMENT.fullmatch(source) if source else None
    return ScoredFigure(
        document_key=UUID(named[1]) if named else None,
        name=name,
        value=value,
        source=source,
        observed_on=date.fromisoformat(told["observedOn"]) if told else None,
        field=f"/figures/{name}" if named else None,
    )
