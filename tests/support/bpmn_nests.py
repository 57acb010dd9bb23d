"""Random nests of what can be undone, gathered, interrupted and left, and random moves in them."""

from __future__ import annotations

import random
from itertools import count

import bpmn
from support.bpmn_text import Case, end, process, service, start

UNDO = "<compensateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"
LOOPS = (
    '<standardLoopCharacteristics loopMaximum="2"/>',
    '<multiInstanceLoopCharacteristics isSequential="true"><loopCardinality>2</loopCardinality>'
    "</multiInstanceLoopCharacteristics>",
    "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>",
)
KINDS = ("plain", "undone", "condition", "quantity", "complex", "throw", "subprocess", "transaction", "adhoc")


class Nest:
    """A random model; every scope is a sequence of the kinds above."""

    def __init__(self, choices: random.Random) -> None:
        self.choices = choices
        self.numbers = count()
        self.cancels = False  # whether the scope that is written stands in a transaction
        self.source = process(self.scope(2))

    def name(self) -> str:
        return f"n{next(self.numbers)}"

    def flow(self, source: str, target: str) -> str:
        return f'<sequenceFlow id="{self.name()}" sourceRef="{source}" targetRef="{target}"/>'

    def scope(self, depth: int, last: str = "") -> str:
        before = self.name()
        text = start(before)
        for _ in range(self.choices.randint(1, 4)):
            kind = self.choices.choice(KINDS if depth else KINDS[:6])
            first, after, content = getattr(self, kind)(depth)
            text += content + self.flow(before, first)
            before = after
        closing = self.name()
        ends = ["", "", UNDO, "<terminateEventDefinition/>", *([CANCEL] if self.cancels else [])]
        last = last or self.choices.choice(ends)
        return text + f'<endEvent id="{closing}">{last}</endEvent>' + self.flow(before, closing)

    # Each gives where the flow comes in, where it goes on, and the text.

    def plain(self, depth: int) -> tuple[str, str, str]:
        name = self.name()
        return name, name, service(name)

    def throw(self, depth: int) -> tuple[str, str, str]:
        name = self.name()
        thrown = self.choices.choice([UNDO, UNDO.replace("/>", ' waitForCompletion="false"/>')])
        return name, name, f'<intermediateThrowEvent id="{name}">{thrown}</intermediateThrowEvent>'

    def undone(self, depth: int) -> tuple[str, str, str]:
        name, handler = self.name(), self.name()
        outside, self.cancels = self.cancels, False
        inner = (
            f'<subProcess id="{handler}">{self.scope(depth - 1)}</subProcess>' if depth else service(handler)
        )
        self.cancels = outside
        inner = inner.replace(f'id="{handler}"', f'id="{handler}" isForCompensation="true"', 1)
        return name, name, service(name, inner=self.loop()) + inner + self.border(name, UNDO, handler)

    def loop(self) -> str:
        return self.choices.choice(["", *LOOPS])

    def border(self, host: str, definition: str, handler: str = "", attributes: str = "") -> str:
        event, after = self.name(), self.name()
        text = f'<boundaryEvent id="{event}" attachedToRef="{host}"{attributes}>{definition}</boundaryEvent>'
        if handler:
            return text + f'<association id="{after}" sourceRef="{event}" targetRef="{handler}"/>'
        return text + end(after) + self.flow(event, after)

    def condition(self, depth: int) -> tuple[str, str, str]:
        name = self.name()
        event = "<conditionalEventDefinition><condition>=v &gt; 2</condition></conditionalEventDefinition>"
        stays = f' cancelActivity="{self.choices.choice(["true", "false"])}"'
        return name, name, service(name) + self.border(name, event, attributes=stays)

    def quantity(self, depth: int) -> tuple[str, str, str]:
        gives, takes = self.name(), self.name()
        text = f'<task id="{gives}" completionQuantity="2"/><task id="{takes}" startQuantity="2"/>'
        return gives, takes, text + self.flow(gives, takes)

    def complex(self, depth: int) -> tuple[str, str, str]:
        fork, merge = self.name(), self.name()
        enough = f"=activationCount &gt;= {self.choices.randint(1, 3)}"
        text = f'<parallelGateway id="{fork}"/><complexGateway id="{merge}">'
        text += f"<activationCondition>{enough}</activationCondition></complexGateway>"
        for _ in range(3):
            name = self.name()
            text += service(name) + self.flow(fork, name) + self.flow(name, merge)
        return fork, merge, text

    def subprocess(self, depth: int) -> tuple[str, str, str]:
        name, event, first, last = (self.name() for _ in range(4))
        undo = f'<startEvent id="{event}">{UNDO}</startEvent>' + service(first) + self.flow(event, first)
        undo += f'<endEvent id="{last}">{UNDO}</endEvent>' + self.flow(first, last)
        undo = f'<subProcess id="{self.name()}" triggeredByEvent="true">{undo}</subProcess>'
        inner = self.scope(depth - 1) + self.choices.choice(["", undo])
        text = f'<subProcess id="{name}">{self.loop()}{inner}</subProcess>' + self.border(
            name, "<errorEventDefinition/>"
        )
        return name, name, text

    def transaction(self, depth: int) -> tuple[str, str, str]:
        name = self.name()
        outside, self.cancels = self.cancels, True
        inner = self.loop() + self.scope(depth - 1, self.choices.choice(["", CANCEL]))
        self.cancels = outside
        return name, name, f'<transaction id="{name}">{inner}</transaction>' + self.border(name, CANCEL)

    def adhoc(self, depth: int) -> tuple[str, str, str]:
        name = self.name()
        inner = "".join(self.choices.choice([self.plain, self.undone])(depth - 1)[2] for _ in range(3))
        order = self.choices.choice(["Parallel", "Sequential"])
        rest = self.choices.choice(["true", "false"])
        enough = self.choices.choice(["", "<completionCondition>=v &gt; 3</completionCondition>"])
        text = f'<adHocSubProcess id="{name}" ordering="{order}" cancelRemainingInstances="{rest}">'
        return name, name, f"{text}{inner}{enough}</adHocSubProcess>"


def move(case: Case, choices: random.Random) -> None:
    """Do one of the things that the instance waits for."""
    if case.state.incidents:
        incident = choices.choice(case.state.incidents)
        case.send(bpmn.ResolveIncident(case.now, incident.id, {"v": choices.randint(0, 5)}))
        return
    job = choices.choice(case.state.jobs).id
    if choices.random() < 0.1:
        case.send(bpmn.ThrowError(case.now, job, "BAD"))
    elif choices.random() < 0.02:
        case.send(bpmn.Cancel(case.now, "withdrawn"))
    else:
        written = {"v": choices.randint(0, 5)} if choices.random() < 0.3 else {}
        case.send(bpmn.CompleteJob(case.now, job, written))
