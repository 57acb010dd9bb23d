"""This room's tables."""

from __future__ import annotations

from core import Room

ROOM = Room("workflows", "workflows.models", "workflows.migrations")
