"""Soundness: what playing the token game tells of a model before any case runs."""

from __future__ import annotations

import time
from collections.abc import Mapping

import bpmn
from support.bpmn_text import end, extension, flow, process, script, service, start, user

Told = list[tuple[str, str, str | None]]


def told(source: bytes | Mapping[str, bytes], process: str | None = None) -> Told:
    return [(each.severity, each.code, each.element) for each in findings(source, process)]


def findings(source: bytes | Mapping[str, bytes], process: str | None = None) -> list[bpmn.Finding]:
    sources = source if isinstance(source, Mapping) else {"a.bpmn": source}
    return [
        finding
        for finding in bpmn.lint(sources, process=process)
        if finding.code.startswith("soundness.") or finding.severity == "error"
    ]


def gateway(kind: str, id: str, more: str = "") -> str:
    return f'<{kind}Gateway id="{id}"{more}/>'


def event(id: str, definition: str, *, on: str = "", tag: str = "", more: str = "") -> str:
    tag = tag or ("boundaryEvent" if on else "intermediateCatchEvent")
    attached = f' attachedToRef="{on}"' if on else ""
    return f'<{tag} id="{id}"{attached}{more}>{definition}</{tag}>'


TIMER = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
TERMINATE = "<terminateEventDefinition/>"
ERROR = '<error id="E" errorCode="E"/>'
THROWN = '<errorEventDefinition errorRef="E"/>'
ESCALATION = '<escalation id="S" escalationCode="S"/>'
ESCALATED = '<escalationEventDefinition escalationRef="S"/>'
EITHER = {"split-a": "=x", "split-b": "=not(x)"}


def diamond(split: str, join: str) -> bytes:
    conditions = EITHER if split != "parallel" else None
    return process(
        start()
        + gateway(split, "split")
        + user("a")
        + user("b")
        + gateway(join, "join")
        + end()
        + flow("start > split > a > join > end", conditions)
        + flow("split > b > join", conditions)
    )


def test_merges_that_fit_their_split_are_sound():
    for kind in ("exclusive", "parallel", "inclusive"):
        assert told(diamond(kind, kind)) == []
    assert told(diamond("parallel", "exclusive")) == []
    assert told(diamond("parallel", "inclusive")) == []
    assert told(diamond("exclusive", "inclusive")) == []


def test_a_join_of_alternatives_never_fires():
    (finding,) = findings(diamond("exclusive", "parallel"))
    assert (finding.severity, finding.code, finding.element) == (
        "error",
        "soundness.join-never-fires",
        "join",
    )
    assert "start > split > a > join" in finding.message
    assert "no token comes from b" in finding.message
    assert finding.hint


def test_a_join_of_branches_that_may_be_left_out_may_wait_for_ever():
    (finding,) = findings(diamond("inclusive", "parallel"))
    assert (finding.severity, finding.code, finding.element) == ("warning", "soundness.deadlock", "join")
    assert "start > split > a > join" in finding.message


def test_a_join_that_one_branch_cannot_reach_in_the_same_run_is_an_error_where_no_run_completes():
    source = process(
        start()
        + gateway("parallel", "split")
        + user("a")
        + gateway("exclusive", "way", ' default="way-b"')
        + user("b")
        + user("c")
        + gateway("parallel", "join")
        + end()
        + end("other")
        + flow("start > split > a > join > end")
        + flow("split > way > b > join", {"way-b": ""})
        + flow("way > c > other", {"way-c": "=x"})
    )
    assert told(source) == [("warning", "soundness.deadlock", "join")]
    never = source.replace(b'targetRef="b"', b'targetRef="c"')
    assert ("error", "soundness.join-never-fires", "join") in told(never)


def test_a_loop_without_a_way_out_never_ends():
    for task in (user, lambda id: f'<task id="{id}"/>'):
        (finding,) = findings(process(start() + task("a") + task("b") + flow("start > a > b > a")))
        assert (finding.severity, finding.code) == ("error", "soundness.never-ends")
        assert "start > a > b > a" in finding.message


def test_a_loop_that_some_choice_leads_into_is_a_warning():
    source = process(
        start()
        + gateway("exclusive", "way", ' default="way-end"')
        + user("a")
        + user("b")
        + end()
        + flow("start > way > a > b > a", {"way-a": "=x"})
        + flow("way > end")
    )
    assert [each[:2] for each in told(source)] == [("warning", "soundness.never-ends")]


