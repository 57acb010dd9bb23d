"""From draft to retirement: who may do what with a process, and on which version a case starts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

import ledger
from core import InvalidInput, SystemClock
from support.cases import Platform
from support.drafts import ADAM, ANNA, BOTH, PAULA, bundle
from workflows import Actor, definitions
from workflows.effects.platform import platform_effects
from workflows.worker import deploy_shipped

_numbers = itertools.count(1)


@pytest.fixture
def key() -> str:
    """The key of a process of this test's own."""
    return f"life{next(_numbers)}"


async def save(
    platform: Platform,
    key: str,
    sources: Mapping[str, str] | None = None,
    *,
    actor: Actor = ANNA,
    after: Mapping[str, Any] | None = None,
) -> Mapping[str, Any]:
    """Save a draft: a new one, or the next revision after the one that the actor has read."""
    read = {"draft_id": after["draft_id"], "revision": after["revision"]} if after else {}
    return await platform.perform(
        "definition.save", {"key": key, "sources": dict(sources or bundle(key)), **read}, actor=actor
    )


def revision(draft: Mapping[str, Any]) -> dict[str, Any]:
    return {"draft_id": draft["draft_id"], "revision": draft["revision"]}


async def request(
    platform: Platform,
    key: str,
    sources: Mapping[str, str] | None = None,
    *,
    by: Actor = ANNA,
) -> Mapping[str, Any]:
    """Bring files to where a second person decides."""
    draft = await save(platform, key, sources, actor=by)
    await platform.perform("definition.lint", revision(draft), actor=by)
    return await platform.perform("definition.request", revision(draft), actor=by)


def decision(draft: Mapping[str, Any]) -> dict[str, Any]:
    return {"draft_id": draft["draft_id"], "hash": draft["hash"]}


