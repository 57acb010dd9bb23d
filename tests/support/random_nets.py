"""Random unstructured models: any graph of what the engine runs, and random walks through them.

Unlike nested blocks such a net need not be sound: merges starve, loops never end, tokens multiply.
It always compiles, so that properties speak of running. One integer gives one net and one walk
through it, on any machine and with any hash seed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

import bpmn
from support.bpmn_text import HEAD, NOON, end, extension, script, service, start, user

UNDO = "<compensateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"
DEFINITIONS = "".join(
    f'<message id="m{each}" name="m{each}"><extensionElements>'
    f'<zeebe:subscription correlationKey="=&quot;k&quot;"/></extensionElements></message>'
    f'<signal id="s{each}" name="s{each}"/>'
    f'<error id="e{each}" errorCode="E{each}"/>'
    f'<escalation id="x{each}" escalationCode="X{each}"/>'
    for each in range(2)
)
RULE_JOB = extension('<zeebe:taskDefinition type="rule"/>')
CALLED = "called"
GATHERS = ' startQuantity="2"'
FIRST_VARIABLES = {"v": 1, "w": 0, "items": ["x", "y"]}


@dataclass(frozen=True)
class Part:
    """Some elements: where a flow comes in, from where flows go on, and their text.

    A gateway gives only its tag: its text names the default flow, which is not known yet.
    """

    way_in: str
    ways_out: tuple[str, ...]
    text: str
    gateway: str = ""


class Net:
    """A random model; `source` is its file. Every scope is a random graph of random parts."""

    def __init__(self, choices: random.Random, depth: int = 2) -> None:
        self.choices = choices
        self.numbers = count()
        called, main = self.scope(0), self.scope(depth)
        self.source = (
            f'{HEAD}{DEFINITIONS}<process id="p" isExecutable="true">{main}</process>'
            f'<process id="{CALLED}" isExecutable="true">{called}</process></definitions>'
        ).encode()

    def name(self) -> str:
        return f"n{next(self.numbers)}"

    def one_of(self, *texts: str) -> str:
        return self.choices.choice(texts)

    def likely(self, chance: float) -> bool:
        return self.choices.random() < chance

    def condition(self) -> str:
        return f"=v {self.one_of('&lt;', '&gt;')} {self.choices.randint(0, 4)}"

    # Scopes and flows

    def scope(self, depth: int, *, last: str = "") -> str:
        """The content of a process or subprocess; `last` is the trigger of one more end event."""
        begin = self.name()
        parts = [self.part(depth) for _ in range(self.choices.randint(2, 7))]
        parts += [self.end_event() for _ in range(self.choices.randint(1, 2))]
        if last:
            parts.append(self.end_event(last))
        targets = [part.way_in for part in parts]
        flows = self.wire(begin, targets, 0, "")[1]
        defaults: dict[str, str | None] = {}
        for behind, part in enumerate(parts, 1):
            for way_out in part.ways_out:
                defaults[part.way_in], more = self.wire(way_out, targets, behind, part.gateway)
                flows += more
        led_to = "".join(flows)
        texts = [start(begin), *(self.written(part, defaults.get(part.way_in), led_to) for part in parts)]
        if depth and self.likely(0.5):
            texts.append(self.event_subprocess(depth))
        return "".join([*texts, *flows])

    def wire(
        self, source: str, targets: list[str], behind: int, gateway: str
    ) -> tuple[str | None, list[str]]:
        """The default flow and all flows out of a node; most lead to what stands just behind it."""
        ways = self.choices.choice((1, 2, 2, 3)) if gateway else 1 + self.likely(0.1)
        chooses = gateway not in ("", "parallelGateway")
        default, texts = None, []
        for way in range(ways):
            near = targets[min(behind + way, len(targets) - 1)]
            target = near if self.likely(0.7) else self.choices.choice(targets)
            name = self.name()
            inner = ""
            if chooses and way:
                inner = f"<conditionExpression>{self.condition()}</conditionExpression>"
            elif chooses and ways > 1:
                default = name
            texts.append(
                f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'
            )
        return default, texts

    @staticmethod
    def written(part: Part, default: str | None, led_to: str) -> str:
        """The text of a part when the flows are known: only what they lead to can gather tokens."""
        if not part.gateway:
            led = f'targetRef="{part.way_in}"' in led_to
            return part.text if led else part.text.replace(GATHERS, "", 1)
        chosen = f' default="{default}"' if default else ""
        inner = "<activationCondition>=activationCount &gt;= 2</activationCondition>"
        inner = inner if part.gateway == "complexGateway" else ""
        return f'<{part.gateway} id="{part.way_in}"{chosen}>{inner}</{part.gateway}>'

    def part(self, depth: int) -> Part:
        kinds: list[Callable[[int], Part]] = [
            self.activity,
            self.activity,
            self.activity,
            self.gateway,
            self.gateway,
            self.event_gateway,
            self.catch,
            self.throw,
            self.link,
        ]
        return self.choices.choice(kinds)(depth)

    # Events

    def trigger(self) -> str:
        """What can be waited for anywhere."""
        which = self.choices.randint(0, 1)
        return self.one_of(
            "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
            f'<messageEventDefinition messageRef="m{which}"/>',
            f'<signalEventDefinition signalRef="s{which}"/>',
            f"<conditionalEventDefinition><condition>{self.condition()}</condition></conditionalEventDefinition>",
        )

    def thrown(self) -> str:
        """What can be thrown in the middle of the flow."""
        which = self.choices.randint(0, 1)
        return self.one_of(
            "",
            f'<messageEventDefinition messageRef="m{which}"/>',
            f'<signalEventDefinition signalRef="s{which}"/>',
            f'<escalationEventDefinition escalationRef="x{which}"/>',
            UNDO,
        )

    def end_event(self, trigger: str = "") -> Part:
        name = self.name()
        which = self.choices.randint(0, 1)
        trigger = trigger or self.one_of(
            *[""] * 6,
            self.thrown(),
            self.thrown(),
            f'<errorEventDefinition errorRef="e{which}"/>',
            "<terminateEventDefinition/>",
        )
        return Part(name, (), f'<endEvent id="{name}">{trigger}</endEvent>')

    def catch(self, depth: int) -> Part:
        name = self.name()
        several = ' parallelMultiple="true"' if self.likely(0.3) else ""
        triggers = self.trigger() + (self.trigger() if several or self.likely(0.2) else "")
        text = f'<intermediateCatchEvent id="{name}"{several}>{triggers}</intermediateCatchEvent>'
        return Part(name, (name,), text)

    def throw(self, depth: int) -> Part:
        name = self.name()
        text = f'<intermediateThrowEvent id="{name}">{self.thrown()}</intermediateThrowEvent>'
        return Part(name, (name,), text)

    def link(self, depth: int) -> Part:
        source, target = self.name(), self.name()
        link = f'<linkEventDefinition name="{source}"/>'
        text = f'<intermediateThrowEvent id="{source}">{link}</intermediateThrowEvent>'
        text += f'<intermediateCatchEvent id="{target}">{link}</intermediateCatchEvent>'
        return Part(source, (target,), text)

    # Gateways

    def gateway(self, depth: int) -> Part:
        name = self.name()
        return Part(
            name, (name,), "", self.one_of("exclusive", "parallel", "inclusive", "complex") + "Gateway"
        )

    def event_gateway(self, depth: int) -> Part:
        name = self.name()
        text, events = f'<eventBasedGateway id="{name}"/>', []
        for _ in range(self.choices.randint(2, 3)):
            event = self.name()
            events.append(event)
            if self.likely(0.2):
                text += f'<receiveTask id="{event}" messageRef="m{self.choices.randint(0, 1)}"/>'
            else:
                text += f'<intermediateCatchEvent id="{event}">{self.trigger()}</intermediateCatchEvent>'
            text += f'<sequenceFlow id="{self.name()}" sourceRef="{name}" targetRef="{event}"/>'
        return Part(name, tuple(events), text)

    # Activities

    def activity(self, depth: int) -> Part:
        """A task or subprocess, some in a loop, some gathering tokens, some with events at the border."""
        name = self.name()
        kinds: list[Callable[[str, int], str]] = [self.task, self.task, self.task]
        if depth:
            kinds += [self.subprocess, self.transaction, self.adhoc]
        if depth == 2:
            kinds.append(self.call)
        text = self.choices.choice(kinds)(name, depth)
        undone = UNDO in text
        border, ways_out = "", [name]
        if self.likely(0.4):
            border, event = self.boundary(name)
            ways_out.append(event)
        if text.startswith("<transaction"):
            event = self.name()
            border += f'<boundaryEvent id="{event}" attachedToRef="{name}">{CANCEL}</boundaryEvent>'
            ways_out.append(event)
        elif not undone and self.likely(0.3):
            border += self.handler(name)
            undone = True
        tag = text[1:].partition(" ")[0]
        if not undone and CANCEL not in text and self.likely(0.25):
            text = self.looped(text, tag)
        if self.likely(0.1):
            quantity = self.one_of(GATHERS, ' completionQuantity="2"')
            text = text.replace(f"<{tag}", f"<{tag}{quantity}", 1)
        return Part(name, tuple(ways_out), text + border)

    def looped(self, text: str, tag: str) -> str:
        """The activity with loop characteristics, which stand behind its extensions."""
        sequential = f' isSequential="{self.one_of("true", "false")}"'
        enough = self.one_of("", f"<completionCondition>{self.condition()}</completionCondition>")
        over = extension('<zeebe:loopCharacteristics inputCollection="=items" inputElement="item"/>')
        loop = self.one_of(
            f'<standardLoopCharacteristics loopMaximum="2" testBefore="{self.one_of("true", "false")}">'
            f"<loopCondition>{self.condition()}</loopCondition></standardLoopCharacteristics>",
            f"<multiInstanceLoopCharacteristics{sequential}>{over}{enough}</multiInstanceLoopCharacteristics>",
            f"<multiInstanceLoopCharacteristics{sequential}><loopCardinality>2</loopCardinality>{enough}"
            "</multiInstanceLoopCharacteristics>",
        )
        head, _, rest = text.partition(">")
        if rest.startswith("<extensionElements>"):
            extensions, _, rest = rest.partition("</extensionElements>")
            return f"{head}>{extensions}</extensionElements>{loop}{rest}"
        if head.endswith("/"):
            return f"{head[:-1]}>{loop}</{tag}>"
        return f"{head}>{loop}{rest}"

    def boundary(self, host: str) -> tuple[str, str]:
        event = self.name()
        which = self.choices.randint(0, 1)
        definition, always = self.choices.choice(
            [
                (self.trigger(), False),
                (f'<escalationEventDefinition escalationRef="x{which}"/>', False),
                ("<escalationEventDefinition/>", False),
                (f'<errorEventDefinition errorRef="e{which}"/>', True),
                ("<errorEventDefinition/>", True),
            ]
        )
        stays = ' cancelActivity="false"' if not always and self.likely(0.5) else ""
        return (
            f'<boundaryEvent id="{event}" attachedToRef="{host}"{stays}>{definition}</boundaryEvent>',
            event,
        )

    def handler(self, host: str) -> str:
        event, handler = self.name(), self.name()
        undo = service(handler) if self.likely(0.7) else script(handler, "=v - 1", "v")
        undo = undo.replace(f'id="{handler}"', f'id="{handler}" isForCompensation="true"', 1)
        return (
            f'<boundaryEvent id="{event}" attachedToRef="{host}">{UNDO}</boundaryEvent>{undo}'
            f'<association id="{self.name()}" sourceRef="{event}" targetRef="{handler}"/>'
        )

    def task(self, name: str, depth: int) -> str:
        which = self.choices.randint(0, 1)
        return self.one_of(
            f'<task id="{name}"/>',
            f'<manualTask id="{name}"/>',
            service(name),
            service(name),
            user(name),
            user(name),
            script(name, "=v + 1", "v"),
            script(name, "=w + v", "w"),
            f'<receiveTask id="{name}" messageRef="m{which}"/>',
            f'<sendTask id="{name}" messageRef="m{which}"/>',
            f'<businessRuleTask id="{name}">{RULE_JOB}</businessRuleTask>',
        )

    def subprocess(self, name: str, depth: int) -> str:
        return f'<subProcess id="{name}">{self.scope(depth - 1)}</subProcess>'

    def transaction(self, name: str, depth: int) -> str:
        return f'<transaction id="{name}">{self.scope(depth - 1, last=CANCEL)}</transaction>'

    def adhoc(self, name: str, depth: int) -> str:
        order = self.one_of("Parallel", "Sequential")
        rest = self.one_of("true", "false")
        first, second, third = (self.name() for _ in range(3))
        inner = self.task(first, 0) + self.task(second, 0) + self.task(third, 0)
        inner += f'<sequenceFlow id="{self.name()}" sourceRef="{first}" targetRef="{second}"/>'
        enough = self.one_of("", f"<completionCondition>{self.condition()}</completionCondition>")
        head = f'<adHocSubProcess id="{name}" ordering="{order}" cancelRemainingInstances="{rest}">'
        return f"{head}{inner}{enough}</adHocSubProcess>"

    def call(self, name: str, depth: int) -> str:
        return f'<callActivity id="{name}" calledElement="{CALLED}"/>'

    def event_subprocess(self, depth: int) -> str:
        name, event, task, last = (self.name() for _ in range(4))
        definition, always = self.choices.choice(
            [
                (self.trigger(), False),
                ("<escalationEventDefinition/>", False),
                (f'<errorEventDefinition errorRef="e{self.choices.randint(0, 1)}"/>', True),
                ("<errorEventDefinition/>", True),
            ]
        )
        stays = ' isInterrupting="false"' if not always and self.likely(0.5) else ""
        inner = f'<startEvent id="{event}"{stays}>{definition}</startEvent>{self.task(task, 0)}{end(last)}'
        for source, target in ((event, task), (task, last)):
            inner += f'<sequenceFlow id="{self.name()}" sourceRef="{source}" targetRef="{target}"/>'
        return f'<subProcess id="{name}" triggeredByEvent="true">{inner}</subProcess>'


def compiled(source: bytes) -> bpmn.Model:
    """The model of a net's file."""
    return bpmn.compile_model({"net.bpmn": source}, process="p")


