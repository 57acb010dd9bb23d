"""What is fuzzed: how each target makes its inputs, what it does with them, and which errors it documents.

An input is bytes, so that it can be kept in a file and given again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

import orjson

import bpmn
from bpmn.dmn import DmnError, compile_dmn
from bpmn.feel import FeelError, compile_expression, compile_unary_tests
from bpmn.feel.builtins.conversions import to_text
from bpmn.feel.limits import DEFAULT
from bpmn.feel.runtime import Run
from bpmn.feel.temporal import parse_temporal
from bpmn.kernel import times
from bpmn.kernel.scopes import Stuck
from bpmn.values import ValueRefused, from_json, to_json
from fuzz.documents import json_value, mutate_json, mutate_xml
from fuzz.expressions import NAMES, NOW, SCOPE, feel_text, test_text
from fuzz.log_bytes import Found, place, unseen
from fuzz.seeds import models
from fuzz.texts import PIECES, mutate
from support.bpmn_text import NOON


@dataclass(frozen=True, slots=True)
class Target:
    """One entrance of the engine. `share` is its part of all inputs, `refusals` the errors it documents."""

    name: str
    share: float
    make: Callable[[Random], bytes]
    attempt: Callable[[bytes], None]
    refusals: tuple[type[Exception], ...]


def _text(content: bytes) -> str:
    return content.decode("utf-8", "surrogatepass")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


# --- FEEL -----------------------------------------------------------------------------------------


def _evaluate(content: bytes) -> None:
    """Compile, evaluate, show the value, and carry it through JSON."""
    expression = compile_expression(_text(content), names=NAMES, members=NAMES)
    value = expression.evaluate(SCOPE, now=NOW)
    to_text(Run(NOW, DEFAULT, strict=True), value)
    _round_trip(value)


def _round_trip(value: Any) -> None:
    try:
        document = to_json(value)
    except ValueRefused:  # functions stay inside
        return
    assert to_json(from_json(orjson.loads(orjson.dumps(document)))) == document


def _test(content: bytes) -> None:
    tests = compile_unary_tests(_text(content), names=NAMES, members=NAMES)
    for value in (SCOPE["n"], SCOPE["s"], SCOPE["mixed"], None):
        tests.evaluate(value, SCOPE, now=NOW)


# --- models ---------------------------------------------------------------------------------------


def _process(content: bytes) -> None:
    """Check a model as deployment does; run what compiles for some commands, and restore each state."""
    sources = {"fuzz.bpmn": content}
    bpmn.lint(sources, catalogue=_CATALOGUE)
    _run(bpmn.compile_model(sources))


_CATALOGUE = bpmn.Catalogue(job_types=frozenset({"work"}), forms=frozenset(), families=())
_VARIABLES = {name: value for name, value in SCOPE.items() if name not in ("far", "wide")} | {
    "items": [1, 2, 3],
    "key": "k",
}


def _run(model: bpmn.Model) -> None:
    state = bpmn.new_instance(model, "fuzz")
    now = NOON
    for command in (bpmn.Start(now, _VARIABLES), *([None] * 12)):
        if command is None:
            now += timedelta(hours=1)
            command = _next(state, now)
        if command is None or state.status not in ("new", "running"):
            return
        try:
            state = bpmn.step(model, state, bpmn.command_from_json(command.to_json())).state
        except bpmn.CommandRefused:
            continue
        assert bpmn.State.from_json(model, orjson.loads(orjson.dumps(state.to_json()))).root == state.root


def _next(state: bpmn.State, now: Any) -> bpmn.Command | None:
    """What could happen next: a timer, a job, a task, a message or a signal."""
    if state.next_due is not None and state.next_due <= now:
        return bpmn.FireTimers(now)
    if state.jobs:
        return bpmn.CompleteJob(now, state.jobs[-1].id, {"out": 1})
    if state.tasks:
        return bpmn.CompleteTask(now, state.tasks[0].id, {"n": 2})
    if state.messages:
        return bpmn.CorrelateMessage(now, state.messages[0].message, state.messages[0].key)
    if state.signals:
        return bpmn.BroadcastSignal(now, state.signals[0].signal)
    if state.incidents:
        return bpmn.ResolveIncident(now, state.incidents[0].id, {"n": 3})
    return None


def _decide(content: bytes) -> None:
    """Compile strictly as deployment does, else as the compatibility kit does; evaluate every decision."""
    try:
        definitions = compile_dmn(content)
    except DmnError:
        definitions = compile_dmn(content, tolerant=True)
    for node in (*definitions.decisions.values(), *definitions.services.values()):
        try:
            _round_trip(node.evaluate(SCOPE, now=NOW))
        except (DmnError, FeelError):
            continue


# --- times, values, commands, states --------------------------------------------------------------


def _time(content: bytes) -> None:
    """Read a text, and the FEEL value that it may be, as each of the things that a timer may say."""
    text = _text(content)
    for value in (text, parse_temporal(text)):
        for read in (times.span, lambda each: times.moment(each, NOON), times.repetition):
            try:
                found = read(value)
                if isinstance(found, times.Span):
                    times.later(found, NOON)
            except Stuck:
                continue


def _time_text(random: Random) -> bytes:
    return _bytes(mutate(random, random.choice(PIECES[25:-3])))


def _value(content: bytes) -> None:
    _round_trip(from_json(_read(content)))


def _command(content: bytes) -> None:
    command = bpmn.command_from_json(_read(content))
    again = bpmn.command_from_json(orjson.loads(orjson.dumps(command.to_json())))
    assert again.to_json() == command.to_json()


_COMMANDS = tuple(
    command.to_json()
    for command in (
        bpmn.Start(NOON, {"a": 1}, "start"),
        bpmn.CompleteJob(NOON, "a:1", {"a": SCOPE["zoned"]}),
        bpmn.FailJob(NOON, "a:1", "code", "message"),
        bpmn.ThrowError(NOON, "a:1", "E1"),
        bpmn.CorrelateMessage(NOON, "m", "k", {"a": SCOPE["range"]}),
        bpmn.FireTimers(NOON),
        bpmn.Cancel(NOON, "why"),
    )
)


def _state(content: bytes) -> None:
    """Restore a state that was tampered with; what is restored can be stored again."""
    state = bpmn.State.from_json(_stored_model(), orjson.loads(content))
    orjson.dumps(state.to_json())


@cache
def _stored_model() -> bpmn.Model:
    return bpmn.compile_model({"fuzz.bpmn": models(".bpmn")[0]}, process="p")


@cache
def _stored_state() -> dict[str, Any]:
    model = _stored_model()
    state = bpmn.step(model, bpmn.new_instance(model, "fuzz"), bpmn.Start(NOON, _VARIABLES)).state
    return state.to_json()


def _read(content: bytes) -> Any:
    """JSON as Python's own reader reads it: with whole numbers of any size and half of surrogate pairs."""
    return json.loads(content)


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()


