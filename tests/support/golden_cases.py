"""Golden cases: one or more per element kind, event kind and loop kind, with what the outside world does.

A case is a model and a function that drives it; `lines` gives the root after each command and a digest
of all steps. `python -m support.golden_cases` (in tests/) writes the lines of cases that are new, and
never touches the others: those are what running cases rest on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import bpmn
from bpmn.kernel.records import encode
from support.bpmn_text import (
    HEAD,
    NOON,
    Case,
    end,
    extension,
    flow,
    mapping,
    process,
    script,
    service,
    start,
    user,
)

CORPUS = (
    Path(__file__).resolve().parents[1]
    / "bpmn"
    / "kernel"
    / f"golden_kernel_{bpmn.newest().version}_elements.json"
)
Drive = Callable[["Golden"], object]


class Golden(Case):
    """A case that writes down the root after each command."""

    def __init__(self, source: bytes | Mapping[str, bytes], variables: Mapping[str, Any]) -> None:
        self.roots: list[str] = []
        super().__init__(source, variables)

    def send(self, command: bpmn.Command) -> Golden:
        super().send(command)
        self.roots.append(f"{self.state.status} {self.state.root}")
        return self

    def signal(self, name: str, **variables: Any) -> Golden:
        return self.send(bpmn.BroadcastSignal(self.now, name, variables))

    def fail(self, element: str, code: str) -> Golden:
        return self.send(bpmn.FailJob(self.now, self._one(self.state.jobs, element), code, "no"))


CASES: dict[str, tuple[bytes | Mapping[str, bytes], Mapping[str, Any], Drive]] = {}


def case(
    name: str, source: bytes | Mapping[str, bytes], drive: Drive = lambda case: None, **variables: Any
) -> None:
    """Add a case to the corpus."""
    assert name not in CASES
    CASES[name] = (source, variables, drive)


def lines(name: str) -> list[str]:
    """What the corpus keeps of a case: status and root after each command, then the steps in digest."""
    source, variables, drive = CASES[name]
    run = Golden(source, variables)
    drive(run)
    steps = b"\n".join(encode(event.to_json()) for event in run.events)
    return [*run.roots, f"{len(run.events)} steps {hashlib.sha256(steps).hexdigest()}"]


def model(*parts: str, definitions: str = "") -> bytes:
    return process(start() + end() + "".join(parts), definitions=definitions)


def sub(id: str, *parts: str, tag: str = "subProcess", attributes: str = "") -> str:
    return f'<{tag} id="{id}"{attributes}>{"".join(parts)}</{tag}>'


def inside(id: str, *parts: str, tag: str = "subProcess", attributes: str = "", name: str = "i") -> str:
    """A subprocess from start `i.s` to end `i.e`; its parts connect them."""
    return sub(id, start(f"{name}.s"), end(f"{name}.e"), *parts, tag=tag, attributes=attributes)


def boundary(id: str, host: str, definition: str, stays: bool = False) -> str:
    return (
        f'<boundaryEvent id="{id}" attachedToRef="{host}" cancelActivity="{str(not stays).lower()}">'
        f"{definition}</boundaryEvent>"
    )


def catch(id: str, definition: str, attributes: str = "") -> str:
    return f'<intermediateCatchEvent id="{id}"{attributes}>{definition}</intermediateCatchEvent>'


def throw(id: str, definition: str = "", more: str = "") -> str:
    return f'<intermediateThrowEvent id="{id}">{more}{definition}</intermediateThrowEvent>'


def ends(id: str, definition: str) -> str:
    return f'<endEvent id="{id}">{definition}</endEvent>'


def by_event(id: str, definition: str, *, stays: bool = False, task: str = "") -> str:
    """An event subprocess with one task."""
    begin = f'<startEvent id="{id}.s" isInterrupting="{str(not stays).lower()}">{definition}</startEvent>'
    steps = (task or service(f"{id}.t")) + end(f"{id}.e") + flow(f"{id}.s > {id}.t > {id}.e")
    return sub(id, begin, steps, attributes=' triggeredByEvent="true"')


def gateway(kind: str, id: str, default: str = "") -> str:
    return f'<{kind}Gateway id="{id}"' + (f' default="{default}"' if default else "") + "/>"


def undone(id: str) -> str:
    """A service task with a compensation handler."""
    handler = service(f"{id}.undo").replace("<serviceTask ", '<serviceTask isForCompensation="true" ')
    link = f'<association id="{id}.link" sourceRef="{id}.b" targetRef="{id}.undo"/>'
    return service(id) + boundary(f"{id}.b", id, UNDO) + handler + link


def loop(attributes: str, *, sequential: bool = False, inner: str = "") -> str:
    kind = str(sequential).lower()
    zeebe = extension(f"<zeebe:loopCharacteristics {attributes}/>") if attributes else ""
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{kind}">{zeebe}{inner}'
        "</multiInstanceLoopCharacteristics>"
    )


def timer(form: str, text: str) -> str:
    return f"<timerEventDefinition><{form}>{text}</{form}></timerEventDefinition>"


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>{text}</condition></conditionalEventDefinition>"


def message(which: str) -> str:
    return f'<messageEventDefinition messageRef="{which}"/>'


def signal(which: str) -> str:
    return f'<signalEventDefinition signalRef="{which}"/>'


def error(which: str = "") -> str:
    return f'<errorEventDefinition errorRef="{which}"/>' if which else "<errorEventDefinition/>"


def escalation(which: str = "") -> str:
    return (
        f'<escalationEventDefinition escalationRef="{which}"/>' if which else "<escalationEventDefinition/>"
    )


JOB = extension('<zeebe:taskDefinition type="work"/>')
ONE = extension('<zeebe:script expression="=1"/>')
UNDO = "<compensateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"
TERMINATE = "<terminateEventDefinition/>"
KEYED = (
    '<message id="m" name="m">'
    + extension('<zeebe:subscription correlationKey="=key"/>')
    + '</message><message id="other" name="other"/>'
)
SIGNALS = '<signal id="sig" name="sig"/><signal id="far" name="far"/>'
ERRORS = '<error id="bad" errorCode="BAD"/><error id="worse" errorCode="WORSE"/>'
ESCALATIONS = '<escalation id="up" escalationCode="UP"/><escalation id="upper" escalationCode="UPPER"/>'
ITEMS = [Decimal(1), Decimal(2), Decimal(3)]

# Tasks

case(
    "tasks that pass",
    model(
        '<task id="t"/><manualTask id="m"/>',
        script("s", '={a: n + 1, b: [n, "x"]}', "r"),
        flow("start > t > m > s > end"),
    ),
    n=Decimal(1),
)
case(
    "service task with mappings and headers",
    model(
        service(
            "a",
            more='<zeebe:taskHeaders><zeebe:header key="k" value="v"/></zeebe:taskHeaders>'
            + mapping({"in.deep": "=n * 2", "text": "plain"}, {"out": "=r.x", "all.n": "=n"}),
        ),
        flow("start > a > end"),
    ),
    lambda case: case.complete_job("a", r={"x": Decimal("1.50")}),
    n=Decimal(3),
)
case(
    "user task with everything",
    model(
        user(
            "u",
            more='<zeebe:formDefinition formId="f"/><zeebe:assignmentDefinition assignee="=who" '
            'candidateUsers="a, b" candidateGroups="=groups"/><zeebe:taskSchedule dueDate="=due" '
            'followUpDate="2026-03-04T00:00:00Z"/><zeebe:priorityDefinition priority="70"/>'
            '<zeebe:properties><zeebe:property name="p" value="1"/></zeebe:properties>',
        ),
        flow("start > u > end"),
    ),
    lambda case: case.complete_task("u", ok=True),
    who="kim",
    groups=["g", "h"],
    due="2026-03-05T00:00:00Z",
)
case(
    "send and receive tasks",
    model(
        f'<sendTask id="job">{JOB}</sendTask>',
        f'<sendTask id="tell" messageRef="m">{extension(mapping({"x": "=n"}))}</sendTask>',
        '<receiveTask id="hear" messageRef="m"/>',
        flow("start > job > tell > hear > end"),
        definitions=KEYED,
    ),
    lambda case: case.complete_job("job").message("m", "7", got=[Decimal(1), None, True]),
    n=Decimal(5),
    key=Decimal(7),
)
case(
    "a job that fails, is resolved, throws and is caught",
    model(
        service("a"),
        boundary("b", "a", error("bad")),
        service("c"),
        flow("start > a > end"),
        flow("b > c > end"),
        definitions=ERRORS,
    ),
    lambda case: (
        case.fail("a", "bank.down").resolve(n=Decimal(2)).throw("a", "BAD", why="x").complete_job("c")
    ),
    n=Decimal(1),
)
case(
    "an error that nobody catches",
    model(service("a"), flow("start > a > end")),
    lambda case: case.throw("a", "LOST").resolve().complete_job("a"),
)
DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="x">
<decision id="fee" name="fee"><decisionTable id="t" hitPolicy="FIRST"><input id="i"><inputExpression id="e">
<text>amount</text></inputExpression></input><output id="o" name="fee"/><rule id="r1"><inputEntry id="i1">
<text>&lt; 100</text></inputEntry><outputEntry id="o1"><text>1</text></outputEntry></rule><rule id="r2">
<inputEntry id="i2"><text>-</text></inputEntry><outputEntry id="o2"><text>amount * 0.02</text></outputEntry>
</rule></decisionTable></decision></definitions>"""
RULE = '<zeebe:calledDecision decisionId="fee" resultVariable="fee"/>'
case(
    "business rule tasks",
    {
        "m.bpmn": model(
            f'<businessRuleTask id="r">{extension(RULE)}</businessRuleTask>',
            f'<businessRuleTask id="j">{JOB}</businessRuleTask>',
            flow("start > r > j > end"),
        ),
        "d.dmn": DMN,
    },
    lambda case: case.complete_job("j"),
    amount=Decimal(250),
)
GLOBALS = (
    '<globalTask id="gt"/><globalManualTask id="gm"/><globalUserTask id="gu"/>'
    f'<globalScriptTask id="gs">{ONE}</globalScriptTask>'
    f'<globalBusinessRuleTask id="gb">{JOB}</globalBusinessRuleTask>'
)
case(
    "global tasks",
    (
        f'{HEAD}{GLOBALS}<process id="p" isExecutable="true">{start()}{end()}'
        + "".join(
            f'<callActivity id="c{each}" calledElement="{each}"/>' for each in ("gt", "gm", "gu", "gs", "gb")
        )
        + flow("start > cgt > cgm > cgu > cgs > cgb > end")
        + "</process></definitions>"
    ).encode(),
    lambda case: case.complete_task("gu/gu").complete_job("gb/gb"),
)
INNER = process(
    start() + end() + service("w") + script("s", "=n + 1", "n") + flow("start > w > s > end"), id="inner"
)
GIVEN = mapping({"n": "=10"}, {"got": "=n"})
OWN_CASE = '<zeebe:properties><zeebe:property name="ownCase" value="true"/></zeebe:properties>'
CASE_CALL = '<zeebe:calledElement processId="other"/>'
case(
    "a call that runs as a case of its own",
    process(
        start()
        + f'<callActivity id="call">{extension(CASE_CALL + OWN_CASE)}</callActivity>'
        + end()
        + flow("start > call > end")
    ),
    lambda case: case.fail("call", "call.cancelled").resolve().complete_job("call", y=2),
    x=1,
)

