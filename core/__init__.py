"""The floor: errors, money, time, ids, settings and the database. Knows no other room."""

from core.clock import BusinessTime, Clock, SystemClock
from core.database import Database, Room, Transaction
from core.errors import Broken, Conflict, Forbidden, InvalidInput, NotFound, ScfError, Unavailable
from core.ids import derived_id, random_id
from core.money import Money, minor_units, total

__all__ = [
    "Broken",
    "BusinessTime",
    "Clock",
    "Conflict",
    "Database",
    "Forbidden",
    "InvalidInput",
    "Money",
    "NotFound",
    "Room",
    "ScfError",
    "SystemClock",
    "Transaction",
    "Unavailable",
    "derived_id",
    "minor_units",
    "random_id",
    "total",
]