def _storable(document: Any) -> bytes:
    """JSON as the database gives it: whole numbers of 64 bits, whole characters."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return b"null"


FEEL_ERRORS = (FeelError,)
TARGETS = {
    target.name: target
    for target in (
        Target("feel", 0.41, lambda random: _bytes(feel_text(random)), _evaluate, FEEL_ERRORS),
        Target("tests", 0.14, lambda random: _bytes(test_text(random)), _test, FEEL_ERRORS),
        Target(
            "bpmn",
            0.02,
            lambda random: mutate_xml(random, random.choice(models(".bpmn"))),
            _process,
            (bpmn.ModelRefused,),
        ),
        Target(
            "dmn",
            0.05,
            lambda random: mutate_xml(random, random.choice(models(".dmn"))),
            _decide,
            (DmnError,),
        ),
        Target("times", 0.13, _time_text, _time, ()),
        Target("values", 0.10, lambda random: _json(json_value(random)), _value, (ValueRefused,)),
        Target(
            "commands",
            0.10,
            lambda random: _json(mutate_json(random, random.choice(_COMMANDS))),
            _command,
            (bpmn.CommandRefused, ValueRefused),
        ),
        Target(
            "states",
            0.04,
            lambda random: _storable(mutate_json(random, _stored_state())),
            _state,
            (bpmn.StateRefused,),
        ),
        # Every input must be refused: one that is accepted is a changed byte that nobody found.
        Target("log", 0.01, place, unseen, (Found,)),
    )
}
