"""Identifiers: derived where a retry must find the same one, random where nothing is known yet."""

from __future__ import annotations

import secrets
from uuid import UUID, uuid5

# One namespace for everything the platform derives; a derived id tells nothing without its parts.
NAMESPACE = UUID("5cf00000-5cf0-5cf0-8cf0-5cf05cf05cf0")


def derived_id(*parts: object) -> UUID:
    """Return the UUIDv5 of the parts: the same parts give the same id on every retry and machine.

    Parts are joined with a unit separator, so ("a", "bc") and ("ab", "c") differ.
    """
    return uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts))


def random_id() -> UUID:
    """Return a random UUIDv4 from the operating system's source."""
    return UUID(bytes=secrets.token_bytes(16), version=4)