def test_a_loop_with_a_way_out_is_sound():
    source = process(
        start()
        + script("count", "=n + 1", "n")
        + gateway("exclusive", "way", ' default="way-end"')
        + end()
        + flow("start > count > way > count", {"way-count": "=n &lt; 3"})
        + flow("way > end")
    )
    assert told(source) == []


def test_a_loop_that_makes_a_token_in_each_round_piles_them_up():
    source = process(
        start()
        + user("a")
        + gateway("parallel", "fork")
        + user("b")
        + end()
        + flow("start > a > fork > b > end")
        + flow("fork > a")
    )
    (finding,) = findings(source)
    assert (finding.severity, finding.code, finding.element) == ("error", "soundness.unbounded", "b")
    assert "start > a > fork" in finding.message
    leaving = event("late", TIMER, on="a") + flow("late > end")
    left = source.replace(b"</process>", f"{leaving}</process>".encode())
    assert told(left) == [("warning", "soundness.unbounded", "b")]


def test_constant_conditions_are_taken_at_their_word():
    def branched(condition: str, default: str = ' default="way-b"') -> bytes:
        return process(
            start()
            + gateway("exclusive", "way", default)
            + user("a")
            + user("b")
            + end()
            + flow("start > way > a > end", {"way-a": condition})
            + flow("way > b > end", None if default else {"way-b": "=1 &gt; 2"})
        )

    assert told(branched("=x")) == []
    assert told(branched("=false")) == [("warning", "soundness.unreachable", "a")]
    assert told(branched("=true")) == [("warning", "soundness.unreachable", "b")]
    assert ("error", "soundness.no-way-out", "way") in told(branched("=false", ""))


def test_elements_that_nothing_leads_to_are_told_once():
    circle = '<task id="round"/><task id="about"/>' + flow("round > about > round")
    assert told(process(start() + end() + circle + flow("start > end"))) == [
        ("warning", "soundness.unreachable", "round"),
        ("warning", "soundness.unreachable", "about"),
    ]


def sub(content: str, after: str = "", id: str = "sub", tag: str = "subProcess", more: str = "") -> str:
    return f'<{tag} id="{id}"{more}>{after}{content}</{tag}>'


INNER = start("s") + user("work") + end("e") + flow("s > work > e")
BROKEN = (
    start("s")
    + gateway("exclusive", "split", ' default="split-b"')
    + user("a")
    + user("b")
    + gateway("parallel", "join")
    + end("e")
    + flow("s > split > a > join > e", {"split-a": "=x"})
    + flow("split > b > join")
)


def around(subprocess: str, more: str = "", definitions: str = "") -> bytes:
    return process(start() + subprocess + end() + flow("start > sub > end") + more, definitions=definitions)


def test_what_is_wrong_in_a_subprocess_is_told_there_and_not_again_outside():
    (finding,) = findings(around(sub(BROKEN)))
    assert (finding.code, finding.element) == ("soundness.join-never-fires", "join")
    assert "start > sub > s > split" in finding.message


def test_a_scope_that_an_event_can_end_may_go_on_for_ever():
    circle = start("s") + user("poll") + user("wait") + flow("s > poll > wait > poll")
    assert [each[:2] for each in told(around(sub(circle)))] == [("error", "soundness.never-ends")]
    assert told(around(sub(circle), event("late", TIMER, on="sub") + flow("late > end"))) == []
    stop = sub(
        event("stop", TIMER, tag="startEvent") + end("stopped") + flow("stop > stopped"),
        id="stopping",
        more=' triggeredByEvent="true"',
    )
    assert told(around(sub(circle + stop))) == []


def test_an_error_is_caught_at_the_border_of_a_subprocess():
    inner = start("s") + f'<endEvent id="e">{THROWN}</endEvent>' + flow("s > e")
    caught = event("caught", THROWN, on="sub") + flow("caught > other") + end("other")
    assert told(around(sub(inner), caught, ERROR)) == []
    (finding,) = findings(around(sub(inner), definitions=ERROR))
    assert (finding.severity, finding.code, finding.element) == ("warning", "soundness.error-uncaught", "e")
    assert "start > sub > s > e" in finding.message


