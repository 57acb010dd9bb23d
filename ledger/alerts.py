"""Alerts: what contradicts the log, for people to look at and to clear."""

from __future__ import annotations

from core.database import Database
from core.errors import InvalidInput, NotFound
from ledger import witness_repository
from ledger.witness_repository import AlertRow as Alert

__all__ = ["Alert", "alerts", "clear_alert"]


async def alerts(database: Database, *, every: bool = False) -> list[Alert]:
    """Return the open alerts, or also those that were cleared; the newest first."""
    async with database.reading() as connection:
        return await witness_repository.alerts(connection, every=every)


async def clear_alert(database: Database, alert: int, *, by: str, finding: str) -> None:
    """Close an alert after looking into it; publishing goes on when no other one stops it.

    Args:
        database: The ledger's.
        alert: Its number.
        by: Who looked.
        finding: What was found; it is kept with the alert.

    Raises:
        InvalidInput: `ledger.alert_finding_missing`.
        NotFound: `ledger.alert_unknown` when no open alert has this number.
    """
    if not finding.strip():
        raise InvalidInput("ledger.alert_finding_missing", "Say what was found; it is kept with the alert.")
    async with database.transaction() as tx:
        if not await witness_repository.clear_alert(tx.sql, alert, by, finding.strip()):
            raise NotFound(
                "ledger.alert_unknown",
                f"No alert {alert} is open.",
                hint="List them with: scf ledger status",
            )
