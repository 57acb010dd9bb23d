"""Finance: parties, trade documents, matching, limits, pricing, receivables, accounting and payments."""

from core.database import Room
from finance.documents import ImportOutcome, import_document
from finance.match_service import MatchOutcome, ReleasedMatch, match_invoice, release_match
from finance.matching import MatchException

ROOM = Room("finance", "finance.models", "finance.migrations")

__all__ = [
    "ROOM",
    "ImportOutcome",
    "MatchException",
    "MatchOutcome",
    "ReleasedMatch",
    "import_document",
    "match_invoice",
    "release_match",
]
