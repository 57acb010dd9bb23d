"""Tools that some tests need beside Python: absent on a developer's machine, never where CI runs."""

from __future__ import annotations

import os
import shutil

import pytest


def require(present: bool, reason: str) -> None:
    """Skip the test with the reason when something is missing; in CI, which installs all, fail it."""
    if not present:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def require_chromium() -> None:
    """Require the browser that the journeys drive."""
    require(
        shutil.which("chromium") is not None, "Chromium is missing; install it with: apt-get install chromium"
    )
