"""The golden corpus by element kinds: each kind, event and loop has a case, and a change is noticed.

Cases are in `support.golden_cases`, which also tells how a new one is recorded.
"""

from __future__ import annotations

import json
from collections import deque

import pytest

import bpmn
from bpmn.elements import BEHAVIOURS, EVENT_KINDS
from bpmn.elements.boundary_event import BoundaryEvent
from bpmn.elements.exclusive_gateway import ExclusiveGateway
from bpmn.kernel.burst import Burst
from support.golden_cases import CASES, CORPUS, lines

KNOWN: dict[str, list[str]] = json.loads(CORPUS.read_text())


@pytest.mark.parametrize("name", CASES)
def test_the_same_commands_lead_to_the_same_roots_and_steps_as_ever(name):
    assert lines(name) == KNOWN[name]


def test_the_corpus_holds_the_cases_and_no_others_in_order():
    assert list(KNOWN) == sorted(CASES)


def test_every_kind_of_element_and_event_that_runs_has_a_case():
    tags: set[str] = set()
    for source, _, _ in CASES.values():
        sources = source if not isinstance(source, bytes) else {"m.bpmn": source}
        model = bpmn.compile_model(sources)
        tags |= {element.tag for element in model.elements.values()}
        tags |= {event.kind.tag for element in model.elements.values() for event in element.events}
    assert {*BEHAVIOURS, *EVENT_KINDS} - tags == set()


# The guard works: these edits of the kernel are noticed, each by the cases of what it changes.


def last_true_flow(monkeypatch):
    choose = ExclusiveGateway.choose

    def last(self, burst, token, element):
        true = [flow for flow in element.outgoing if flow is not element.default]
        chosen = [
            flow for flow in reversed(true) if flow.condition and burst.evaluate(flow.condition, token.key)
        ]
        return tuple(chosen[:1]) or choose(self, burst, token, element)

    monkeypatch.setattr(ExclusiveGateway, "choose", last)


class Stack(deque):
    def popleft(self):
        return self.pop()


def last_in_first_out(monkeypatch):
    monkeypatch.setattr("bpmn.kernel.workspace.deque", Stack)


def interrupts_end_nothing(monkeypatch):
    def triggered(self, burst, owner, element, payload, wait):
        branch, seen = burst.fork(owner)
        burst.create(element.ref, owner.scope, branch, seen, data=burst.payload_data(payload))

    monkeypatch.setattr(BoundaryEvent, "triggered", triggered)


def merges_wait_for_nobody(monkeypatch):
    monkeypatch.setattr("bpmn.elements.inclusive_gateway.may_come", lambda *given: False)
    monkeypatch.setattr("bpmn.elements.complex_gateway.may_come", lambda *given: False)


def youngest_subscription_first(monkeypatch):
    subscriptions = Burst.subscriptions
    monkeypatch.setattr(
        Burst, "subscriptions", lambda self, *given: tuple(reversed(subscriptions(self, *given)))
    )


def another_word_in_a_step(monkeypatch):
    emit = Burst.emit

    def other(self, kind, element, data=None, *rest):
        emit(self, {"timer.fired": "timer.due"}.get(kind, kind), element, data or {}, *rest)

    monkeypatch.setattr(Burst, "emit", other)


def first_completed_is_undone_first(monkeypatch):
    from bpmn.elements.events import compensate

    take = compensate.take_records

    def backwards(burst, scope, activity):
        return list(reversed(take(burst, scope, activity)))

    monkeypatch.setattr(compensate, "take_records", backwards)


@pytest.mark.parametrize(
    ("edit", "noticed"),
    [
        (last_true_flow, {"exclusive gateway, n = 2"}),
        (
            last_in_first_out,
            {"parallel rounds with enough", "parallel gateway with a token too many"},
        ),
        (interrupts_end_nothing, {"a timer that ends its task", "errors: end, boundary, event subprocess"}),
        (merges_wait_for_nobody, {"inclusive gateway, n = 2"}),
        (youngest_subscription_first, {"signals: throw within, broadcast, end"}),
        (another_word_in_a_step, {"timers: date, cycle, boundary"}),
        (first_completed_is_undone_first, {"compensation of subprocesses"}),
    ],
)
def test_an_edit_of_the_kernel_is_noticed(monkeypatch, edit, noticed):
    edit(monkeypatch)
    assert {name for name in noticed if not changes(name)} == set()
    assert not changes("values of every type"), "what an edit does not touch stays the same"


def changes(name: str) -> bool:
    """Whether a case gives other lines than the corpus holds, or finds nothing of what it expects."""
    try:
        return lines(name) != KNOWN[name]
    except StopIteration:
        return True
