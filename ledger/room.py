"""The ledger's tables, for the database."""

from __future__ import annotations

from core.database import Room

ROOM = Room("ledger", "ledger.models", "ledger.migrations")
