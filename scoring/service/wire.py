"""Requests and answers of the scoring service as JSON.

A decimal is `{"decimal": "1.50"}`, so that no reader makes it a float and a text stays a text; a day is an
ISO text. Values are carried as they are, wrong ones too: the scorer refuses them, with one code wherever it
runs. Answers are canonical JSON, with sorted keys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final, TypeVar

import orjson

from core import errors
from core.errors import Broken, InvalidInput, ScfError
from scoring.limit_raises import LimitRaise
from scoring.limits import CAPS, LimitInputs, LimitPolicy, LimitProposal
from scoring.scorer import Reason, Score
from scoring.service.interface import Proposed, Scored, ScoreRequest
from scoring.snapshot import Observation

_T = TypeVar("_T")
_FAMILIES: Final = {
    family.__name__: family
    for family in (errors.InvalidInput, errors.NotFound, errors.Conflict, errors.Forbidden, errors.Broken)
}


# -- writing


def request_json(asked: ScoreRequest | LimitInputs) -> bytes:
    """Return a request's JSON.

    Raises:
        InvalidInput: `scoring.value_type` for a value that JSON cannot carry, with its name.
    """
    if isinstance(asked, ScoreRequest):
        document = {
            "card_id": asked.card_id,
            "party": asked.party,
            "as_of": asked.as_of.isoformat(),
            "observations": [_named_plain(one.name, one) for one in asked.observations],
        }
    else:
        document = {one.name: _named_plain(one.name, getattr(asked, one.name)) for one in fields(asked)}
    return json.dumps(document).encode()


def answer_json(answer: Scored | Proposed) -> bytes:
    """Return an answer's canonical JSON."""
    return orjson.dumps(_plain(answer), option=orjson.OPT_SORT_KEYS)


def error_json(error: ScfError) -> bytes:
    """Return a refusal's JSON: its family, code, message, where and hint."""
    told = {"code": error.code, "message": error.message, "where": error.where, "hint": error.hint}
    return orjson.dumps({"error": {"family": type(error).__name__, **told}}, option=orjson.OPT_SORT_KEYS)


def _named_plain(name: str, value: object) -> Any:
    try:
        return _plain(value)
    except TypeError as error:
        raise InvalidInput("scoring.value_type", f"{name} is of a wrong type: {error}.", where=name) from None


