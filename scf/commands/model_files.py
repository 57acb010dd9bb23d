"""Reading the files of a process model for the commands that work on models."""

from __future__ import annotations

from pathlib import Path

from core.errors import NotFound

EXIT_FINDINGS = 6
_MODEL_FILES = (".bpmn", ".dmn", ".form")


def read_sources(model: Path) -> dict[str, str]:
    """The texts of a BPMN file, or of the BPMN, DMN and form files of a folder, by file name.

    Raises:
        NotFound: `process.model_missing`.
    """
    files = [model] if model.is_file() else sorted(model.glob("*")) if model.is_dir() else []
    sources = {path.name: path.read_text("utf-8") for path in files if path.suffix in _MODEL_FILES}
    if not sources:
        raise NotFound("process.model_missing", "No BPMN file is there.", where=str(model))
    return sources