def decide(state: bpmn.State, choices: random.Random) -> bpmn.Command | None:
    """One of the things that the outside world can do to an instance now; None if there is nothing."""
    now = state.at or NOON
    written = {"v": choices.randint(0, 5)} if choices.random() < 0.3 else {}
    possible: list[bpmn.Command] = []
    for job in state.jobs:
        possible.append(bpmn.CompleteJob(now, job.id, written))
        possible.append(
            choices.choice(
                [
                    bpmn.CompleteJob(now, job.id, written),
                    bpmn.FailJob(now, job.id, "work.failed", "no"),
                    bpmn.ThrowError(now, job.id, choices.choice(["E0", "E1"]), "", written),
                ]
            )
        )
    possible += [bpmn.CompleteTask(now, task.id, written) for task in state.tasks]
    possible += [bpmn.CorrelateMessage(now, each.message, each.key, written) for each in state.messages]
    possible += [bpmn.BroadcastSignal(now, each.signal, written) for each in state.signals]
    possible += [bpmn.ResolveIncident(now, incident.id, written) for incident in state.incidents]
    if state.next_due is not None:
        possible.append(bpmn.FireTimers(max(now, state.next_due) + timedelta(minutes=choices.randint(0, 90))))
    if possible and choices.random() < 0.01:
        possible = [bpmn.Cancel(now, "withdrawn")]
    return choices.choice(possible) if possible else None


def walk(
    model: bpmn.Model, choices: random.Random, commands: int = 20
) -> Iterator[tuple[bpmn.State, bpmn.Command, bpmn.Step]]:
    """Run an instance on random decisions: each state with the command sent to it and what came of it."""
    state = bpmn.new_instance(model, "case")
    command: bpmn.Command | None = bpmn.Start(NOON, FIRST_VARIABLES)
    for _ in range(commands):
        if command is None:
            return
        done = bpmn.step(model, state, command)
        yield state, command, done
        state = done.state
        command = decide(state, choices) if state.status == "running" else None
