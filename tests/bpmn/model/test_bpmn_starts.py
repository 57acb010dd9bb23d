"""What starts a process: the list for drivers, several starts, and what the platform serves."""

from datetime import datetime, timedelta
from itertools import islice

import pytest

import bpmn
from support.bpmn_text import NOON, Case, end, flow, process, refused, start

DEFINITIONS = '<message id="m" name="order"/><message id="n" name="=&quot;p&quot; + &quot;aid&quot;"/>'
DEFINITIONS += '<signal id="s" name="alarm"/>'
MESSAGE = '<messageEventDefinition messageRef="m"/>'
PAID = '<messageEventDefinition messageRef="n"/>'
SIGNAL = '<signalEventDefinition signalRef="s"/>'
LATE = "<conditionalEventDefinition><condition>=days &gt; 30</condition></conditionalEventDefinition>"
RICH = "<conditionalEventDefinition><condition>=sum &gt; 9</condition></conditionalEventDefinition>"


def timer(form: str, text: str) -> str:
    return f"<timerEventDefinition><{form}>{text}</{form}></timerEventDefinition>"


def by(id: str, definitions: str, attributes: str = "") -> str:
    return f'<startEvent id="{id}" {attributes}>{definitions}</startEvent>'


def source(*starts: str) -> bytes:
    ids = [text.split('"')[1] for text in starts]
    flows = "".join(flow(f"{id} > end") for id in ids)
    return process("".join(starts) + end() + flows, definitions=DEFINITIONS)


def starts_of(content: bytes) -> list[tuple[str | None, list[tuple[str, object]], bool]]:
    model = bpmn.compile_model({"a.bpmn": content})
    return [
        (each.element, [(trigger.kind, trigger.form) for trigger in each.triggers], each.every)
        for each in model.starts
    ]


def test_a_model_tells_what_starts_its_process():
    content = source(
        start("plain"),
        by("message", MESSAGE),
        by("date", timer("timeDate", "2026-03-05T12:00:00Z")),
        by("cycle", timer("timeCycle", "R3/P1D")),
        by("either", SIGNAL + LATE),
        by("both", MESSAGE + SIGNAL, 'parallelMultiple="true"'),
    )
    assert starts_of(content) == [
        ("plain", [], False),
        ("message", [("message", None)], False),
        ("date", [("timer", "date")], False),
        ("cycle", [("timer", "cycle")], False),
        ("either", [("signal", None), ("condition", None)], False),
        ("both", [("message", None), ("signal", None)], True),
    ]
    for each in ("plain", "message", "date", "cycle", "either", "both"):
        assert Case(content, by=each).completed == [each, "end"]


def test_a_trigger_tells_its_name_and_its_moments():
    content = source(
        by("a", PAID),
        by("b", timer("timeCycle", "R3/P1D")),
        by("c", timer("timeCycle", "R/2026-03-01T00:00:00Z/P1M")),
        by("d", timer("timeDate", '=date and time("2026-03-05T12:00:00Z")')),
    )
    paid, thrice, monthly, date = (
        each.triggers[0] for each in bpmn.compile_model({"a.bpmn": content}).starts
    )
    assert paid.name(NOON) == "paid"
    assert list(thrice.moments(NOON)) == [NOON + timedelta(days=day) for day in (1, 2, 3)]
    assert [f"{moment:%m-%d}" for moment in islice(monthly.moments(NOON), 3)] == ["03-01", "04-01", "05-01"]
    assert list(date.moments(NOON)) == [datetime(2026, 3, 5, 12, tzinfo=NOON.tzinfo)]


def test_a_cycle_ends_with_the_calendar():
    content = source(by("a", timer("timeCycle", "R/9999-11-30T00:00:00Z/P1M")))
    (only,) = bpmn.compile_model({"a.bpmn": content}).starts
    assert [f"{moment:%Y-%m-%d}" for moment in only.triggers[0].moments(NOON)] == ["9999-11-30", "9999-12-30"]


def test_a_time_that_cannot_be_told_is_an_error_with_a_code():
    content = source(by("a", timer("timeDate", '="soon"')), by("b", timer("timeCycle", "=null")))
    for each, code in zip(
        bpmn.compile_model({"a.bpmn": content}).starts, ("timer.bad-date", "timer.bad-cycle"), strict=True
    ):
        with pytest.raises(bpmn.BpmnError) as wrong:
            each.triggers[0].moments(NOON)
        assert wrong.value.code == code


