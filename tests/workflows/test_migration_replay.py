"""Replay and audit of a migrated case: each entry on its own model, and what was tampered with is found."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import orjson
import pytest
import pytest_asyncio

from proof.bundle import Bundle
from support.bpmn_text import end, flow, start
from support.cases import Platform
from support.events import task
from support.versions import OPERATIONS, audited, compiled, deploy, migrate, plan, sequenced, text_of
from workflows.audit import export_case, verify_bundle
from workflows.history_replay import replay_histories
from workflows.reexecution import Recorded, reexecute
from workflows.replay import compare_case, recorded_case

OLD = start() + task("one") + task("two") + end() + flow("start > one > two > end")
NEW = start() + task("first") + task("two") + end() + flow("start > first > two > end")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def platform(stopped_platform: Platform) -> AsyncIterator[Platform]:
    """A platform whose worker archives soon."""
    soon = timedelta(milliseconds=100)
    settings = dataclasses.replace(stopped_platform.settings, archive_every=soon)
    platform = dataclasses.replace(stopped_platform, settings=settings)
    async with platform.running():
        yield platform


async def migrated(platform: Platform, key: str) -> UUID:
    """A case that has begun on one version and ended on another, its history archived."""
    old, new = text_of(key, OLD), text_of(key, NEW)
    await deploy(platform, key, old)
    case_id = await platform.start(key)
    await deploy(platform, key, new)
    await migrate(platform, case_id, 2, plan=plan(key, old, new, {"one": "first"}))
    await platform.complete(case_id, "first", OPERATIONS)
    await platform.complete(case_id, "two", OPERATIONS)
    await platform.until(
        f"SELECT id FROM workflows.case_ WHERE id = '{case_id}' AND history = 'archived'",  # noqa: S608
        1,
    )
    return case_id


async def recorded(platform: Platform, key: str) -> tuple[UUID, list[Recorded]]:
    case_id = await migrated(platform, key)
    async with platform.database.reading() as sql:
        return case_id, list((await recorded_case(sql, case_id, platform.vault_key)).entries)


async def test_entries_name_the_model_that_their_state_is_of(platform: Platform) -> None:
    _, entries = await recorded(platform, "named")
    old, new = (compiled("named", text_of("named", each)).hash for each in (OLD, NEW))
    assert [entry.model_hash for entry in entries] == [old, new, new, new]


async def test_the_bundle_holds_every_model(platform: Platform) -> None:
    case_id = await migrated(platform, "bundled")
    await sequenced(platform)
    content = await export_case(platform.database, case_id, platform.vault_key)
    assert content == await export_case(platform.database, case_id, platform.vault_key)
    bundle = Bundle.decode(content)
    assert bundle.model["bundled.bpmn"].decode() == text_of("bundled", NEW)
    (sources,) = bundle.earlier.values()
    assert sources["bundled.bpmn"].decode() == text_of("bundled", OLD)
    report = verify_bundle(content)
    assert (report.findings, report.status, report.commands) == ((), "completed", 4)


async def test_a_bundle_without_or_with_another_earlier_model_is_found(platform: Platform) -> None:
    case_id = await migrated(platform, "forged")
    await sequenced(platform)
    bundle = Bundle.decode(await export_case(platform.database, case_id, platform.vault_key))
    ((model_hash, sources),) = bundle.earlier.items()
    other = {name: text.replace(b'"two"', b'"three"') for name, text in sources.items()}
    for earlier in ({}, {model_hash: other}):
        report = verify_bundle(dataclasses.replace(bundle, earlier=earlier).encode())
        assert "audit.model" in {finding.code for finding in report.findings}
        assert not report.reexecuted


async def test_a_tampered_plan_is_found(platform: Platform) -> None:
    """In the bundle by its commitment; by re-execution even if the commitment had been made of it."""
    case_id, entries = await recorded(platform, "tampered")
    await sequenced(platform)
    bundle = Bundle.decode(await export_case(platform.database, case_id, platform.vault_key))
    entry = bundle.case[1]
    opening = entry.openings["commands"]
    changed = opening.payload.replace(b'"one":"first"', b'"one":"two"')
    assert changed != opening.payload
    forged = dataclasses.replace(entry, openings={"commands": dataclasses.replace(opening, payload=changed)})
    cases = (bundle.case[0], forged, *bundle.case[2:])
    report = verify_bundle(dataclasses.replace(bundle, case=cases).encode())
    assert [finding.where for finding in report.findings] == ["case/000002/payload/commands"]

    models = {
        model.hash: model
        for model in (compiled("tampered", text_of("tampered", each)) for each in (OLD, NEW))
    }
    done = reexecute(models, str(case_id), entries)
    assert done.mismatches == ()
    entries[1] = dataclasses.replace(entries[1], commands=changed)
    done = reexecute(models, str(case_id), entries)
    assert {(each.seq, each.what) for each in done.mismatches} >= {(2, "statement"), (2, "state root")}


async def test_an_entry_that_states_another_migration_is_found(platform: Platform) -> None:
    case_id, entries = await recorded(platform, "misstated")
    models = {
        model.hash: model
        for model in (compiled("misstated", text_of("misstated", each)) for each in (OLD, NEW))
    }
    stated = orjson.loads(orjson.dumps(entries[1].statement))
    stated["moved"][-1]["to"] = "two"
    entries[1] = dataclasses.replace(entries[1], statement=stated)
    (found,) = reexecute(models, str(case_id), entries).mismatches
    assert (found.seq, found.what) == (2, "statement")


async def test_a_migration_to_a_model_that_is_not_there_is_told(platform: Platform) -> None:
    case_id, entries = await recorded(platform, "lost")
    old = compiled("lost", text_of("lost", OLD))
    (found,) = reexecute({old.hash: old}, str(case_id), entries).mismatches
    assert (found.seq, "migration.model-missing" in str(found.replayed)) == (2, True)


async def test_a_migrated_case_is_compared_with_another_version_from_its_start_on(
    platform: Platform,
) -> None:
    case_id = await migrated(platform, "compared")
    other = compiled("compared", text_of("compared", NEW))
    comparison = await compare_case(platform.database, case_id, other, platform.vault_key)
    assert (comparison.refused, comparison.status) == (0, "completed")
    assert comparison.difference is not None
    assert comparison.difference.seq == 1  # it began at `one`, there at `first`


async def test_the_history_of_a_migrated_case_replays_and_is_in_its_bundle(platform: Platform) -> None:
    case_id = await migrated(platform, "remembered")
    assert (await replay_histories(platform.database, case_id, platform.vault_key)).agrees
    report = await audited(platform, case_id)
    assert (report.ok, report.history_runs) == (True, 1)


@pytest.mark.parametrize("name", ["earlier/short/a.bpmn", "earlier/../x", f"earlier/{'a' * 64}/../x"])
def test_no_file_of_a_bundle_leads_out_of_its_folder(name: str) -> None:
    from proof.bundle import _require_name
    from proof.errors import NotCanonical

    with pytest.raises(NotCanonical, match="No file of a bundle has such a name"):
        _require_name(name)
