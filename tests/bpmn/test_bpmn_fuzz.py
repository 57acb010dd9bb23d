"""What fuzzing has found, and that the fuzzer would find it again."""

from __future__ import annotations

import time
from decimal import Decimal
from random import Random

import pytest

import bpmn
from bpmn.feel import DayTimeDuration, FeelSyntaxError, compile_expression
from bpmn.kernel import times
from bpmn.kernel.scopes import Stuck
from bpmn.values import ValueRefused, from_json, to_json
from fuzz import run
from fuzz.targets import TARGETS, Target
from support.bpmn_text import NOON, Case, end, flow, process, start, user

INPUTS = {
    "feel": 300,
    "tests": 200,
    "bpmn": 25,
    "dmn": 40,
    "times": 300,
    "values": 300,
    "commands": 300,
    "states": 60,
    "log": 60,
}
# Changed bytes of a log: each is refused, or somebody could have forged it.
ALL_REFUSED = {"log"}


def target(attempt) -> Target:
    return Target("feel", 1.0, lambda random: random.randbytes(200), attempt, (ValueError,))


# --- the fuzzer -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TARGETS)
def test_some_inputs_of_each_target_lead_to_documented_errors_only(name: str) -> None:
    report = run.fuzz(TARGETS[name], "tests", range(INPUTS[name]), time.monotonic() + 60)
    assert report.crashes == []
    assert (report.accepted == 0) == (name in ALL_REFUSED)
    assert report.tried == INPUTS[name]


@pytest.mark.parametrize("name", TARGETS)
def test_an_input_is_told_by_seed_target_and_number(name: str) -> None:
    made = [[TARGETS[name].make(Random(f"seed/{number}")) for number in range(20)] for _ in range(2)]
    assert made[0] == made[1]
    assert len(set(made[0])) > 5


def test_a_crash_is_found_once_made_small_and_kept(tmp_path) -> None:
    def attempt(content: bytes) -> None:
        if b"a" in content:
            raise KeyError("a")

    report = run.fuzz(target(attempt), "seed", range(200), time.monotonic() + 60)
    (crash,) = report.crashes
    assert crash.content == b"a"
    assert crash.error.startswith("KeyError at test_bpmn_fuzz.py:")
    assert report.seen[crash.error] > 1
    path = run.keep(crash, tmp_path)
    assert path.name.partition("-")[0] in TARGETS
    assert path.read_bytes() == b"a"


def test_a_refusal_is_no_crash_and_what_hangs_is_one(monkeypatch) -> None:
    def refuse(content: bytes) -> None:
        raise ValueError

    def hang(content: bytes) -> None:
        while True:
            pass

    monkeypatch.setattr(run, "PATIENCE", 0.05)
    assert run.outcome(target(refuse), b"") is None
    assert run.outcome(target(hang), b"") == "took more than 0 s"


# --- what it found --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ['"\ud800"', "a\udfff", "// \ud800"])
def test_half_of_a_surrogate_pair_is_no_feel(text: str) -> None:
    with pytest.raises(FeelSyntaxError, match="surrogate"):
        compile_expression(text)


@pytest.mark.parametrize(
    ("read", "value", "code"),
    [
        (lambda value: times.moment(value, NOON), "9999-12-31T23:00:00-02:00", "timer.bad-date"),
        (lambda value: times.moment(value, NOON), "0001-01-01T00:00:00+02:00", "timer.bad-date"),
        (times.repetition, "R/9999-12-31T23:00:00-02:00/P1D", "timer.bad-cycle"),
        (times.span, DayTimeDuration(10**26), "timer.bad-duration"),
    ],
)
def test_a_time_beyond_the_calendar_is_an_incident(read, value, code: str) -> None:
    with pytest.raises(Stuck) as caught:
        read(value)
    assert caught.value.code == code


def test_an_aware_date_and_time_beyond_the_calendar_in_utc_is_an_incident() -> None:
    value = from_json({"$dt": "9999-12-31T23:00:00-02:00"})
    with pytest.raises(Stuck) as caught:
        times.moment(value, NOON)
    assert caught.value.code == "timer.bad-date"


@pytest.mark.parametrize(
    "document",
    [
        "\ud800",
        {"\ud800": 1},
        {"$c": [["\ud800", 1]]},
        {"$n": "1E+999999999"},
        pytest.param(10**7000, id="10^7000"),
        {"$s": "1E+6000"},
        {"$s": "1e19"},
        {"$m": 10**30},
        {"$r": [1, 2, 3, 4]},
        {"$r": [1, 2, True, False, "like"]},
    ],
)
def test_json_that_no_value_has_is_refused(document) -> None:
    with pytest.raises(ValueRefused) as caught:
        from_json(document)
    assert caught.value.code == "value.bad_json"


@pytest.mark.parametrize(
    "number", [Decimal("1E+999999999"), Decimal("0E-999999"), pytest.param(10**7000, id="10^7000")]
)
def test_a_number_that_could_not_be_read_again_is_not_stored(number) -> None:
    with pytest.raises(ValueRefused) as caught:
        to_json(number)
    assert caught.value.code == "value.no_json"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {"kind": "cancel"},
        {"kind": "cancel", "at": "2026-01-01T10:00:00"},
        {"kind": "cancel", "at": "9999-12-31T23:00:00-02:00"},
        {"kind": "cancel", "at": "2026-01-01T10:00:00Z", "reason": {"a": 1}},
        {"kind": "cancel", "at": "2026-01-01T10:00:00Z", "reason": "\ud800"},
        {"kind": "complete-job", "at": "2026-01-01T10:00:00Z", "job": None},
        {"kind": "start", "at": "2026-01-01T10:00:00Z", "variables": {"\ud800": 1}},
        {"kind": "start", "at": "2026-01-01T10:00:00Z", "variables": []},
    ],
)
def test_a_command_that_is_not_what_it_should_be_is_refused(document) -> None:
    with pytest.raises(bpmn.CommandRefused) as caught:
        bpmn.command_from_json(document)
    assert caught.value.code == "command.malformed"


JOB = {"is": "job", "key": 9, "token": 1, "element": "work", "type": "t", "retries": 1, "headers": {}}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda state: None, "state.format"),
        (lambda state: state | {"model": None}, "state.other-model"),
        (
            lambda state: {name: part for name, part in state.items() if name != "kernel"},
            "state.other-kernel",
        ),
        (
            lambda state: state | {"variables": [{"key": 1, "slots": {"a": {"value": {"$x": 1}}}}]},
            "state.damaged",
        ),
        (lambda state: state | {"tokens": [state["tokens"][0] | {"data": [1]}]}, "state.damaged"),
        (lambda state: state | {"waits": [JOB | {"headers": 1}]}, "state.damaged"),
        (lambda state: state | {"waits": [JOB | {"headers": ["ab", "c"]}]}, "state.damaged"),
    ],
)
def test_a_state_that_was_tampered_with_is_refused(change, code: str) -> None:
    case = Case(process(start() + user("work") + end() + flow("start > work > end")), {"a": 1})
    with pytest.raises(bpmn.StateRefused) as caught:
        bpmn.State.from_json(case.model, change(case.state.to_json()))
    assert caught.value.code == code
