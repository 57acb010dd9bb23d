"""Compensation and transactions: what is completed is undone, the last first."""

import pytest

import bpmn
from support.bpmn_text import Case, end, flow, process, refused, script, service, start

COMPENSATE = "<compensateEventDefinition{0}/>"
BESIDE = '<compensateEventDefinition waitForCompletion="false"/>'
COMPENSATING = '<subProcess isForCompensation="true"'
ERROR = '<error id="bad" errorCode="BAD"/>'


def undone_by(activity: str, handler: str) -> str:
    """A compensation boundary event with its association."""
    return (
        f'<boundaryEvent id="c-{activity}" attachedToRef="{activity}">{COMPENSATE.format("")}</boundaryEvent>'
        f'<association id="to-{handler}" sourceRef="c-{activity}" targetRef="{handler}"/>'
    )


def handler(id: str) -> str:
    return service(id).replace("<serviceTask ", '<serviceTask isForCompensation="true" ')


def throw(id: str = "undo", activity: str = "") -> str:
    which = f' activityRef="{activity}"' if activity else ""
    return f'<intermediateThrowEvent id="{id}">{COMPENSATE.format(which)}</intermediateThrowEvent>'


def two(undo: str) -> bytes:
    """Tasks a and b, each with a handler, then the throw."""
    body = start() + service("a") + service("b") + undo + end()
    body += undone_by("a", "not-a") + undone_by("b", "not-b") + handler("not-a") + handler("not-b")
    return process(body + flow("start > a > b > undo > end"))


def sub(id: str, content: str, tag: str = "subProcess") -> str:
    return f'<{tag} id="{id}">{content}</{tag}>'


def by_compensation(content: str) -> str:
    """A compensation event subprocess `es` with a service task."""
    begin = f'<startEvent id="es-start">{COMPENSATE.format("")}</startEvent>'
    return f'<subProcess id="es" triggeredByEvent="true">{begin}{content}</subProcess>'


def test_handlers_run_one_after_the_other_the_last_completed_first():
    case = Case(two(throw())).complete_job("a").complete_job("b")
    assert case.jobs == ["not-b"]
    case.complete_job("not-b")
    assert case.jobs == ["not-a"]
    assert "undo" not in case.completed
    case.complete_job("not-a")
    assert case.completed[-4:] == ["not-b", "not-a", "undo", "end"]
    assert case.state.status == "completed"


def test_only_completed_activities_are_undone_and_only_once():
    body = start() + '<parallelGateway id="f"/>' + service("a") + service("slow") + throw() + throw("more")
    body += end() + undone_by("a", "not-a") + undone_by("slow", "not-slow")
    body += handler("not-a") + handler("not-slow")
    case = Case(process(body + flow("start > f > a > undo > more > end") + flow("f > slow > end")))
    case.complete_job("a").complete_job("not-a")
    assert (case.jobs, case.completed.count("not-a")) == (["slow"], 1)
    assert case.complete_job("slow").state.status == "completed"


def test_an_activity_completed_twice_is_undone_twice():
    loop = '<exclusiveGateway id="top"/><exclusiveGateway id="again" default="again-undo"/>'
    body = start() + loop + service("a") + throw() + end() + undone_by("a", "not-a") + handler("not-a")
    body += flow("start > top > a > again > undo > end") + flow("again > top", {"again-top": "=more"})
    case = Case(process(body)).complete_job("a", more=True).complete_job("a", more=False)
    case.complete_job("not-a").complete_job("not-a")
    assert (case.state.status, case.completed.count("not-a")) == ("completed", 2)


def test_one_named_activity_is_undone_alone():
    case = Case(two(throw(activity="a"))).complete_job("a").complete_job("b").complete_job("not-a")
    assert (case.state.status, "not-b" in case.completed) == ("completed", False)


def test_without_anything_to_undo_the_thrower_goes_on():
    body = start() + throw() + service("a") + end() + undone_by("a", "not-a") + handler("not-a")
    assert Case(process(body + flow("start > undo > a > end"))).jobs == ["a"]


def test_a_subprocess_is_undone_by_what_it_completed_with_the_variables_it_had():
    inner = start("s") + script("set", "=7", "own") + service("a") + end("e") + undone_by("a", "not-a")
    inner += handler("not-a") + flow("s > set > a > e")
    body = start() + sub("outer", inner) + script("later", "=8", "own") + throw() + end()
    case = Case(process(body + flow("start > outer > later > undo > end"))).complete_job("a")
    assert case.state.jobs[0].variables["own"] == 7
    case.complete_job("not-a")
    assert (case.state.status, case.completed.count("outer"), case.value("own")) == ("completed", 1, 8)