def test_events_that_nothing_throws_are_never_reached():
    caught = event("caught", THROWN, on="sub") + flow("caught > end")
    assert told(around(sub(INNER), caught, ERROR)) == [("warning", "soundness.unreachable", "caught")]
    work = start("s") + service("work") + end("e") + flow("s > work > e")
    assert told(around(sub(work), caught, ERROR)) == []
    escalated = event("raised", ESCALATED, on="sub") + flow("raised > end")
    assert told(around(sub(INNER), escalated, ESCALATION)) == [("warning", "soundness.unreachable", "raised")]


def test_nothing_comes_while_a_task_that_takes_no_time_runs():
    quick = process(
        start()
        + script("quick", "=1", "n")
        + end()
        + flow("start > quick > end")
        + event("late", TIMER, on="quick")
        + flow("late > end")
    )
    (finding,) = findings(quick)
    assert (finding.code, finding.element) == ("soundness.unreachable", "late")
    assert "takes no time" in finding.message


def test_an_escalation_goes_on_or_is_interrupted():
    throw = f'<intermediateThrowEvent id="t">{ESCALATED}</intermediateThrowEvent>'
    inner = start("s") + throw + user("after") + end("e") + flow("s > t > after > e")

    def raised(interrupts: str) -> bytes:
        boundary = event("raised", ESCALATED, on="sub", more=f' cancelActivity="{interrupts}"')
        return around(sub(inner), boundary + flow("raised > other") + end("other"), ESCALATION)

    assert told(raised("false")) == []
    assert told(raised("true")) == [("warning", "soundness.unreachable", "after")]


def test_terminating_saves_from_a_deadlock_only_where_it_surely_comes():
    source = process(
        start()
        + gateway("parallel", "fork")
        + gateway("exclusive", "way", ' default="way-join"')
        + user("a")
        + user("stop")
        + gateway("parallel", "join")
        + end()
        + f'<endEvent id="halt">{TERMINATE}</endEvent>'
        + flow("start > fork > way > join > end")
        + flow("way > stop > halt", {"way-stop": "=x"})
        + flow("fork > a > join")
    )
    assert told(source) == []


def test_called_processes_are_explored_and_may_call_themselves():
    target = extension('<zeebe:calledElement processId="q"/>')
    call = f'<callActivity id="sub">{target}</callActivity>'
    called = process(BROKEN, id="q")
    assert told({"p.bpmn": around(call), "q.bpmn": called}) == [
        ("error", "soundness.join-never-fires", "join")
    ]
    again = process(
        start("s")
        + gateway("exclusive", "way", ' default="way-e"')
        + call
        + end("e")
        + flow("s > way > sub > e", {"way-sub": "=x"})
        + flow("way > e"),
        id="q",
    )
    assert told({"p.bpmn": around(call), "q.bpmn": again}, "p") == []


def test_complex_gateways_that_never_have_enough_never_fire():
    def discriminator(condition: str) -> bytes:
        return process(
            start()
            + gateway("parallel", "split")
            + user("a")
            + user("b")
            + f'<complexGateway id="join"><activationCondition>{condition}</activationCondition>'
            "</complexGateway>" + end() + flow("start > split > a > join > end") + flow("split > b > join")
        )

    assert told(discriminator("=activationCount &gt;= 1")) == []
    assert told(discriminator("=activationCount &gt;= 2")) == []
    assert ("error", "soundness.join-never-fires", "join") in told(discriminator("=activationCount &gt; 2"))
    assert told(discriminator("=activationCount &gt;= needed")) == [("warning", "soundness.deadlock", "join")]


def test_loops_of_activities():
    rounds = "<multiInstanceLoopCharacteristics><loopCardinality>{0}</loopCardinality>"
    rounds += "</multiInstanceLoopCharacteristics>"
    for count in ("3", "=n"):
        assert told(around(sub(INNER, rounds.format(count)))) == []
        broken = told(around(sub(BROKEN, rounds.format(count))))
        assert broken == [("error", "soundness.join-never-fires", "join")]
    endless = (
        "<standardLoopCharacteristics><loopCondition>=true</loopCondition></standardLoopCharacteristics>"
    )
    assert ("error", "soundness.never-ends", "sub") in told(around(sub(INNER, endless)))
    bounded = endless.replace("Characteristics>", 'Characteristics loopMaximum="3">', 1)
    assert told(around(sub(INNER, bounded))) == []


