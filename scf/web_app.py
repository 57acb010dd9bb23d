"""Where the built web app is: inside the installed package, put there by `make ui`."""

from __future__ import annotations

from pathlib import Path


def web_folder() -> Path | None:
    """Return the folder of the built web app; None when it was not built."""
    folder = Path(__file__).parent / "web"
    return folder if (folder / "index.html").exists() else None
