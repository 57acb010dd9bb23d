"""Programs of others, written in Go: built once into the cache, or the test is skipped with the reason."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from scf.temporal_server import cache_folder
from support.tools import require


def go_command(what: str) -> str:
    """Return Go's command, which builds `what`."""
    go = shutil.which("go")
    require(go is not None, f"Go is missing; it builds {what}: https://go.dev/doc/install")
    return str(go)


def go_tool(module: str) -> Path:
    """Return the program that `go install MODULE@VERSION` builds; each version has a folder of its own."""
    path, version = module.split("@")
    folder = cache_folder() / "go" / version
    program = folder / path.rpartition("/")[2]
    if program.exists():
        return program
    go = go_command(module)
    folder.mkdir(parents=True, exist_ok=True)
    built = subprocess.run(
        [go, "install", module],
        env={**os.environ, "GOBIN": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    require(built.returncode == 0, f"{module} cannot be built here: {built.stderr[-300:]}")
    return program
