"""Bundles: the BPMN, DMN and form files that are deployed together, under the hash of their content."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from bpmn import Finding, Kernel, Model, ModelRefused, compile_model
from bpmn.model.compile import content_hash
from core import InvalidInput
from workflows.forms import check_form

LARGEST_BUNDLE = 10_000_000
"""Bytes that the files of a bundle may have together, in UTF-8."""

_FORM = ".form"
_MODEL_KINDS = (".bpmn", ".dmn", _FORM)
# Names travel through canonical JSON, which is ASCII, and become files of whoever downloads the bundle.
_FILE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,194}\.(bpmn|dmn|form)")
_NUL = "\\u0000"


def is_model_file(name: str) -> bool:
    """Tell whether a file of this name belongs into a bundle."""
    return name.endswith(_MODEL_KINDS)


def require_files(key: str, sources: Mapping[str, str]) -> None:
    """Refuse what is no bundle of the process `key`, whatever its files say.

    Raises:
        InvalidInput: `definition.file_missing`, `definition.file_unknown`, `definition.text_invalid` or
            `definition.too_large`.
    """
    if f"{key}.bpmn" not in sources:
        raise InvalidInput(
            "definition.file_missing", f"The process {key} needs the file {key}.bpmn.", where="sources"
        )
    for name in sources:
        if not _FILE_NAME.fullmatch(name):
            raise InvalidInput(
                "definition.file_unknown",
                f"{name} is no .bpmn, .dmn or .form file, or no plain file name.",
                where=f"sources.{name}",
                hint="Use letters, digits, dots, dashes, underscores and blanks.",
            )
    try:
        size = sum(len(text.encode()) for text in sources.values())
    except UnicodeEncodeError:
        raise InvalidInput(
            "definition.text_invalid", "A file holds what is no Unicode text.", where="sources"
        ) from None
    if size > LARGEST_BUNDLE:
        raise InvalidInput(
            "definition.too_large",
            f"The files have more than {LARGEST_BUNDLE // 1_000_000} MB together.",
            where="sources",
            hint="Remove what the process does not call, or pictures from its documentation.",
        )


def bundle_hash(key: str, sources: Mapping[str, str]) -> str:
    """Return the content hash of a bundle: the one of the model that it compiles to."""
    return content_hash(encoded(sources), key)


def require_no_error(findings: Sequence[Finding]) -> None:
    """Refuse a bundle in which the check found an error.

    Raises:
        InvalidInput: the code of the first error.
    """
    if any(finding.severity == "error" for finding in findings):
        raise _refused(ModelRefused(findings))


def compiled(key: str, sources: Mapping[str, str], kernel: Kernel | None = None) -> Model:
    """Compile a bundle for a kernel, the newest unless one is given.

    Raises:
        InvalidInput: the code of the first error.
    """
    try:
        return compile_model(encoded(sources), process=key, kernel=kernel)
    except ModelRefused as refused:
        raise _refused(refused) from refused


def encoded(sources: Mapping[str, str]) -> dict[str, bytes]:
    """Return the files as the engine takes them."""
    return {name: text.encode() for name, text in sources.items()}


def forms(sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the forms among the files, by id.

    Raises:
        InvalidInput: `form.invalid`.
    """
    found: dict[str, Any] = {}
    for name, text in sources.items():
        if name.endswith(_FORM):
            try:
                if _NUL in text:
                    raise ValueError("U+0000 cannot be stored")
                form = orjson.loads(text)
                found[form["id"]] = form
            except (ValueError, KeyError, TypeError):  # what orjson raises is a ValueError
                raise InvalidInput(
                    "form.invalid",
                    "The form is not a form-js schema with an id.",
                    where=f"sources.{name}",
                ) from None
    return found


def form_findings(sources: Mapping[str, str]) -> list[Finding]:
    """Return what the engine's own check of forms does not know: what cannot be stored, or not be checked."""
    findings = []
    for name, text in sources.items():
        if name.endswith(_FORM):
            try:
                _check_form(text)
            except InvalidInput as refused:
                place = f" (at {refused.where})" if refused.where else ""
                findings.append(
                    Finding(
                        refused.code,
                        "error",
                        None,
                        f"{refused.message}{place}",
                        refused.hint or "Correct the form.",
                        name,
                    )
                )
    return findings


def _check_form(text: str) -> None:
    if _NUL in text:
        raise InvalidInput(
            "form.invalid",
            "The form holds the character U+0000, which cannot be stored.",
            hint="Leave it out.",
        )
    try:
        form = orjson.loads(text)
    except orjson.JSONDecodeError:
        return  # the engine's check tells it
    check_form(form)


def _refused(refused: ModelRefused) -> InvalidInput:
    return InvalidInput(refused.code, refused.message, where=refused.where, hint=refused.hint)