CALL = '<zeebe:calledElement processId="inner" propagateAllParentVariables="false"/>'
case(
    "call activities",
    {
        "m.bpmn": model(
            '<callActivity id="all" calledElement="inner"/>',
            f'<callActivity id="some">{extension(CALL + GIVEN)}</callActivity>',
            boundary("b", "some", error("bad")),
            flow("start > all > some > end"),
            flow("b > end"),
            definitions=ERRORS,
        ),
        "inner.bpmn": INNER,
    },
    lambda case: case.complete_job("inner/w", x=Decimal(1)).complete_job("inner/w"),
    n=Decimal(1),
)

# Gateways

WAYS = {"g-a": "=n &gt; 0", "g-b": "=n &gt; 1"}
for kind in ("exclusive", "inclusive"):
    for n in (0, 2):
        case(
            f"{kind} gateway, n = {n}",
            model(
                gateway(kind, "g", "g-c"),
                gateway(kind, "j"),
                *(service(each) for each in "abc"),
                flow("start > g > a > j > end", WAYS),
                flow("g > b > j", WAYS),
                flow("g > c > j"),
            ),
            lambda case: [case.complete_job(each) for each in reversed(case.jobs)],
            n=Decimal(n),
        )
case(
    "parallel gateway with a token too many",
    model(
        gateway("parallel", "f"),
        gateway("parallel", "j"),
        gateway("exclusive", "x"),
        *(service(each) for each in "abc"),
        flow("start > f > a > x > j > end"),
        flow("f > b > x"),
        flow("f > c > j"),
    ),
    lambda case: case.complete_job("b").complete_job("a", n=Decimal(1)).complete_job("c"),
)
case(
    "inclusive merge in a loop",
    model(
        gateway("inclusive", "g", "g-a"),
        gateway("inclusive", "j"),
        gateway("exclusive", "more", "more-end"),
        service("a"),
        service("b"),
        script("n", "=n + 1", "n"),
        flow("start > g > a > j > n > more > end"),
        flow("g > b > j", {"g-b": "=n &lt; 1"}),
        flow("more > g", {"more-g": "=n &lt; 2"}),
    ),
    lambda case: case.complete_job("b").complete_job("a"),
    n=Decimal(0),
)
case(
    "complex gateway",
    model(
        gateway("parallel", "f"),
        '<complexGateway id="j"><activationCondition>=activationCount &gt;= 2</activationCondition>'
        "</complexGateway>",
        *(service(each) for each in "abc"),
        service("next"),
        flow("start > f > a > j > next > end"),
        flow("f > b > j"),
        flow("f > c > j"),
    ),
    lambda case: case.complete_job("b").complete_job("c").complete_job("a").complete_job("next"),
)
case(
    "complex split",
    model(
        gateway("complex", "g", "g-b"),
        service("a"),
        service("b"),
        flow("start > g > a > end", {"g-a": "=n &gt; 0"}),
        flow("g > b > end"),
    ),
    lambda case: case.complete_job("a"),
    n=Decimal(1),
)
EVENTS = model(
    gateway("eventBased", "g"),
    catch("late", timer("timeDuration", "PT2H")),
    catch("hear", signal("sig")),
    '<receiveTask id="get" messageRef="m"/>',
    service("a"),
    service("b"),
    flow("start > g > late > a > end"),
    flow("g > hear > b > end"),
    flow("g > get > end"),
    definitions=KEYED + SIGNALS,
)
case("event-based gateway, timer", EVENTS, lambda case: case.after(hours=3).complete_job("a"), key="k")
case("event-based gateway, signal", EVENTS, lambda case: case.signal("sig", n=Decimal(1)), key="k")
case("event-based gateway, message", EVENTS, lambda case: case.message("m", "k", x="y"), key="k")
case(
    "flows out of an activity",
    model(
        service("a").replace("<serviceTask ", '<serviceTask default="a-d" '),
        service("b"),
        service("c"),
        service("d"),
        flow("start > a > b > end", {"a-b": "=n &gt; 0"}),
        flow("a > c > end"),
        flow("a > d > end"),
    ),
    lambda case: case.complete_job("a").complete_job("c"),
    n=Decimal(1),
)

