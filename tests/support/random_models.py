"""Random models for the soundness check, and every run of them on the real kernel.

Every choice is made by a person: a user task before each splitting gateway sets `pick`, so trying all
answers of all open tasks, in any order, tries every run of the model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import bpmn
from support.bpmn_text import NOON, process, user

Place = tuple[str, tuple[tuple[str, int], ...]]
Key = tuple[Place, ...]


@dataclass
class Graph:
    """A model as nodes and flows. Kinds: task, choose (one way), some (one or more ways), fork, merge."""

    kinds: dict[str, str] = field(default_factory=dict)
    flows: list[tuple[str, str]] = field(default_factory=list)

    def node(self, kind: str) -> str:
        name = f"{kind}{len(self.kinds)}"
        self.kinds[name] = kind
        return name

    def source(self) -> bytes:
        text = '<startEvent id="start"/><endEvent id="end"/>'
        for name, kind in self.kinds.items():
            if kind in ("task", "choose", "some"):
                text += user(name)
            if kind in ("choose", "some"):
                tag = "exclusiveGateway" if kind == "choose" else "inclusiveGateway"
                text += f'<{tag} id="{name}_way"/><sequenceFlow id="{name}_to" sourceRef="{name}"'
                text += f' targetRef="{name}_way"/>'
            if kind in ("fork", "merge"):
                tag = "parallelGateway" if kind == "fork" else "inclusiveGateway"
                text += f'<{tag} id="{name}"/>'
        ways: Counter[str] = Counter()
        for number, (source, target) in enumerate(self.flows):
            condition = ""
            if self.kinds.get(source) in ("choose", "some"):
                ways[source] += 1
                condition = f"<conditionExpression>=pick{ways[source]}</conditionExpression>"
                source = f"{source}_way"
            text += f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}">'
            text += f"{condition}</sequenceFlow>"
        return process(text)

    def answers(self, task: str) -> list[dict[str, Any]]:
        """What a person may answer to a task."""
        ways = range(1, 1 + sum(source == task for source, _ in self.flows))
        if self.kinds[task] == "task":
            return [{}]
        if self.kinds[task] == "choose":
            return [{f"pick{way}": way == chosen for way in ways} for chosen in ways]
        return [
            {f"pick{way}": bool(bits >> (way - 1) & 1) for way in ways} for bits in range(1, 2 ** len(ways))
        ]


def unstructured(random: Random, size: int) -> Graph:
    """Any flows between any nodes, except circles of gateways only (they would never wait)."""
    graph = Graph()
    names = [
        graph.node(random.choice(("task", "choose", "choose", "some", "fork", "fork", "merge")))
        for _ in range(size)
    ]
    graph.flows.append(("start", names[0]))
    for position, name in enumerate(names):
        kind = graph.kinds[name]
        ways = {"task": 1, "choose": 2, "some": 2, "fork": random.choice((1, 2, 2)), "merge": 1}[kind]
        for _ in range(ways):
            later = names[position + 1 :]
            earlier = [
                each
                for each in names[: position + 1]
                if kind in ("task", "choose", "some") or graph.kinds[each] in ("task", "choose", "some")
            ]
            back = earlier if random.random() < 0.2 else []
            target = random.choice(back or [*later[:3], "end"])
            graph.flows.append((name, target))
    return graph


def structured(random: Random, depth: int, *, wrong: bool) -> Graph:
    """Nested blocks; with `wrong` merges are of any kind, else of the kind of their split."""
    graph = Graph()

    def block(before: str, depth: int) -> str:
        kind = random.choice(("task", "choose", "some", "fork", "loop")) if depth else "task"
        if kind == "task":
            name = graph.node("task")
            graph.flows.append((before, name))
            return name
        if kind == "loop":
            first = graph.node("task")
            graph.flows.append((before, first))
            last = graph.node("choose")
            graph.flows.append((block(first, depth - 1), last))
            graph.flows.append((last, first))
            return last
        split = graph.node(kind)
        graph.flows.append((before, split))
        branches = [block(split, depth - 1) for _ in range(2)]
        right = {"choose": "task", "some": "merge", "fork": "fork"}[kind]
        merge = graph.node(random.choice(("task", "merge", "fork")) if wrong else right)
        graph.flows.extend((branch, merge) for branch in branches)
        return merge

    before = "start"
    for _ in range(random.randint(1, 2)):
        before = block(before, depth)
    graph.flows.append((before, "end"))
    return graph


@dataclass
class Runs:
    """Every run of a model: its states, and what led from one to the next. `whole`: these are all."""

    start: Key
    after: dict[Key, list[tuple[str, Key]]] = field(default_factory=dict)
    joined: set[str] = field(default_factory=set)
    activated: set[str] = field(default_factory=set)
    whole: bool = True

    @property
    def completes(self) -> bool:
        """Whether some run that was tried completes."""
        return any(following == () for after in self.after.values() for _, following in after)

    def stuck(self) -> set[Key]:
        """States in which tokens are left and nothing can happen."""
        return {key for key, after in self.after.items() if key and not after}

    def lost(self) -> set[Key]:
        """States from which the instance can no longer complete."""
        before: dict[Key, set[Key]] = {}
        for key, after in self.after.items():
            for _, following in after:
                before.setdefault(following, set()).add(key)
        found: set[Key] = set()
        pending: list[Key] = [()] if () in self.after else []
        while pending:
            key = pending.pop()
            if key not in found:
                found.add(key)
                pending.extend(before.get(key, ()))
        return self.after.keys() - found

    def follows(self, tasks: Counter[str]) -> bool:
        """Whether completing just these tasks, in some order, leads to a stuck state."""
        seen: set[tuple[Key, tuple[tuple[str, int], ...]]] = set()
        pending = [(self.start, tasks)]
        stuck = self.stuck()
        while pending:
            key, left = pending.pop()
            mark = (key, tuple(sorted(left.items())))
            if mark in seen:
                continue
            seen.add(mark)
            if not left and key in stuck:
                return True
            pending.extend(
                (following, left - Counter([task])) for task, following in self.after[key] if left[task]
            )
        return False


def every_run(graph: Graph, model: bpmn.Model, limit: int = 250) -> Runs:
    """Try every answer to every open task, from every state that comes of it."""
    first = bpmn.step(model, bpmn.new_instance(model, "case"), bpmn.Start(NOON))
    runs = Runs(key_of(first.state))
    states = [(runs.start, first.state)]
    _note(runs, first)
    known = {runs.start}
    for key, state in states:
        following: list[tuple[str, Key]] = []
        runs.after[key] = following
        for task, done in _answered(graph, model, state):
            _note(runs, done)
            after = key_of(done.state)
            following.append((task, after))
            if after not in known:
                known.add(after)
                states.append((after, done.state))
        if len(states) > limit:
            runs.whole = False
            break
    return runs


def _answered(graph: Graph, model: bpmn.Model, state: bpmn.State) -> Iterator[tuple[str, bpmn.Step]]:
    for element in sorted({task.element for task in state.tasks}):
        task = next(task for task in state.tasks if task.element == element)
        for answer in graph.answers(element):
            done = bpmn.step(model, state, bpmn.CompleteTask(NOON, task.id, answer))
            while done.state.incidents:  # two tokens wrote `pick` at one time: the later answer stands
                (incident,) = done.state.incidents
                assert incident.code == "variable.conflict"
                more = bpmn.step(model, done.state, bpmn.ResolveIncident(NOON, incident.id))
                done = bpmn.Step(more.state, (*done.events, *more.events))
            yield element, done


def _note(runs: Runs, step: bpmn.Step) -> None:
    runs.joined |= {event.element for event in step.events if event.kind == "gateway.joined"}
    runs.activated |= {event.element for event in step.events if event.kind == "element.activated"}


def key_of(state: bpmn.State) -> Key:
    """Where tokens lie, whatever their numbers and whatever the variables."""
    return tuple(
        sorted(
            (token.element, tuple(sorted(token.data.get("arrived", {}).items())))
            for token in state.tokens
            if token.scope
        )
    )
