"""The verdict on the models of others: what completes there is not called broken here."""

from __future__ import annotations

from collections import defaultdict

import orjson

import bpmn
from bpmn.model.compile import executable_processes
from bpmn.soundness import find_troubles
from support.shared import shared_path

STUCK = {
    "soundness.deadlock",
    "soundness.join-never-fires",
    "soundness.never-ends",
    "soundness.error-uncaught",
}

DEPENDS_ON_EVENTS = {
    # Its parallel join waits for both ways of an event-based gateway; the case sends the signals that fit.
    "gateways/EventBasedGateway_Signals.bpmn"
}


def test_the_verdict_fits_how_the_cases_of_betsy_end():
    folder = shared_path("conformance", "bpmn", "betsy")
    outcomes: dict[str, set[str]] = defaultdict(set)
    for case in orjson.loads((folder / "cases.json").read_bytes()):
        outcomes[case["model"]].add(case["outcome"])
    checked = 0
    for name, ends in sorted(outcomes.items()):
        content = (folder / name).read_bytes()
        for process in executable_processes(content, name):
            try:
                model = bpmn.compile_model({name: content}, process=process)
            except bpmn.ModelRefused:
                continue
            checked += 1
            troubles = find_troubles(model)
            if ends == {"completed"}:
                assert not [trouble for trouble in troubles if trouble.severity == "error"], name
                assert name in DEPENDS_ON_EVENTS or not {each.code for each in troubles} & STUCK, name
    assert checked > 90


def test_models_that_wait_for_ever_are_called_stuck():
    folder = shared_path("conformance", "bpmn", "betsy")
    for name, code in (
        ("errors/ExclusiveDiverging_ParallelConverging.bpmn", "soundness.join-never-fires"),
        ("errors/InclusiveDiverging_ParallelConverging.bpmn", "soundness.deadlock"),
        ("errors/Token_StartQuantity_Two.bpmn", "soundness.join-never-fires"),
        ("events/Error_EndEvent_TopLevel.bpmn", "soundness.error-uncaught"),
    ):
        model = bpmn.compile_model({name: (folder / name).read_bytes()})
        assert [trouble.code for trouble in find_troubles(model)] == [code], name
