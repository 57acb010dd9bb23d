"""Where the conformance cases, trade documents and data sets of others are found."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_path(*parts: str) -> Path:
    """Return the path of shared test material, or skip the test with the reason."""
    base = Path(os.environ.get("SCF_SHARED", ROOT.parent / "shared"))
    path = base.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{'/'.join(parts)} is not here; set SCF_SHARED to the folder that holds it")
    return path