# Events

case(
    "timers: date, cycle, boundary",
    model(
        catch("date", timer("timeDate", "2026-03-02T13:00:00Z")),
        user("u"),
        service("late"),
        boundary("again", "u", timer("timeCycle", "R2/PT1H"), True),
        boundary("over", "u", timer("timeDuration", "=limit")),
        end("told"),
        flow("start > date > u > end"),
        flow("again > told"),
        flow("over > late > end"),
    ),
    lambda case: case.after(hours=1).after(hours=1).after(hours=5).complete_job("late"),
    limit="PT5H",
)
case(
    "a timer that ends its task",
    model(
        user("u"),
        boundary("over", "u", timer("timeDuration", "PT1H")),
        end("late"),
        flow("start > u > end"),
        flow("over > late"),
    ),
    lambda case: case.after(hours=2),
)
case(
    "messages: throw, catch, boundary, end",
    model(
        throw("tell", message("other"), extension(mapping({"x": "=n"}))),
        catch("hear", message("m")),
        service("a"),
        boundary("b", "a", message("m"), True),
        boundary("c", "a", message("other")),
        ends("last", message("other")),
        end("told"),
        flow("start > tell > hear > a > end"),
        flow("b > told"),
        flow("c > last"),
        definitions=KEYED,
    ),
    lambda case: case.message("m", "k", a="1").message("m", "k", b="2").message("other"),
    key="k",
    n=Decimal(4),
)
case(
    "signals: throw within, broadcast, end",
    model(
        gateway("parallel", "f"),
        catch("one", signal("sig")),
        catch("two", signal("sig")),
        service("first"),
        throw("tell", signal("sig"), extension(mapping({"x": "=n"}))),
        ends("last", signal("far")),
        boundary("b", "first", signal("far"), True),
        end("told"),
        flow("start > f > one > end"),
        flow("f > two > end"),
        flow("f > first > tell > last"),
        flow("b > told"),
        definitions=SIGNALS,
    ),
    lambda case: case.signal("far").complete_job("first"),
    n=Decimal(1),
)
case(
    "errors: end, boundary, event subprocess",
    model(
        inside(
            "s",
            by_event("es", error("bad")),
            ends("i.bad", error("bad")),
            service("w"),
            flow("i.s > w > i.bad"),
        ),
        boundary("b", "s", error()),
        service("caught"),
        inside("t", ends("j.bad", error("worse")), flow("j.s > j.bad"), name="j"),
        boundary("tb", "t", error("worse")),
        flow("start > s > t > end"),
        flow("b > caught > end"),
        flow("tb > end"),
        definitions=ERRORS,
    ),
    lambda case: case.complete_job("w").complete_job("es.t"),
)
case(
    "escalations: throw, end, boundary, event subprocess",
    model(
        inside(
            "s",
            by_event("es", escalation("up"), stays=True),
            throw("t", escalation("up")),
            throw("u", escalation("upper")),
            ends("last", escalation("upper")),
            service("w"),
            flow("i.s > t > u > w > last"),
        ),
        boundary("b", "s", escalation(), True),
        service("told"),
        throw("lost", escalation("up")),
        flow("start > s > lost > end"),
        flow("b > told > end"),
        definitions=ESCALATIONS,
    ),
    lambda case: case.complete_job("told").complete_job("w").complete_job("es.t").complete_job("told"),
)
case(
    "conditions: catch, boundary, event subprocess",
    model(
        gateway("parallel", "f"),
        catch("c", condition("=n &gt; 1")),
        service("a"),
        service("met"),
        service("set"),
        boundary("b", "a", condition("=n &gt; 2")),
        by_event("es", condition("=n &gt; 1"), stays=True),
        flow("start > f > c > end"),
        flow("f > a > end"),
        flow("f > set > end"),
        flow("b > met > end"),
    ),
    lambda case: case.complete_job("set", n=Decimal(3)).complete_job("met").complete_job("es.t"),
    n=Decimal(0),
)
case(
    "event subprocesses that interrupt",
    model(
        inside("s", by_event("es", message("m")), user("u"), flow("i.s > u > i.e")),
        user("v"),
        by_event("last", signal("sig")),
        gateway("parallel", "f"),
        flow("start > f > s > end"),
        flow("f > v > end"),
        definitions=KEYED + SIGNALS,
    ),
    lambda case: (
        case.message("m", "k", n=Decimal(1)).complete_job("es.t").signal("sig").complete_job("last.t")
    ),
    key="k",
)
case(
    "event subprocess by a cycle",
    model(by_event("es", timer("timeCycle", "R2/PT1H"), stays=True), user("u"), flow("start > u > end")),
    lambda case: case.after(hours=3).complete_job("es.t").complete_task("u").complete_job("es.t"),
)
case(
    "several events at one catch",
    model(
        catch("any", signal("sig") + timer("timeDuration", "PT1H")),
        catch("all", signal("sig") + message("other"), ' parallelMultiple="true"'),
        flow("start > any > all > end"),
        definitions=KEYED + SIGNALS,
    ),
    lambda case: case.after(hours=1).message("other", a="1").signal("sig", b="2"),
    key="k",
)
case(
    "links",
    model(
        throw("there", '<linkEventDefinition name="L"/>'),
        catch("here", '<linkEventDefinition name="L"/>'),
        flow("start > there"),
        flow("here > end"),
    ),
)
case(
    "terminate",
    model(
        inside(
            "s",
            gateway("parallel", "f"),
            service("a"),
            service("b"),
            ends("stop", TERMINATE),
            flow("i.s > f > a > stop"),
            flow("f > b > i.e"),
        ),
        gateway("parallel", "g"),
        service("c"),
        service("d"),
        ends("all", TERMINATE),
        flow("start > g > s > c > all"),
        flow("g > d > end"),
    ),
    lambda case: case.complete_job("a").complete_job("c"),
)
case(
    "a start that waits for a condition",
    process(f'<startEvent id="when">{condition("=n &gt; 1")}</startEvent>' + end() + flow("when > end")),
    n=Decimal(2),
)

