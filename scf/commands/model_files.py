"""The files of a model, as commands are given them: one file, a folder, or the key of a shipped product."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from bpmn import BpmnError, Model, compile_model
from core.errors import InvalidInput, NotFound
from workflows.definitions import product_sources, shipped_products

_MODEL_FILES = (".bpmn", ".dmn", ".form")


def model_sources(model: Path) -> dict[str, str]:
    """Read a model's files; file name → text.

    Raises:
        NotFound: `process.model_missing`.
    """
    files = [model] if model.is_file() else sorted(model.glob("*")) if model.is_dir() else []
    sources = {path.name: path.read_text("utf-8") for path in files if path.suffix in _MODEL_FILES}
    if not sources:
        raise NotFound("process.model_missing", "No BPMN file is there.", where=str(model))
    return sources


def encoded_sources(model: Path) -> dict[str, bytes]:
    """Read a model's files, or those of the shipped product of that key, as the engine takes them.

    Raises:
        NotFound: `process.model_missing`.
    """
    shipped = not model.exists() and str(model) in shipped_products()
    sources = product_sources(str(model)) if shipped else model_sources(model)
    return {name: text.encode() for name, text in sources.items()}


def compiled(model: Path) -> Model:
    """Compile a model, or the shipped product of that key.

    Raises:
        NotFound: `process.model_missing`.
        InvalidInput: with the code of the first finding that refuses it.
    """
    try:
        return compile_model(encoded_sources(model))
    except BpmnError as wrong:
        raise as_input_error(wrong) from wrong


def as_input_error(wrong: BpmnError) -> InvalidInput:
    """The platform's error for what the engine refuses: the same code, place and advice."""
    return InvalidInput(wrong.code, wrong.message, where=wrong.where, hint=wrong.hint)


def read_json(path: Path) -> dict[str, Any]:
    """Read a file that holds a JSON object.

    Raises:
        NotFound: `process.file_missing`.
        InvalidInput: `process.no_json`.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except OSError as error:
        raise NotFound("process.file_missing", "The file cannot be read.", where=str(path)) from error
    except orjson.JSONDecodeError as error:
        raise InvalidInput("process.no_json", f"The file is no JSON: {error}.", where=str(path)) from error
    if not isinstance(document, dict):
        raise InvalidInput("process.no_json", "The file holds no JSON object.", where=str(path))
    return document
