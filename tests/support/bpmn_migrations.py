"""Letting a case under test go over to another model, or finding out why it cannot."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import bpmn
from support.bpmn_text import Case


def _planned(
    case: Case, source: bytes | Mapping[str, bytes], given: Any
) -> tuple[bpmn.MigrationPlan, bpmn.Model]:
    sources = source if isinstance(source, Mapping) else {"test.bpmn": source}
    new = bpmn.compile_model(sources)
    return bpmn.plan_migration(case.model, new, **given), new


def move(case: Case, source: bytes | Mapping[str, bytes], **given: Any) -> list[str]:
    """Migrate the case, which then goes on in the new model; gives the codes of what the dry run noted."""
    plan, new = _planned(case, source, given)
    plan = bpmn.MigrationPlan.from_json(json.loads(json.dumps(plan.to_json())))
    report = bpmn.dry_run(case.state, plan, new, case.now)
    assert report.possible
    done = bpmn.migrate(case.state, plan, new, case.now)
    assert bpmn.migrate(case.state, plan, new, case.now).state.root == done.state.root
    restored = bpmn.State.from_json(new, done.state.to_json())
    assert restored.root == done.state.root
    assert restored.to_json() == done.state.to_json()
    case.model, case.state = new, restored
    case.events.extend(done.events)
    return [note.code for move in report.moves for note in move.notes]


def refusals(case: Case, source: bytes | Mapping[str, bytes], **given: Any) -> list[tuple[str, str]]:
    """The (code, element) of every token that cannot go; each says at which token, why and how to mend it."""
    plan, new = _planned(case, source, given)
    report = bpmn.dry_run(case.state, plan, new, case.now)
    before = case.state.root
    try:
        bpmn.migrate(case.state, plan, new, case.now)
        assert report.possible
        return []
    except bpmn.MigrationRefused as refused:
        found = refused.refusals
    assert case.state.root == before
    assert not report.possible
    assert {each for move in report.moves for each in move.refusals} == set(found)
    for refusal in found:
        token = case.state.tokens.get(refusal.token)
        assert token is not None
        assert token.element == refusal.element
        assert refusal.message
        assert refusal.hint
    return [(refusal.code, refusal.element) for refusal in found]


def kinds(case: Case, since: int) -> list[tuple[str, str]]:
    """The kinds and elements of the events since the event with this index."""
    return [(event.kind, event.element) for event in case.events[since:]]