# Compensation

case(
    "compensation: thrown, of one activity, at the end",
    model(
        undone("a"),
        undone("b"),
        throw("one", '<compensateEventDefinition activityRef="a"/>'),
        service("w"),
        ends("last", UNDO),
        flow("start > a > b > one > w > last"),
    ),
    lambda case: (
        case.complete_job("a", n=Decimal(1))
        .complete_job("b")
        .complete_job("a.undo")
        .complete_job("w")
        .complete_job("b.undo")
    ),
)
UNDOES = sub(
    "es",
    f'<startEvent id="es.s">{UNDO}</startEvent>',
    service("es.t"),
    ends("es.e", UNDO),
    flow("es.s > es.t > es.e"),
    attributes=' triggeredByEvent="true"',
)
case(
    "compensation of subprocesses",
    model(
        inside("s", undone("a"), UNDOES, flow("i.s > a > i.e")),
        inside("t", undone("b"), undone("c"), flow("j.s > b > c > j.e"), name="j"),
        throw("undo", UNDO),
        flow("start > s > t > undo > end"),
    ),
    lambda case: (
        case.complete_job("a", n=Decimal(1))
        .complete_job("b")
        .complete_job("c")
        .complete_job("c.undo")
        .complete_job("b.undo")
        .complete_job("es.t")
        .complete_job("a.undo")
    ),
    n=Decimal(0),
)
case(
    "transaction that is cancelled",
    model(
        inside(
            "t",
            undone("a"),
            gateway("parallel", "f"),
            service("x"),
            service("y"),
            ends("stop", CANCEL),
            flow("i.s > a > f > x > stop"),
            flow("f > y > i.e"),
            tag="transaction",
        ),
        boundary("b", "t", CANCEL),
        service("after"),
        flow("start > t > end"),
        flow("b > after > end"),
    ),
    lambda case: case.complete_job("a").complete_job("x").complete_job("a.undo").complete_job("after"),
)

