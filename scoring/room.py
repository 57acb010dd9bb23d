"""The room's place in the database."""

from __future__ import annotations

from typing import Final

from core.database import Room

ROOM: Final = Room("scoring", "scoring.models", "scoring.migrations")
