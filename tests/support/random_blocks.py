"""Random block-structured models without anything that SpiffWorkflow runs in another way.

Each block has one way in and one way out. What decides is the variable `a`, which nothing writes;
scripts drop their results, and each loop counts in a variable of its own, so that parallel branches
never write the same one.
"""

from __future__ import annotations

import random
from itertools import count
from typing import Any

from support.bpmn_text import HEAD, end, extension, script, start, user

CALLED = "called"
SCRIPT = '<scriptTask id="{}">' + extension('<zeebe:script expression="=a + 1"/>') + "</scriptTask>"


class Blocks:
    """A random model (`source`), and the variables that it begins with."""

    def __init__(self, choices: random.Random, *, concurrent: bool) -> None:
        self.choices = choices
        self.numbers = count()
        self.variables: dict[str, Any] = {"a": choices.randint(0, 3)}
        self.kinds = ["user", "script", "sequence", "exclusive", "subprocess", "call", "loop", "every"]
        if concurrent:
            self.kinds += ["parallel", "inclusive", "each"]
        called, main = self.scope(0, looping=False), self.scope(3, looping=True)
        self.source = (
            f'{HEAD}<process id="p" isExecutable="true">{main}</process>'
            f'<process id="{CALLED}" isExecutable="true">{called}</process></definitions>'
        ).encode()

    def name(self) -> str:
        return f"n{next(self.numbers)}"

    def flow(self, source: str, target: str, condition: str = "") -> str:
        inner = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        name = f"{source}-{target}"
        return f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'

    def scope(self, depth: int, *, looping: bool) -> str:
        first, last = self.name(), self.name()
        way_in, way_out, text = self.block(depth, looping=looping)
        return start(first) + end(last) + text + self.flow(first, way_in) + self.flow(way_out, last)

    def block(self, depth: int, *, looping: bool) -> tuple[str, str, str]:
        """Where flows come in and go on, and the text."""
        kinds = self.kinds if depth else ["user", "script"]
        kind = self.choices.choice(kinds)
        if kind == "loop" and not looping:
            kind = "sequence"
        if kind in ("user", "script"):
            name = self.name()
            return name, name, user(name) if kind == "user" else SCRIPT.format(name)
        if kind == "sequence":
            first = self.block(depth - 1, looping=looping)
            then = self.block(depth - 1, looping=looping)
            return first[0], then[1], first[2] + then[2] + self.flow(first[1], then[0])
        if kind == "loop":
            return self.loop(depth)
        if kind in ("subprocess", "every", "each", "call"):
            return self.activity(kind, depth, looping=looping)
        return self.split(kind, depth, looping=looping)

    def split(self, kind: str, depth: int, *, looping: bool) -> tuple[str, str, str]:
        """Two branches and their merge."""
        gateway = f"{kind}Gateway"
        split, merge = self.name(), self.name()
        text = f'<{gateway} id="{merge}"/>'
        default = ""
        for branch in range(2):
            way_in, way_out, inner = self.block(depth - 1, looping=looping)
            condition = ""
            if gateway != "parallelGateway" and branch:
                condition = f"=a &gt; {self.choices.randint(0, 2)}"
            elif gateway != "parallelGateway":
                default = f' default="{split}-{way_in}"'
            text += inner + self.flow(split, way_in, condition) + self.flow(way_out, merge)
        return split, merge, f'<{gateway} id="{split}"{default}/>' + text

    def loop(self, depth: int) -> tuple[str, str, str]:
        again, counts, more, out = (self.name() for _ in range(4))
        counter = f"c{again}"
        self.variables[counter] = 0
        way_in, way_out, inner = self.block(depth - 1, looping=True)
        text = f'<exclusiveGateway id="{again}"/>' + script(counts, f"={counter} + 1", counter)
        text += f'<exclusiveGateway id="{more}" default="{more}-{out}"/><task id="{out}"/>' + inner
        text += self.flow(again, way_in) + self.flow(way_out, counts) + self.flow(counts, more)
        return again, out, text + self.flow(more, again, f"={counter} &lt; 2") + self.flow(more, out)

    def activity(self, kind: str, depth: int, *, looping: bool) -> tuple[str, str, str]:
        name = self.name()
        if kind == "call":
            return name, name, f'<callActivity id="{name}" calledElement="{CALLED}"/>'
        several = ""
        if kind != "subprocess":
            sequential = ' isSequential="true"' if kind == "every" else ""
            several = f"<multiInstanceLoopCharacteristics{sequential}><loopCardinality>2</loopCardinality>"
            several += "</multiInstanceLoopCharacteristics>"
        inner = self.scope(depth - 1, looping=looping and not several)
        return name, name, f'<subProcess id="{name}">{several}{inner}</subProcess>'