# Loops

BODY = service("w") + flow("i.s > w > i.e")
COLLECT = 'inputCollection="=items" inputElement="item" outputCollection="all" outputElement="=r"'
ENOUGH = "<completionCondition>=numberOfCompletedInstances &gt;= 2</completionCondition>"
for sequential in (False, True):
    how = "sequential" if sequential else "parallel"
    case(
        f"{how} rounds with enough",
        model(inside("s", loop(COLLECT, sequential=sequential, inner=ENOUGH), BODY), flow("start > s > end")),
        lambda case: case.complete_job("w", r="one").complete_job("w", r="two"),
        items=ITEMS,
    )
    case(
        f"{how} rounds by number, ended from outside",
        model(
            inside("s", loop("", sequential=sequential, inner="<loopCardinality>=n</loopCardinality>"), BODY),
            boundary("b", "s", signal("sig")),
            flow("start > s > end"),
            flow("b > end"),
            definitions=SIGNALS,
        ),
        lambda case: case.complete_job("w").signal("sig"),
        n=Decimal(3),
    )
case(
    "rounds of none, and of no list",
    model(
        user("u").replace("</userTask>", loop('inputCollection="=none"') + "</userTask>"),
        user("v").replace("</userTask>", loop('inputCollection="=n"') + "</userTask>"),
        flow("start > u > v > end"),
    ),
    lambda case: case.resolve(n=["x"]).complete_task("v"),
    none=[],
    n=Decimal(1),
)
for before in ("true", "false"):
    standard = f'<standardLoopCharacteristics testBefore="{before}" loopMaximum="3">'
    standard += "<loopCondition>=n &lt; 2</loopCondition></standardLoopCharacteristics>"
    for n in (0, 5):
        case(
            f"standard loop, tested {'before' if before == 'true' else 'after'}, n = {n}",
            model(script("s", "=n + 1", "n", standard), flow("start > s > end")),
            n=Decimal(n),
        )