def _plain(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    raise TypeError(type(value).__name__)


# -- reading


def read_score_request(body: bytes) -> ScoreRequest:
    """Read what is to be scored.

    Raises:
        InvalidInput: `scoring.request_invalid`, with the place.
    """

    def read(document: Any) -> ScoreRequest:
        node = _exactly(document, ScoreRequest, "the request")
        return ScoreRequest(
            _typed(node["card_id"], str, "card_id"),
            _typed(node["party"], str, "party"),
            _day(node["as_of"], "as_of"),
            tuple(_observation(one) for one in _typed(node["observations"], list, "observations")),
        )

    return _read(body, read, _request_invalid)


def read_limit_inputs(body: bytes) -> LimitInputs:
    """Read what a limit is to be proposed from. What is left out has its default.

    Raises:
        InvalidInput: `scoring.request_invalid`, with the place.
    """

    def read(document: Any) -> LimitInputs:
        node = {name: _value(one) for name, one in _exactly(document, LimitInputs, "the request").items()}
        node["as_of"] = _day(node["as_of"], "as_of")
        for text in ("currency", "grade"):
            _typed(node[text], str, text)
        if "hard_stops" in node:
            stops = _typed(node["hard_stops"], list, "hard_stops")
            node["hard_stops"] = tuple(_typed(one, str, "hard_stops") for one in stops)
        if "policy" in node:
            node["policy"] = _policy(node["policy"])
        return LimitInputs(**node)

    return _read(body, read, _request_invalid)


def read_scored(body: bytes) -> Scored:
    """Read a score.

    Raises:
        Broken: `scoring.service_answer`.
    """

    def read(document: Any) -> Scored:
        node = _exactly(document, Scored, "the answer")
        score = _exactly(node["score"], Score, "score")
        return Scored(
            Score(
                _typed(score["points"], int, "points"),
                _decimal(score["pd"], "pd"),
                _typed(score["grade"], str, "grade"),
                tuple(Reason(**_exactly(one, Reason, "reasons")) for one in score["reasons"]),
                _typed(score["card_id"], str, "card_id"),
                _typed(score["synthetic"], bool, "synthetic"),
            ),
            _typed(node["inputs_hash"], str, "inputs_hash"),
        )

    return _read(body, read, _answer_invalid)


def read_proposed(body: bytes) -> Proposed:
    """Read a proposed limit.

    Raises:
        Broken: `scoring.service_answer`.
    """

    def read(document: Any) -> Proposed:
        node = _exactly(document, Proposed, "the answer")
        proposal = _exactly(node["proposal"], LimitProposal, "proposal")
        return Proposed(
            LimitProposal(
                **{
                    **proposal,
                    "amount": _decimal(proposal["amount"], "amount"),
                    "caps": {
                        cap: _decimal(proposal["caps"][cap], cap) for cap in CAPS if cap in proposal["caps"]
                    },
                    "left_out": tuple(proposal["left_out"]),
                    "stops": tuple(proposal["stops"]),
                    "review_on": _day(proposal["review_on"], "review_on"),
                }
            ),
            tuple(
                LimitRaise(
                    **{name: _value(value) for name, value in _exactly(one, LimitRaise, "raises").items()}
                )
                for one in node["raises"]
            ),
        )

    return _read(body, read, _answer_invalid)


def read_error(body: bytes) -> ScfError:
    """Read a refusal.

    Raises:
        Broken: `scoring.service_answer`.
    """

    def read(document: Any) -> ScfError:
        told = document["error"]
        return _FAMILIES[told["family"]](
            told["code"], told["message"], where=told["where"], hint=told["hint"]
        )

    return _read(body, read, _answer_invalid)


def _read(body: bytes, read: Callable[[Any], _T], refused: Callable[[str], ScfError]) -> _T:
    try:
        return read(json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise refused(f"{error}") from None


def _exactly(document: Any, kind: type, where: str) -> dict[str, Any]:
    """Return an object that has every field of the type that has no default, and no others."""
    node: dict[str, Any] = _typed(document, dict, where)
    known = fields(kind)
    needed = {one.name for one in known if one.default is MISSING and one.default_factory is MISSING}
    for name in sorted(needed - set(node)):
        raise ValueError(f"{where} lacks {name}")
    for name in sorted(set(node) - {one.name for one in known}):
        raise ValueError(f"{where} has {name[:80]!r}, which nothing reads")
    return node


def _observation(document: Any) -> Observation:
    node = _exactly(document, Observation, "an observation")
    name = _typed(node["name"], str, "an observation's name")
    return Observation(
        name,
        _value(node["value"]),
        _day(node["observed_on"], f"{name}'s observed_on"),
        _typed(node["source"], str, f"{name}'s source"),
    )


def _policy(document: Any) -> LimitPolicy:
    node = {name: _value(one) for name, one in _exactly(document, LimitPolicy, "policy").items()}
    for table in ("grade_caps", "review_months"):
        if table in node:
            entries = _typed(node[table], dict, f"policy.{table}")
            node[table] = {name: _value(one) for name, one in entries.items()}
    if "steps" in node:
        pairs = _typed(node["steps"], list, "policy.steps")
        node["steps"] = tuple((_value(start), _value(step)) for start, step in pairs)
    return LimitPolicy(**node)


def _value(node: Any) -> Any:
    """Return a decimal where one stands, and everything else as it is."""
    is_decimal = isinstance(node, dict) and set(node) == {"decimal"}
    return _decimal(node, "a decimal") if is_decimal else node


def _decimal(node: Any, where: str) -> Decimal:
    text = _typed(_typed(node, dict, where)["decimal"], str, where)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{where} is no decimal: {text[:80]!r}") from None


def _day(node: Any, where: str) -> date:
    try:
        return date.fromisoformat(_typed(node, str, where))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _typed(node: Any, kind: type[_T], where: str) -> _T:
    if type(node) is not kind:
        raise TypeError(f"{where} must be of type {kind.__name__} and is {type(node).__name__}")
    return node


def _request_invalid(why: str) -> InvalidInput:
    return InvalidInput(
        "scoring.request_invalid",
        f"This is no request for the scoring service: {why}.",
        where="the request",
        hint="docs/scoring/service.md tells what a request holds.",
    )


def _answer_invalid(why: str) -> Broken:
    return Broken(
        "scoring.service_answer",
        f"The scoring service's answer cannot be read: {why}.",
        hint="Check that the URL is that of a scoring service of this release.",
    )