def test_a_compensation_event_subprocess_decides_what_is_undone():
    inner = start("s") + service("a") + end("e") + undone_by("a", "not-a") + handler("not-a")
    inner += by_compensation(service("first") + throw("inner") + end("ee")) + flow("s > a > e")
    inner = inner.replace("</subProcess>", flow("es-start > first > inner > ee") + "</subProcess>")
    body = start() + sub("outer", inner) + throw() + end() + flow("start > outer > undo > end")
    case = Case(process(body)).complete_job("a")
    assert case.jobs == ["first"]
    assert case.complete_job("first").jobs == ["not-a"]
    assert case.complete_job("not-a").completed[-4:] == ["ee", "es", "undo", "end"]
    assert case.state.status == "completed"


def test_a_compensation_end_event_waits_for_the_handlers():
    last = f'<endEvent id="undo">{COMPENSATE.format("")}</endEvent>'
    body = start() + service("a") + last + undone_by("a", "not-a") + handler("not-a")
    case = Case(process(body + flow("start > a > undo"))).complete_job("a")
    assert (case.state.status, case.jobs) == ("running", ["not-a"])
    assert case.complete_job("not-a").completed[-1] == "undo"
    assert case.state.status == "completed"


def test_an_error_in_a_handler_ends_the_compensation_where_it_is_caught():
    inner = start("s") + service("a") + throw() + end("e") + undone_by("a", "not-a") + handler("not-a")
    body = start() + sub("outer", inner + flow("s > a > undo > e")) + end() + end("failed")
    body += '<boundaryEvent id="caught" attachedToRef="outer"><errorEventDefinition errorRef="bad"/>'
    body += "</boundaryEvent>" + flow("start > outer > end") + flow("caught > failed")
    case = Case(process(body, definitions=ERROR)).complete_job("a").throw("not-a", "BAD")
    assert (case.state.status, case.completed[-1]) == ("completed", "failed")


def transaction(cancelled: str, inner_more: str = "", border: bool = True) -> bytes:
    inner = start("s") + service("a") + '<parallelGateway id="f"/>' + service("b") + service("slow")
    inner += '<endEvent id="no"><cancelEventDefinition/></endEvent>' + end("e") + undone_by("a", "not-a")
    inner += handler("not-a") + flow("s > a > f > b > no") + flow("f > slow > e") + inner_more
    body = start() + sub("t", inner, "transaction") + end() + flow("start > t > end")
    if border:
        body += f'<boundaryEvent id="{cancelled}" attachedToRef="t"><cancelEventDefinition/></boundaryEvent>'
        body += end("given-up") + flow(f"{cancelled} > given-up")
    return process(body)


def test_a_cancelled_transaction_ends_what_runs_undoes_what_is_done_and_leaves_by_its_border():
    case = Case(transaction("cancelled")).complete_job("a").complete_job("b")
    assert case.jobs == ["not-a"]
    case.complete_job("not-a")
    assert case.completed[-2:] == ["cancelled", "given-up"]
    assert (case.state.status, "t" in case.completed, case.state.jobs) == ("completed", False, ())


CANCEL = "<cancelEventDefinition/>"
NO = f'<endEvent id="no">{CANCEL}</endEvent>'


def leaving(inner: str) -> bytes:
    """A transaction around `inner` that is left by `out` when it is cancelled."""
    body = start() + sub("t", inner, "transaction") + end() + end("out") + flow("start > t > end")
    body += f'<boundaryEvent id="c" attachedToRef="t">{CANCEL}</boundaryEvent>' + flow("c > out")
    return process(body)


def within(more: str = "") -> str:
    """A subprocess that books (which can be undone) and then goes on to `more`."""
    booked = start("s2") + service("book") + undone_by("book", "unbook") + handler("unbook")
    return sub("inner", booked + more)


def test_a_cancel_end_event_deeper_in_the_transaction_cancels_all_of_it():
    inner = start("s") + service("a") + undone_by("a", "not-a") + handler("not-a") + end("e")
    inner += within(NO + flow("s2 > book > no")) + flow("s > a > inner > e")
    case = Case(leaving(inner)).complete_job("a").complete_job("book", seat="12C")
    assert (case.jobs, case.state.jobs[0].variables["seat"]) == (["unbook"], "12C")
    case.complete_job("unbook")
    assert case.jobs == ["not-a"]
    case.complete_job("not-a")
    assert (case.completed[-2:], case.state.status) == (["c", "out"], "completed")


