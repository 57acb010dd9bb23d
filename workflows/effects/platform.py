"""Every job type that this release performs."""

from __future__ import annotations

from workflows.effects import factoring, monitoring
from workflows.effects.registry import Effects


def platform_effects() -> Effects:
    """Return a registry of all job types."""
    effects = Effects()
    effects.include(factoring.effects)
    effects.include(monitoring.effects)
    return effects
