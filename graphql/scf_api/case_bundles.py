"""Whether and how the API gives audit bundles; `scf_api.bundle_routes` serves them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from core import Database

# Returns the bundle of a case, proven against the checkpoint of a size.
Export: TypeAlias = Callable[[Database, UUID, int], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class CaseBundles:
    """How bundles are made, and whether people of sellers and buyers get those of their own cases."""

    export: Export
    for_parties: bool = False