def test_a_cancelled_transaction_undoes_what_was_completed_in_what_still_runs():
    inner = start("s") + '<parallelGateway id="f"/>' + service("give-up") + NO + end("e")
    inner += within(service("slow") + end("e2") + flow("s2 > book > slow > e2"))
    inner += flow("s > f > give-up > no") + flow("f > inner > e")
    case = Case(leaving(inner)).complete_job("book", seat="12C").complete_job("give-up")
    assert [(job.element, job.variables["seat"]) for job in case.state.jobs] == [("unbook", "12C")]
    assert case.complete_job("unbook").completed[-2:] == ["c", "out"]
    assert case.state.status == "completed"


def test_a_cancelled_transaction_undoes_the_completed_rounds_of_a_loop_that_still_runs():
    loop = '<standardLoopCharacteristics loopMaximum="3"/>'
    inner = start("s") + '<parallelGateway id="f"/>' + service("give-up") + NO + end("e")
    inner += service("book", inner=loop) + undone_by("book", "unbook") + handler("unbook")
    inner += flow("s > f > give-up > no") + flow("f > book > e")
    case = Case(leaving(inner)).complete_job("book").complete_job("book").complete_job("give-up")
    assert case.state.jobs[0].variables["loopCounter"] == 2
    case.complete_job("unbook").complete_job("unbook")
    assert (case.completed[-2:], case.state.status) == (["c", "out"], "completed")


def test_a_cancelled_transaction_undoes_what_was_about_to_be_undone():
    undo = throw().replace("<compensateEventDefinition/>", BESIDE)
    inner = start("s") + service("a") + service("b") + undo + service("give-up") + NO
    inner += undone_by("a", "not-a") + undone_by("b", "not-b") + handler("not-a") + handler("not-b")
    case = Case(leaving(inner + flow("s > a > b > undo > give-up > no")))
    case.complete_job("a").complete_job("b").complete_job("give-up")
    assert case.jobs == ["not-a"]
    assert case.complete_job("not-a").completed[-2:] == ["c", "out"]


def test_what_undoes_an_activity_cannot_cancel_the_transaction_around():
    undo = sub("not-a", start("s2") + NO + flow("s2 > no")).replace("<subProcess", COMPENSATING, 1)
    inner = start("s") + service("a") + undone_by("a", "not-a") + undo + end("e") + flow("s > a > e")
    assert ("cancel.outside-transaction", "no") in refused(leaving(inner))
    by_event = by_compensation(NO + flow("es-start > no"))
    inner = start("s") + service("a") + end("e") + flow("s > a > e") + by_event
    assert ("cancel.outside-transaction", "no") in refused(leaving(inner))


def test_a_transaction_with_nothing_to_undo_leaves_at_once():
    inner = start("s") + '<endEvent id="no"><cancelEventDefinition/></endEvent>' + flow("s > no")
    body = start() + sub("t", inner, "transaction") + end() + end("given-up") + flow("start > t > end")
    body += '<boundaryEvent id="c" attachedToRef="t"><cancelEventDefinition/></boundaryEvent>'
    assert Case(process(body + flow("c > given-up"))).completed[-1] == "given-up"


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (
            service("a") + f'<boundaryEvent id="c" attachedToRef="a">{COMPENSATE.format("")}</boundaryEvent>',
            ("compensation.handler", "a"),
        ),
        (service("a") + throw(activity="a"), ("compensation.bad-activity", "undo")),
        (
            service("a") + undone_by("a", "not-a") + handler("not-a") + flow("not-a > end"),
            ("compensation.handler-in-flow", "not-a"),
        ),
        (
            service("a") + undone_by("a", "not-a") + handler("not-a") + flow("c-a > end"),
            ("compensation.flow", "c-a"),
        ),
        (service("a") + by_compensation(""), ("compensation.of-process", "es-start")),
        (
            service("a") + '<endEvent id="no"><cancelEventDefinition/></endEvent>',
            ("cancel.outside-transaction", "no"),
        ),
    ],
)
def test_what_could_not_be_undone_as_drawn_is_refused(content, found):
    assert found in refused(process(start() + content + end() + flow("start > a > end")))


def test_a_handler_that_nothing_leads_to_is_pointed_out():
    source = process(start() + handler("lost") + end() + flow("start > end"))
    findings = bpmn.lint({"test.bpmn": source})
    assert [(finding.code, finding.element) for finding in findings] == [("soundness.unreachable", "lost")]


def test_a_cancel_end_event_without_a_cancel_boundary_event_is_refused():
    assert refused(transaction("", border=False)) == [("cancel.no-boundary", "no")]