def test_start_quantities_that_are_never_reached():
    def gathering(quantity: int) -> bytes:
        more = f' startQuantity="{quantity}"'
        return process(
            start()
            + gateway("parallel", "split")
            + user("a")
            + user("b")
            + f'<task id="both"{more}/>'
            + end()
            + flow("start > split > a > both > end")
            + flow("split > b > both")
        )

    assert told(gathering(2)) == []
    assert told(gathering(3))[0] == ("error", "soundness.join-never-fires", "both")


def test_a_cancelled_transaction_leaves_by_its_border():
    inner = (
        start("s")
        + gateway("exclusive", "way", ' default="way-e"')
        + end("e")
        + '<endEvent id="c"><cancelEventDefinition/></endEvent>'
        + flow("s > way > c", {"way-c": "=x"})
        + flow("way > e")
    )
    border = event("left", "<cancelEventDefinition/>", on="sub") + flow("left > end")
    assert told(around(sub(inner, tag="transaction"), border)) == []
    assert told(around(sub(INNER, tag="transaction"), border)) == [
        ("warning", "soundness.unreachable", "left")
    ]


def test_an_ad_hoc_subprocess_begins_all_that_no_flow_leads_to():
    inner = user("a") + user("b") + user("c") + flow("b > c")
    for ordering in ("Parallel", "Sequential"):
        more = f' ordering="{ordering}"'
        assert told(around(sub(inner, tag="adHocSubProcess", more=more))) == []


def test_events_decide_at_an_event_based_gateway_and_links_jump():
    source = process(
        start()
        + gateway("eventBased", "wait")
        + event("one", TIMER)
        + event("two", '<messageEventDefinition messageRef="M"/>')
        + '<intermediateThrowEvent id="jump"><linkEventDefinition name="l"/></intermediateThrowEvent>'
        + event("land", '<linkEventDefinition name="l"/>')
        + gateway("parallel", "join")
        + end()
        + flow("start > wait > one > join > end")
        + flow("wait > two > jump")
        + flow("land > join"),
        definitions='<message id="M" name="m"/>',
    )
    assert ("error", "soundness.join-never-fires", "join") in told(source)
    assert told(source.replace(b"parallelGateway", b"exclusiveGateway")) == []


def test_events_beside_an_activity_add_tokens():
    reminded = process(
        start()
        + user("a")
        + event("late", TIMER, on="a", more=' cancelActivity="false"')
        + user("remind")
        + gateway("parallel", "join")
        + end()
        + flow("start > a > join > end")
        + flow("late > remind > join")
    )
    assert told(reminded) == [("warning", "soundness.deadlock", "join")]


def wide(branches: int) -> bytes:
    text = (
        start() + gateway("inclusive", "split") + gateway("inclusive", "join") + end() + flow("start > split")
    )
    for number in range(branches):
        name, again = f"a{number}", f"b{number}"
        text += user(name) + user(again) + event(f"t{number}", TIMER, on=name)
        text += flow(f"split > {name} > {again} > join", {f"split-{name}": f"=x{number}"})
        text += flow(f"t{number} > join")
    return process(text + flow("join > end"))


def test_a_model_with_too_many_states_is_explored_as_far_as_the_bound_allows():
    assert told(wide(3)) == []
    began = time.process_time()
    (finding,) = findings(wide(8))
    assert time.process_time() - began < 5
    assert (finding.severity, finding.code, finding.element) == ("warning", "soundness.not-explored", "p")
    assert "only 2001 were" in finding.message


def test_scopes_that_lie_too_deep_are_not_explored():
    inner = INNER
    for number in range(60):
        outer = f"s{number}"
        inner = (
            start(f"b{number}")
            + sub(inner, id=outer)
            + end(f"e{number}")
            + flow(f"b{number} > {outer} > e{number}")
        )
    (finding,) = findings(process(inner))
    assert (finding.severity, finding.code) == ("warning", "soundness.not-explored")
    assert "too deep" in finding.message


