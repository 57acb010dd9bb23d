"""Kernels side by side: a case stays on the one it began on, whatever newer ones do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import orjson
import pytest

import bpmn.kernels
from bpmn.elements.behaviour import default_flow, holds
from bpmn.elements.exclusive_gateway import ExclusiveGateway
from bpmn.kernel.burst import Burst
from bpmn.kernel.records import Token
from bpmn.kernels import KERNEL_1
from bpmn.model.definition import Element, Flow
from support.bpmn_text import end, flow, process, start, user
from support.cases import Platform
from workflows import Actor
from workflows.replay import replay_case

CLERK = Actor("oona", frozenset({"operations"}))
TWO_WAYS = process(
    start()
    + user("decide", more='<zeebe:assignmentDefinition candidateGroups="operations"/>')
    + '<exclusiveGateway id="g" default="g-neither"/>'
    + end("first")
    + end("second")
    + end("neither")
    + flow("start > decide > g > first", {"g-first": "=n &gt; 0"})
    + flow("g > second", {"g-second": "=n &gt; 1"})
    + flow("g > neither"),
    id="two-ways",
)


class LastFirst(ExclusiveGateway):
    """Looks at its flows from the last to the first."""

    def choose(self, burst: Burst, token: Token, element: Element) -> Sequence[Flow]:
        for way in reversed(element.outgoing):
            if way is not element.default and holds(burst, token, way):
                return (way,)
        return (default_flow(element),)


KERNEL_2 = replace(KERNEL_1, version="2", behaviours={**KERNEL_1.behaviours, LastFirst.tag: LastFirst()})


async def versions(platform: Platform, case_id: UUID) -> list[str]:
    """The kernel that each entry of a case names."""
    rows = await platform.rows(
        "SELECT body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq", str(case_id)
    )
    return [orjson.loads(row["body"])["kernel_version"] for row in rows]


async def test_a_new_kernel_leaves_running_and_closed_cases_as_they_were(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two-ways.bpmn").write_bytes(TWO_WAYS)
    await platform.deploy("two-ways", tmp_path)
    closed, running = [await platform.start("two-ways", {"n": 2}) for _ in range(2)]
    await platform.complete(closed, "decide", CLERK)
    root = (await platform.case(closed))["state_root"]

    monkeypatch.setattr(bpmn.kernels, "KERNELS", {"1": KERNEL_1, "2": KERNEL_2})
    fresh = await platform.start("two-ways", {"n": 2})
    task_id = str(await platform.task(running, "decide"))
    await platform.perform("task.claim", {"task_id": task_id}, actor=CLERK)
    for case_id in (running, fresh):
        await platform.complete(case_id, "decide", CLERK)

    ends = [(await platform.steps(case_id))[-1] for case_id in (closed, running, fresh)]
    assert ends == ["first", "first", "second"]
    assert await versions(platform, running) == ["1", "1", "1"]
    assert await versions(platform, fresh) == ["2", "2"]
    assert (await platform.case(closed))["state_root"] == root
    for case_id in (closed, fresh):
        assert (await replay_case(platform.database, case_id, platform.vault_key)).agrees


async def test_an_edit_of_the_kernel_in_place_is_found_by_re_execution(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two-ways.bpmn").write_bytes(TWO_WAYS)
    await platform.deploy("two-ways", tmp_path)
    case_id = await platform.start("two-ways", {"n": 2})
    await platform.complete(case_id, "decide", CLERK)
    monkeypatch.setattr(ExclusiveGateway, "choose", LastFirst.choose)
    report = await replay_case(platform.database, case_id, platform.vault_key)
    assert {mismatch.what for mismatch in report.mismatches} == {"events root"}


async def test_a_kernel_that_this_release_has_not_is_named(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "two-ways.bpmn").write_bytes(TWO_WAYS)
    await platform.deploy("two-ways", tmp_path)
    with monkeypatch.context() as newer:
        newer.setattr(bpmn.kernels, "KERNELS", {"1": KERNEL_1, "2": KERNEL_2})
        case_id = await platform.start("two-ways", {"n": 2})
    with pytest.raises(bpmn.StateRefused, match=r"kernel\.unknown"):
        await replay_case(platform.database, case_id, platform.vault_key)
