"""The libraries of the optional extra `challenger`, or the error that tells how to get them."""

from __future__ import annotations

import importlib
from typing import Any

from core.errors import Unavailable


def lightgbm() -> Any:
    """Return LightGBM.

    Raises:
        Unavailable: `scoring.challenger_extra` when it is not installed.
    """
    return _loaded("lightgbm")


def histogram_boosting() -> Any:
    """Return scikit-learn's class `HistGradientBoostingClassifier`.

    Raises:
        Unavailable: `scoring.challenger_extra` when it is not installed.
    """
    return _loaded("sklearn.ensemble").HistGradientBoostingClassifier


def _loaded(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as missing:
        raise Unavailable(
            "scoring.challenger_extra",
            f"A challenger needs {module}, which is not installed: {missing}.",
            where=module,
            hint="Install the extra: pip install 'scf[challenger]'.",
        ) from None