def test_many_scopes_with_many_states_share_one_bound():
    scopes = [f"sub{number}" for number in range(12)]
    text = start() + end()
    for scope in scopes:
        inner = wide(8).decode().partition('isExecutable="true">')[2].partition("</process>")[0]
        for name in ("start", "end", "split", "join", *(f"{each}{n}" for each in "abt" for n in range(8))):
            inner = inner.replace(f'"{name}"', f'"{scope}{name}"')
        text += sub(inner.replace('id="', f'id="{scope}').replace(f"{scope}{scope}", scope), id=scope)
    began = time.process_time()
    found = told(process(text + flow("start > " + " > ".join(scopes) + " > end")))
    assert {each[1] for each in found} == {"soundness.not-explored"}
    assert time.process_time() - began < 10


def test_hundred_elements_in_many_branches_are_explored_whole():
    text = (
        start() + gateway("parallel", "split") + gateway("parallel", "join") + end() + flow("start > split")
    )
    for number in range(32):
        text += user(f"a{number}") + user(f"b{number}") + user(f"c{number}")
        text += flow(f"split > a{number} > b{number} > c{number} > join")
    assert told(process(text + flow("join > end"))) == []


# How scopes begin, and what is thrown from within


def test_everything_that_begins_by_itself_is_played_together():
    both = '<task id="a"/><task id="b"/>' + gateway("parallel", "join") + flow("a > join") + flow("b > join")
    both += '<task id="c"/>' + flow("join > c")
    assert told(process(both)) == []


def started_by(kind: str) -> bytes:
    key = extension('<zeebe:subscription correlationKey="=order"/>')
    messages = "".join(f'<message id="{name}" name="{name}">{key}</message>' for name in "ab")
    starts = f'<eventBasedGateway id="first" instantiate="true" eventGatewayType="{kind}"/>'
    for name in "ab":
        starts += event(f"{name}1", f'<messageEventDefinition messageRef="{name}"/>')
        starts += flow(f"first > {name}1 > join")
    return process(starts + gateway("parallel", "join") + end() + flow("join > end"), definitions=messages)


def test_of_a_gateway_that_starts_a_process_one_event_comes_or_all():
    assert told(started_by("Parallel")) == []
    assert ("error", "soundness.join-never-fires", "join") in told(started_by("Exclusive"))


def test_what_rounds_throw_can_be_caught_though_the_work_takes_no_time():
    def rounds(attributes: str) -> bytes:
        loop = f"<multiInstanceLoopCharacteristics{attributes}><loopCardinality>2</loopCardinality>"
        each = script("each", "=1", "x", loop + "</multiInstanceLoopCharacteristics>")
        caught = event("caught", '<signalEventDefinition signalRef="S"/>', on="each")
        definitions = '<signal id="S" name="S"/><signalEventDefinition id="thrown" signalRef="S"/>'
        body = start() + each + caught + end() + end("other") + flow("start > each > end")
        return process(body + flow("caught > other"), definitions=definitions)

    assert told(rounds(' behavior="One" oneBehaviorEventRef="thrown"')) == []
    assert told(rounds("")) == [("warning", "soundness.unreachable", "caught")]


def test_a_cancellation_deeper_in_a_transaction_leaves_it_by_its_border():
    cancelled = event("stop", "<cancelEventDefinition/>", tag="endEvent")
    inner = start("s2") + user("w") + cancelled + flow("s2 > w > stop")
    deep = start("s1") + f'<subProcess id="sub">{inner}</subProcess>' + end("e1") + flow("s1 > sub > e1")
    body = start() + f'<transaction id="pay">{deep}</transaction>'
    body += event("undone", "<cancelEventDefinition/>", on="pay") + end() + end("left")
    found = told(process(body + flow("start > pay > end") + flow("undone > left")))
    assert not [each for each in found if each[2] in ("undone", "left", "sub", "pay")]


def test_an_event_of_which_one_part_never_comes_does_not_come():
    parts = (
        '<messageEventDefinition messageRef="m"/><conditionalEventDefinition><condition>=false</condition>'
    )
    both = event("both", parts + "</conditionalEventDefinition>", on="w", more=' parallelMultiple="true"')
    message = '<message id="m" name="m">' + extension('<zeebe:subscription correlationKey="=order"/>')
    body = start() + user("w") + both + end() + end("other") + flow("start > w > end") + flow("both > other")
    assert told(process(body, definitions=message + "</message>")) == [
        ("warning", "soundness.unreachable", "both")
    ]
