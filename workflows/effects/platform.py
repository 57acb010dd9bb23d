"""Every job type that this release performs."""

from __future__ import annotations

from scoring.service import ScoringService
from workflows.effects import factoring, monitoring
from workflows.effects.proposals import proposal_effects
from workflows.effects.registry import Effects


def platform_effects(scoring: ScoringService | None = None) -> Effects:
    """Return a registry of all job types; scores come from the service, or else from this process."""
    effects = Effects()
    effects.include(factoring.effects)
    effects.include(proposal_effects(scoring))
    effects.include(monitoring.effects)
    return effects