# Ad-hoc subprocesses and quantities

for ordering in ("Parallel", "Sequential"):
    for rest in ("true", "false"):
        attributes = f' ordering="{ordering}" cancelRemainingInstances="{rest}"'
        case(
            f"ad-hoc, {ordering.lower()}, {'ends' if rest == 'true' else 'awaits'} the rest",
            model(
                sub(
                    "h",
                    service("a"),
                    service("b"),
                    service("c"),
                    flow("b > c"),
                    "<completionCondition>=n &gt; 1</completionCondition>",
                    tag="adHocSubProcess",
                    attributes=attributes,
                ),
                flow("start > h > end"),
            ),
            lambda case: [case.complete_job(case.jobs[-1], n=Decimal(n)) for n in (1, 2, 2) if case.jobs],
            n=Decimal(0),
        )
case(
    "quantities",
    model(
        '<task id="many" completionQuantity="3"/>',
        service("two").replace("<serviceTask ", '<serviceTask startQuantity="2" '),
        flow("start > many > two > end"),
    ),
    lambda case: case.complete_job("two"),
)

# Variables and incidents

case(
    "variables in scopes",
    model(
        inside(
            "s", script("new", "=1", "fresh"), script("old", "=n + fresh", "n"), flow("i.s > new > old > i.e")
        ),
        inside("t", script("x", "=2", "kept"), flow("j.s > x > j.e"), name="j").replace(
            '<subProcess id="t">',
            f'<subProcess id="t">{extension(mapping({"local": "=n"}, {"out": "=kept + local"}))}',
        ),
        flow("start > s > t > end"),
    ),
    n=Decimal(1),
)
case(
    "a conflict that is resolved",
    model(
        gateway("parallel", "f"),
        gateway("parallel", "j"),
        service("a"),
        service("b"),
        flow("start > f > a > j > end"),
        flow("f > b > j"),
    ),
    lambda case: case.complete_job("a", n=Decimal(1)).complete_job("b", n=Decimal(2)).resolve(),
)
case(
    "conditions without an answer",
    model(
        gateway("exclusive", "g"),
        service("a"),
        service("b"),
        flow("start > g > a > end", {"g-a": "=n"}),
        flow("g > b > end", {"g-b": "=false"}),
    ),
    lambda case: case.resolve(n=False).resolve(n=True).complete_job("a"),
)
case(
    "values of every type",
    model(
        script(
            "s",
            '={d: date("2026-03-01"), t: time("10:00:00Z"), dt: now(), y: duration("P1Y"), '
            'p: duration("PT1M"), '
            'big: 12345678901234567890.123, none: null, nested: [[1, {a: "é"}], true]}',
            "r",
        ),
        flow("start > s > end"),
    ),
)
case(
    "cancelled with everything open",
    model(
        gateway("parallel", "f"),
        user("u"),
        service("a"),
        catch("c", signal("sig")),
        catch("t", timer("timeDuration", "PT1H")),
        inside("s", service("w"), flow("i.s > w > i.e")),
        service("x"),
        *(flow(f"f > {each} > end") for each in ("u", "a", "c", "t", "s", "x")),
        flow("start > f"),
        definitions=SIGNALS,
    ),
    lambda case: case.fail("a", "bad").send(bpmn.Cancel(NOON, "withdrawn")),
)


def record_new() -> None:
    """Write the lines of cases that the corpus does not hold yet."""
    known: dict[str, list[str]] = json.loads(CORPUS.read_text()) if CORPUS.exists() else {}
    found = {name: known.get(name) or lines(name) for name in CASES}
    CORPUS.write_text(json.dumps({**known, **found}, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    record_new()