def test_one_of_several_starts_without_a_trigger_has_to_be_named():
    content = source(start("a"), start("b"))
    assert Case(content, by="b").completed == ["b", "end"]
    with pytest.raises(bpmn.CommandRefused) as refusal:
        Case(content)
    assert (refusal.value.code, "a, b" in str(refusal.value)) == ("start.ambiguous", True)


def test_a_start_that_every_condition_must_allow_begins_when_all_hold():
    content = source(by("both", LATE + RICH, 'parallelMultiple="true"'))
    assert Case(content, {"days": 31, "sum": 10}).state.status == "completed"
    with pytest.raises(bpmn.CommandRefused) as refusal:
        Case(content, {"days": 31, "sum": 1})
    assert refusal.value.code == "start.condition-not-met"
    assert Case(source(by("either", LATE + RICH)), {"days": 31, "sum": 1}).state.status == "completed"


@pytest.mark.parametrize(
    ("content", "code", "element"),
    [
        (source(by("t", timer("timeDuration", "P1D"))), "timer.start-duration", "t"),
        (source(by("t", timer("timeCycle", "every day"))), "timer.unreadable", "t"),
        (
            source(by("t", MESSAGE + LATE, 'parallelMultiple="true"')),
            "start.condition-in-parallel",
            "t",
        ),
    ],
)
def test_a_start_that_nobody_could_serve_is_refused(content, code, element):
    assert (code, element) in refused(content)


# What the platform serves


def served(content: bytes, *kinds: str) -> list[tuple[str, str, str | None]]:
    catalogue = bpmn.Catalogue(frozenset(), starts=frozenset(kinds))
    findings = bpmn.lint({"a.bpmn": content}, catalogue=catalogue)
    return [(each.code, each.severity, each.element) for each in findings]


def test_a_platform_that_only_starts_on_request_serves_plain_implicit_and_conditional_starts():
    for content in (source(start()), process('<task id="only"/>'), source(by("c", LATE), by("d", RICH))):
        assert served(content) == []


@pytest.mark.parametrize(
    "starts",
    [
        [by("x", MESSAGE)],
        [by("x", SIGNAL)],
        [by("x", timer("timeCycle", "R/P1D"))],
        [by("x", MESSAGE + SIGNAL, 'parallelMultiple="true"')],
        [start("a"), start("b")],
    ],
)
def test_a_process_that_starts_by_nothing_the_platform_serves_is_refused(starts):
    assert served(source(*starts)) == [("start.not-served", "error", "p")]


def test_a_start_that_is_not_served_beside_one_that_is_is_told():
    content = source(start(), by("m1", MESSAGE), by("t", timer("timeCycle", "R/P1D")), by("c", LATE))
    told = [("start.not-served", "warning", element) for element in ("m1", "t", "c")]
    assert served(content) == told
    assert served(content, "message", "condition") == told[1:2]


def test_a_platform_that_listens_says_so():
    assert served(source(by("x", MESSAGE)), "message") == []
    assert served(source(by("x", MESSAGE + SIGNAL)), "message") == []
    both = source(by("x", MESSAGE + SIGNAL, 'parallelMultiple="true"'))
    assert served(both, "message") == [("start.not-served", "error", "p")]
    assert served(both, "message", "signal") == []
    assert served(source(start("a"), start("b")), "none") == []


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("timeCycle", "R3/P1D"),
        ("timeCycle", "R2/2026-03-01T00:00:00Z/P1M"),
        ("timeCycle", "R/9999-11-30T00:00:00Z/P1M"),
        ("timeDate", "2026-03-05T12:00:00Z"),
    ],
)
def test_the_moment_after_each_moment_is_the_next_one(form, text):
    (only,) = bpmn.compile_model({"a.bpmn": source(by("a", timer(form, text)))}).starts
    trigger = only.triggers[0]
    moments = list(trigger.moments(NOON))
    following = [trigger.next_moment(NOON, due, fired) for fired, due in enumerate(moments, 1)]
    assert following == [*moments[1:], None]