async def deploy(platform: Platform, key: str, sources: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """Deploy files by two persons."""
    draft = await request(platform, key, sources)
    return await platform.perform("definition.approve", decision(draft), actor=PAULA)


async def states(platform: Platform, key: str) -> dict[int, str]:
    rows = await platform.rows("SELECT version, state FROM workflows.definition_view WHERE key = $1", key)
    return {row["version"]: row["state"] for row in rows}


async def tags(platform: Platform, key: str) -> dict[str, int]:
    rows = await platform.rows("SELECT version, tags FROM workflows.definition_view WHERE key = $1", key)
    return {tag: row["version"] for row in rows for tag in row["tags"]}


async def entries(platform: Platform, definition_id: str) -> list[dict[str, Any]]:
    """The bodies of a definition's ledger entries, in order."""
    rows = await platform.rows(
        "SELECT body FROM ledger.entry_view WHERE stream = $1 ORDER BY seq", f"definition:{definition_id}"
    )
    return [orjson.loads(row["body"]) for row in rows]


class TestTheWayToDeployment:
    async def test_a_draft_is_linted_requested_and_deployed_by_a_second_person(
        self, platform: Platform, key: str
    ) -> None:
        draft = await save(platform, key)
        assert (draft["revision"], draft["state"]) == (1, "draft")
        linted = await platform.perform("definition.lint", revision(draft), actor=ANNA)
        assert (linted["state"], linted["errors"]) == ("linted", 0)
        pending = await platform.perform("definition.request", revision(draft), actor=ANNA)
        assert pending["state"] == "pending"
        deployed = await platform.perform("definition.approve", decision(pending), actor=PAULA)
        assert (deployed["version"], deployed["state"], deployed["hash"]) == (1, "deployed", draft["hash"])
        (row,) = await platform.rows("SELECT * FROM workflows.definition_view WHERE key = $1", key)
        assert (row["deployed_by"], row["requested_by"]) == ("paula", "user:anna")
        assert orjson.loads(row["sources"]) == bundle(key)
        assert await platform.rows("SELECT 1 FROM workflows.draft_view WHERE key = $1", key) == []

    async def test_every_step_is_an_entry_of_one_stream_with_content_hash_and_findings(
        self, platform: Platform, key: str
    ) -> None:
        broken = await save(platform, key, bundle(key, job="nobody.does"))
        await platform.perform("definition.lint", revision(broken), actor=ANNA)
        draft = await save(platform, key, after=broken)
        await platform.perform("definition.lint", revision(draft), actor=ANNA)
        await platform.perform("definition.request", revision(draft), actor=ANNA)
        deployed = await platform.perform("definition.approve", decision(draft), actor=PAULA)
        await platform.perform(
            "definition.tag", {"definition_id": deployed["definition_id"], "tag": "stable"}, actor=PAULA
        )
        assert deployed["definition_id"] == draft["draft_id"]
        told = await entries(platform, draft["draft_id"])
        assert [
            (
                body["kind"],
                body["actor"],
                body["model_hash"] == draft["hash"],
                body["statement"].get("findings"),
            )
            for body in told
        ] == [
            ("definition.save", "user:anna", False, None),
            ("definition.lint", "user:anna", False, ["job.unknown-type"]),
            ("definition.save", "user:anna", True, None),
            ("definition.lint", "user:anna", True, []),
            ("definition.request", "user:anna", True, []),
            ("definition.approve", "user:paula", True, []),
            ("definition.tag", "user:paula", True, None),
        ]

    async def test_a_draft_with_an_error_keeps_its_findings_and_cannot_be_requested(
        self, platform: Platform, key: str
    ) -> None:
        draft = await save(platform, key, bundle(key, job="nobody.does"))
        linted = await platform.perform("definition.lint", revision(draft), actor=ANNA)
        assert (linted["state"], linted["errors"]) == ("draft", 1)
        (row,) = await platform.rows("SELECT findings FROM workflows.draft_view WHERE key = $1", key)
        (finding,) = orjson.loads(row["findings"])
        assert (finding["code"], finding["severity"], finding["element"]) == (
            "job.unknown-type",
            "error",
            "look",
        )
        code = await platform.refusal("definition.request", revision(draft), actor=ANNA)
        assert code == "definition.not_linted"

    async def test_files_that_are_no_models_are_found_by_the_check(
        self, platform: Platform, key: str
    ) -> None:
        sources = {f"{key}.bpmn": "<no xml", "a.form": "{", "b.form": '{"id": "b", "x": "\\u0000"}'}
        draft = await save(platform, key, sources)
        linted = await platform.perform("definition.lint", revision(draft), actor=ANNA)
        assert linted["state"] == "draft"
        (row,) = await platform.rows("SELECT findings FROM workflows.draft_view WHERE key = $1", key)
        found = {(finding["code"], finding["file"]) for finding in orjson.loads(row["findings"])}
        assert found >= {
            ("source.not-xml", f"{key}.bpmn"),
            ("form.unreadable", "a.form"),
            ("form.invalid", "b.form"),
        }

    async def test_what_is_saved_again_must_be_linted_again(self, platform: Platform, key: str) -> None:
        draft = await save(platform, key)
        await platform.perform("definition.lint", revision(draft), actor=ANNA)
        draft = await save(platform, key, bundle(key, "check"), after=draft)
        code = await platform.refusal("definition.request", revision(draft), actor=ANNA)
        assert code == "definition.not_linted"

    async def test_a_pending_draft_is_frozen(self, platform: Platform, key: str) -> None:
        draft = await request(platform, key)
        for kind, payload in (
            ("definition.save", {"key": key, "sources": bundle(key, "check"), **revision(draft)}),
            ("definition.lint", revision(draft)),
            ("definition.request", revision(draft)),
        ):
            assert await platform.refusal(kind, payload, actor=ANNA) == "definition.pending"

    async def test_a_rejected_draft_goes_back_to_its_analysts_with_the_reason(
        self, platform: Platform, key: str
    ) -> None:
        draft = await request(platform, key)
        await platform.perform(
            "definition.reject", {"draft_id": draft["draft_id"], "reason": "No limit check."}, actor=PAULA
        )
        (row,) = await platform.rows("SELECT * FROM workflows.draft_view WHERE key = $1", key)
        assert (row["state"], row["rejected_by"], row["rejection"]) == (
            "draft",
            "user:paula",
            "No limit check.",
        )
        told = (await entries(platform, draft["draft_id"]))[-1]
        assert told["kind"] == "definition.reject"
        # The reason may name people: the entry commits to it and does not show it.
        assert "No limit check" not in orjson.dumps(told).decode()
        code = await platform.refusal("definition.approve", decision(draft), actor=PAULA)
        assert code == "definition.not_pending"
        again = await save(platform, key, bundle(key, "limit"), after=draft)
        assert (again["revision"], again["state"]) == (2, "draft")

    async def test_what_is_deployed_already_is_not_requested_again(
        self, platform: Platform, key: str
    ) -> None:
        await deploy(platform, key)
        draft = await save(platform, key)
        await platform.perform("definition.lint", revision(draft), actor=ANNA)
        code = await platform.refusal("definition.request", revision(draft), actor=ANNA)
        assert code == "definition.unchanged"

    async def test_the_same_approval_twice_deploys_once(self, platform: Platform, key: str) -> None:
        draft = await request(platform, key)
        first = await platform.submit("definition.approve", decision(draft), actor=PAULA, key=f"once-{key}")
        second = await platform.submit("definition.approve", decision(draft), actor=PAULA, key=f"once-{key}")
        assert first == second
        assert (await platform.outcome(first)).state == "done"
        assert await states(platform, key) == {1: "deployed"}


class TestFourEyes:
    async def test_who_requested_the_deployment_cannot_approve_it(self, platform: Platform, key: str) -> None:
        draft = await save(platform, key, actor=ANNA)
        await platform.perform("definition.lint", revision(draft), actor=ANNA)
        await platform.perform("definition.request", revision(draft), actor=BOTH)
        code = await platform.refusal("definition.approve", decision(draft), actor=BOTH)
        assert code == "definition.four_eyes"
        assert await states(platform, key) == {}

    async def test_who_saved_any_revision_cannot_approve_it_whoever_saved_last(
        self, platform: Platform, key: str
    ) -> None:
        first = await save(platform, key, actor=BOTH)
        draft = await save(platform, key, bundle(key, "check"), actor=ADAM, after=first)
        await platform.perform("definition.lint", revision(draft), actor=ADAM)
        await platform.perform("definition.request", revision(draft), actor=ANNA)
        # The same person, with only the other role today.
        owner_only = Actor(BOTH.name, frozenset({"product_owner"}))
        for actor in (BOTH, owner_only):
            code = await platform.refusal("definition.approve", decision(draft), actor=actor)
            assert code == "definition.four_eyes"
        await platform.perform("definition.approve", decision(draft), actor=PAULA)

    async def test_a_rejection_does_not_make_anybody_a_second_person(
        self, platform: Platform, key: str
    ) -> None:
        draft = await request(platform, key, by=BOTH)
        await platform.perform(
            "definition.reject", {"draft_id": draft["draft_id"], "reason": "Later."}, actor=PAULA
        )
        draft = await save(platform, key, bundle(key, "check"), actor=ADAM, after=draft)
        await platform.perform("definition.lint", revision(draft), actor=ADAM)
        await platform.perform("definition.request", revision(draft), actor=ADAM)
        code = await platform.refusal("definition.approve", decision(draft), actor=BOTH)
        assert code == "definition.four_eyes"

    async def test_what_was_not_seen_is_not_approved(self, platform: Platform, key: str) -> None:
        seen = await request(platform, key)
        await platform.perform(
            "definition.reject", {"draft_id": seen["draft_id"], "reason": "Later."}, actor=PAULA
        )
        draft = await save(platform, key, bundle(key, "check"), after=seen)
        await platform.perform("definition.lint", revision(draft), actor=ANNA)
        await platform.perform("definition.request", revision(draft), actor=ANNA)
        code = await platform.refusal("definition.approve", decision(seen), actor=PAULA)
        assert code == "definition.hash_differs"
        await platform.perform("definition.approve", decision(draft), actor=PAULA)

    @pytest.mark.parametrize(
        ("kind", "actor"),
        [
            ("definition.save", PAULA),
            ("definition.request", PAULA),
            ("definition.approve", ANNA),
            ("definition.reject", ANNA),
            ("definition.retire", ANNA),
            ("definition.tag", ANNA),
        ],
    )
    async def test_each_step_takes_its_role(self, platform: Platform, kind: str, actor: Actor) -> None:
        with pytest.raises(Exception, match="may not submit") as refusal:
            await platform.submit(kind, {}, actor=actor)
        assert getattr(refusal.value, "code", None) == "command.forbidden"


class TestSavingTogether:
    async def test_a_revision_that_was_saved_meanwhile_is_not_lost(
        self, platform: Platform, key: str
    ) -> None:
        draft = await save(platform, key)
        await save(platform, key, bundle(key, "check"), actor=ADAM, after=draft)
        payload = {"key": key, "sources": bundle(key, "other"), **revision(draft)}
        assert await platform.refusal("definition.save", payload, actor=ANNA) == "definition.revision_stale"
        assert await platform.refusal("definition.lint", revision(draft), actor=ANNA) == (
            "definition.revision_stale"
        )
        (row,) = await platform.rows("SELECT * FROM workflows.draft_view WHERE key = $1", key)
        assert (row["revision"], row["saved_by"], row["authors"]) == (
            2,
            "user:adam",
            ["user:adam", "user:anna"],
        )
        assert orjson.loads(row["sources"]) == bundle(key, "check")

    async def test_of_two_new_drafts_of_one_process_at_once_one_is_saved(
        self, platform: Platform, key: str
    ) -> None:
        commands = [
            await platform.submit(
                "definition.save", {"key": key, "sources": bundle(key, actor.name)}, actor=actor
            )
            for actor in (ANNA, ADAM)
        ]
        outcomes = await asyncio.gather(*(platform.outcome(command) for command in commands))
        assert sorted(outcome.state for outcome in outcomes) == ["done", "refused"]
        (refused,) = [outcome.error for outcome in outcomes if outcome.error]
        assert refused["code"] == "definition.draft_exists"

    async def test_a_draft_that_was_deployed_is_no_draft_any_more(self, platform: Platform, key: str) -> None:
        draft = await request(platform, key)
        await platform.perform("definition.approve", decision(draft), actor=PAULA)
        await save(platform, key, bundle(key, "check"), actor=ADAM)
        payload = {"key": key, "sources": bundle(key, "other"), **revision(draft)}
        code = await platform.refusal("definition.save", payload, actor=ANNA)
        assert code == "definition.draft_unknown"

    @pytest.mark.parametrize(
        ("sources", "code"),
        [
            ({"other.bpmn": "<a/>"}, "definition.file_missing"),
            ({"p.bpmn": "<a/>", "notes.txt": "x"}, "definition.file_unknown"),
            ({"p.bpmn": "<a/>", "../p.form": "{}"}, "definition.file_unknown"),
            ({"p.bpmn": "<a/>", "big.dmn": "é" * 5_000_000}, "definition.too_large"),
            ({"p.bpmn": "\ud800"}, "definition.text_invalid"),
        ],
    )
    async def test_what_is_no_bundle_is_refused_before_anything_is_stored(
        self, platform: Platform, sources: dict[str, str], code: str
    ) -> None:
        with pytest.raises(InvalidInput) as refusal:
            await platform.submit("definition.save", {"key": "p", "sources": sources}, actor=ANNA)
        assert refusal.value.code == code


class TestVersions:
    async def test_a_running_case_stays_on_its_version_while_a_new_one_is_deployed(
        self, platform: Platform, key: str
    ) -> None:
        await deploy(platform, key, bundle(key, "look"))
        old = await platform.start(key)
        await deploy(platform, key, bundle(key, "check"))
        new = await platform.start(key)
        assert await states(platform, key) == {1: "retired", 2: "deployed"}
        assert [(await platform.case(case))["definition_version"] for case in (old, new)] == [1, 2]
        assert await platform.first_of(old, "look", "check") == "look"
        assert await platform.first_of(new, "look", "check") == "check"
        await platform.perform("case.cancel", {"reason": "over"}, case_id=old)
        assert (await platform.case(old))["state"] == "cancelled"

    async def test_a_start_names_a_version_or_takes_the_latest_that_is_deployed(
        self, platform: Platform, key: str
    ) -> None:
        first = await deploy(platform, key, bundle(key, "look"))
        await deploy(platform, key, bundle(key, "check"))
        retired = {"product": key, "business_key": "retired", "version": 1}
        assert await platform.refusal("case.start", retired) == "definition.retired"
        await platform.perform(
            "definition.reinstate",
            {"definition_id": first["definition_id"], "reason": "Still sold."},
            actor=PAULA,
        )
        named = await platform.start(key, version=1)
        latest = await platform.start(key)
        assert (await platform.case(named))["definition_version"] == 1
        assert (await platform.case(latest))["definition_version"] == 2
        unknown = {"product": key, "business_key": "unknown", "version": 3}
        assert await platform.refusal("case.start", unknown) == "definition.version_unknown"

    async def test_a_business_key_has_one_case_whatever_version_is_named(
        self, platform: Platform, key: str
    ) -> None:
        first = await deploy(platform, key, bundle(key, "look"))
        await platform.start(key, business_key="one", version=1)
        await platform.perform(
            "definition.tag", {"definition_id": first["definition_id"], "tag": "stable"}, actor=PAULA
        )
        await deploy(platform, key, bundle(key, "check"))
        for naming in ({}, {"version": 2}, {"tag": "stable"}):
            code = await platform.refusal("case.start", {"product": key, "business_key": "one", **naming})
            assert code == "case.exists"
        other = await platform.start(key, business_key="two", version=2)
        assert (await platform.case(other))["business_key"] == "two"

    async def test_a_product_owner_retires_a_version_and_no_new_case_starts(
        self, platform: Platform, key: str
    ) -> None:
        deployed = await deploy(platform, key)
        running = await platform.start(key)
        payload = {"definition_id": deployed["definition_id"], "reason": "Sold no more."}
        await platform.perform("definition.retire", payload, actor=PAULA)
        assert await states(platform, key) == {1: "retired"}
        for naming in ({}, {"version": 1}):
            code = await platform.refusal("case.start", {"product": key, "business_key": "late", **naming})
            assert code == "definition.retired"
        assert await platform.refusal("definition.retire", payload, actor=PAULA) == "definition.state_wrong"
        assert (await platform.case(running))["state"] == "waiting"
        await platform.perform("definition.reinstate", payload, actor=PAULA)
        await platform.start(key, business_key="late")
        told = await entries(platform, deployed["definition_id"])
        assert [body["kind"] for body in told][-2:] == ["definition.retire", "definition.reinstate"]


class TestTags:
    async def test_a_tag_names_one_version_of_a_process_and_moves_with_a_record(
        self, platform: Platform, key: str
    ) -> None:
        first = await deploy(platform, key, bundle(key, "look"))
        await platform.perform(
            "definition.tag", {"definition_id": first["definition_id"], "tag": "stable"}, actor=PAULA
        )
        second = await deploy(platform, key, bundle(key, "check"))
        # A tag says that cases are started by it: what it names is not retired by a newer version.
        assert await states(platform, key) == {1: "deployed", 2: "deployed"}
        case = await platform.start(key, tag="stable")
        assert (await platform.case(case))["definition_version"] == 1
        await platform.perform(
            "definition.tag", {"definition_id": second["definition_id"], "tag": "stable"}, actor=PAULA
        )
        case = await platform.start(key, tag="stable")
        assert (await platform.case(case))["definition_version"] == 2
        assert await tags(platform, key) == {"stable": 2}
        moved = (await entries(platform, second["definition_id"]))[-1]
        assert moved["statement"] == {
            "key": key,
            "version": 2,
            "state": "deployed",
            "tag": "stable",
            "moved_from": 1,
        }

    async def test_the_version_tag_of_the_model_becomes_a_tag_when_it_is_deployed(
        self, platform: Platform, key: str
    ) -> None:
        await deploy(platform, key, bundle(key, "look", tag="2026-q4"))
        assert await tags(platform, key) == {"2026-q4": 1}
        case = await platform.start(key, tag="2026-q4")
        assert (await platform.case(case))["definition_version"] == 1
        await deploy(platform, key, bundle(key, "check", tag="2026-q4"))
        assert await tags(platform, key) == {"2026-q4": 2}
        assert await states(platform, key) == {1: "retired", 2: "deployed"}

    async def test_a_tag_that_names_nothing_or_another_version_starts_nothing(
        self, platform: Platform, key: str
    ) -> None:
        await deploy(platform, key, bundle(key, "look", tag="old"))
        await deploy(platform, key, bundle(key, "check"))
        for naming in ({"tag": "none"}, {"tag": "old", "version": 2}):
            code = await platform.refusal("case.start", {"product": key, "business_key": "x", **naming})
            assert code == "definition.tag_unknown"

    async def test_two_processes_may_use_one_tag(self, platform: Platform, key: str) -> None:
        other = f"{key}b"
        await deploy(platform, key, bundle(key, tag="stable"))
        await deploy(platform, other, bundle(other, tag="stable"))
        assert await tags(platform, key) == await tags(platform, other) == {"stable": 1}

    async def test_a_version_tag_that_is_none_stops_the_request(self, platform: Platform, key: str) -> None:
        draft = await save(platform, key, bundle(key, tag=" x "))
        await platform.perform("definition.lint", revision(draft), actor=ANNA)
        code = await platform.refusal("definition.request", revision(draft), actor=ANNA)
        assert code == "definition.tag_invalid"


class TestTheRelease:
    async def test_its_products_are_deployed_without_a_second_person_and_once(
        self, platform: Platform
    ) -> None:
        keys = ledger.load_or_create_keys(platform.settings.key_folder)
        recorder = ledger.Recorder(keys.signing_key, keys.vault_key, platform.settings.origin)
        for _ in range(2):
            await deploy_shipped(platform.database, recorder, platform_effects(), SystemClock())
        (row,) = await platform.rows("SELECT * FROM workflows.definition_view WHERE key = 'factoring'")
        assert (row["deployed_by"], row["requested_by"]) == ("release", None)
        told = await entries(platform, str(row["id"]))
        assert [(body["kind"], body["actor"]) for body in told] == [("definition.deploy", "system:release")]

    async def test_a_release_leaves_alone_what_people_have_deployed(
        self, platform: Platform, key: str
    ) -> None:
        async def bring(task: str) -> definitions.Deployed:
            async with platform.database.transaction() as tx:
                return await definitions.deploy(
                    tx,
                    key,
                    bundle(key, task),
                    job_types=frozenset(),
                    deployed_by="release",
                    at=datetime(2026, 1, 1, tzinfo=UTC),
                )

        assert (await bring("look")).new
        assert (await bring("second")).new
        await deploy(platform, key, bundle(key, "ours"))
        kept = await bring("third")
        assert (kept.version, kept.new) == (3, False)
        assert await states(platform, key) == {1: "retired", 2: "retired", 3: "deployed"}
