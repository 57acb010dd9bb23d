"""A decision that a person signs is checked in the transaction of its effect, and travels in the entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

import ledger
from core import ScfError
from ledger import Sequencer, load_or_create_keys
from proof.entry import Body
from proof.key_holder import key_holder
from support.by_hand import ByHand
from support.person_keys import PersonKey, enrolled, registration, statement
from workflows import Actor

MODELS = Path(__file__).parent / "models"
OTTO = Actor("otto", frozenset({"credit_officer"}))
OLGA = Actor("olga", frozenset({"credit_officer"}))
CARA = Actor("cara", frozenset({"compliance"}))
APPROVE = {"decision": "approve"}


@pytest.fixture(scope="module")
async def key(by_hand: ByHand) -> PersonKey:
    """Otto's key, on a platform whose own key is registered."""
    await by_hand.deploy("signed", MODELS)
    async with by_hand.database.transaction() as tx:
        await ledger.register_platform_key(tx, by_hand.recorder, protection="file", at=by_hand.now())
    return await enrolled(by_hand, OTTO, CARA)


async def opened(hand: ByHand, product: str = "signed", element: str = "approve") -> tuple[UUID, str]:
    case_id = await hand.start(product, {"face": "500.00"})
    return case_id, str((await hand.task(case_id, element))["id"])


async def completion(hand: ByHand, key: PersonKey, task_id: str, **changes: Any) -> dict[str, Any]:
    """Return the payload of a completion whose statement Otto has signed, with `changes` in the statement."""
    said = await statement(hand, OTTO, key, task_id, APPROVE)
    text = replace(said, **changes).encode().decode()
    return {"task_id": task_id, "variables": APPROVE, "signed": key.sign_statement(text)}


async def last_body(hand: ByHand, case_id: UUID) -> Body:
    rows = await hand.rows("SELECT body FROM ledger.outbox WHERE stream = $1 ORDER BY seq", str(case_id))
    return Body.decode(rows[-1]["body"])


async def test_a_signed_decision_stands_in_the_entry_with_the_persons_signature(
    by_hand: ByHand, key: PersonKey
) -> None:
    case_id, task_id = await opened(by_hand)
    await by_hand.perform("task.complete", await completion(by_hand, key, task_id), OTTO)
    body = await last_body(by_hand, case_id)
    holder = key_holder(body)
    assert (holder.held_by, holder.account, holder.key_id) == ("person", "user:otto", key.key_id)
    assert "non-exportable as far as this platform can tell" in holder.told
    (endorsed,) = await by_hand.rows("SELECT valid_by FROM ledger.key_view WHERE key_id = $1", key.key_id)
    assert holder.valid_by == str(endorsed["valid_by"])
    assert body.statement is not None
    said: Any = body.statement["signed"]
    assert said["statement"]["task"] == task_id
    # The log is for good and for many eyes: it has no text that a person has entered.
    assert "approve" not in orjson.dumps(said["statement"]["decision"]).decode()


async def test_an_unsigned_decision_is_the_platforms_word_alone(by_hand: ByHand, key: PersonKey) -> None:
    case_id, task_id = await opened(by_hand, "approval", "first")
    await by_hand.perform("task.complete", {"task_id": task_id, "variables": APPROVE}, OTTO)
    assert key_holder(await last_body(by_hand, case_id)).held_by == "platform"


async def test_a_signature_is_taken_where_the_task_does_not_ask_for_one(
    by_hand: ByHand, key: PersonKey
) -> None:
    case_id, task_id = await opened(by_hand, "approval", "first")
    await by_hand.perform("task.complete", await completion(by_hand, key, task_id), OTTO)
    assert key_holder(await last_body(by_hand, case_id)).held_by == "person"


async def test_a_task_that_asks_for_a_signature_is_not_completed_without(
    by_hand: ByHand, key: PersonKey
) -> None:
    _, task_id = await opened(by_hand)
    refused = await by_hand.refusal("task.complete", {"task_id": task_id, "variables": APPROVE}, OTTO)
    assert refused == "statement.required"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"nonce": "0" * 32}, "statement.decision"),  # the digests of the answers hang on the nonce
        ({"shown": {"variables": "ab" * 32}}, "statement.shown"),
        ({"decision": {"decision": "reject"}}, "statement.decision"),
        ({"account": "user:olga"}, "statement.not_yours"),
        ({"origin": "scf.example/other"}, "statement.mismatch"),
        ({"case": str(UUID(int=1))}, "statement.mismatch"),
        ({"task": str(UUID(int=1))}, "statement.mismatch"),
        ({"element": "other"}, "statement.mismatch"),
        ({"model_hash": "ab" * 32}, "statement.mismatch"),
    ],
)
async def test_a_statement_that_says_something_else_is_refused(
    by_hand: ByHand, key: PersonKey, changes: dict[str, Any], code: str
) -> None:
    case_id, task_id = await opened(by_hand)
    payload = await completion(by_hand, key, task_id, **changes)
    assert await by_hand.refusal("task.complete", payload, OTTO) == code
    assert await by_hand.entries(case_id) == ["case.start"]


async def test_a_statement_is_good_once_for_its_task_and_for_an_hour(by_hand: ByHand, key: PersonKey) -> None:
    _, one = await opened(by_hand)
    _, other = await opened(by_hand)
    first = await completion(by_hand, key, one)
    moved = {**first, "task_id": other}
    assert await by_hand.refusal("task.complete", moved, OTTO) == "statement.mismatch"
    by_hand.turn(timedelta(hours=1))
    assert await by_hand.refusal("task.complete", first, OTTO) == "statement.nonce"
    await by_hand.perform("task.complete", await completion(by_hand, key, one), OTTO)
    assert await by_hand.rows("SELECT FROM workflows.challenge WHERE subject = $1", f"task:{one}") == []


async def test_a_nonce_of_another_task_is_refused(by_hand: ByHand, key: PersonKey) -> None:
    _, one = await opened(by_hand)
    _, other = await opened(by_hand)
    theirs = await statement(by_hand, OTTO, key, other, APPROVE)
    ours = await statement(by_hand, OTTO, key, one, APPROVE)
    mixed = replace(ours, nonce=theirs.nonce, decision=theirs.decision).encode().decode()
    payload = {"task_id": one, "variables": APPROVE, "signed": key.sign_statement(mixed)}
    assert await by_hand.refusal("task.complete", payload, OTTO) == "statement.nonce"


async def test_other_answers_than_those_signed_are_refused(by_hand: ByHand, key: PersonKey) -> None:
    _, task_id = await opened(by_hand)
    payload = {**await completion(by_hand, key, task_id), "variables": {"decision": "reject"}}
    assert await by_hand.refusal("task.complete", payload, OTTO) == "statement.decision"


async def test_what_is_shown_must_still_be_what_was_signed(by_hand: ByHand, key: PersonKey) -> None:
    _, task_id = await opened(by_hand)
    payload = await completion(by_hand, key, task_id)
    async with by_hand.database.transaction() as tx:
        await tx.sql.execute(
            """UPDATE workflows.task SET variables = '{"face": "900.00"}' WHERE id = $1""", UUID(task_id)
        )
    assert await by_hand.refusal("task.complete", payload, OTTO) == "statement.shown"


async def test_only_the_right_key_signs(by_hand: ByHand, key: PersonKey) -> None:
    _, task_id = await opened(by_hand)
    said = (await statement(by_hand, OTTO, key, task_id, APPROVE)).encode().decode()
    payload: dict[str, Any] = {"task_id": task_id, "variables": APPROVE}
    forged = {**payload, "signed": PersonKey().sign_statement(said)}
    assert await by_hand.refusal("task.complete", forged, OTTO) == "statement.signature"
    garbled = {**payload, "signed": {**key.sign_statement(said), "signature": "AAAA"}}
    assert await by_hand.refusal("task.complete", garbled, OTTO) == "signature.form"
    spaced = {**payload, "signed": key.sign_statement(said.replace(":", ": ", 1))}
    assert await by_hand.refusal("task.complete", spaced, OTTO) == "statement.form"
    # Olga signs Otto's statement, whose key is not hers.
    stolen = {**payload, "signed": key.sign_statement(said)}
    assert await by_hand.refusal("task.complete", stolen, OLGA) == "statement.key_unknown"


async def test_a_key_counts_between_its_endorsement_and_its_revocation(
    by_hand: ByHand, key: PersonKey
) -> None:
    _, task_id = await opened(by_hand)
    young = PersonKey()
    payload = await registration(by_hand, OTTO, young)
    await by_hand.perform("key.register", payload, OTTO)
    with pytest.raises(ScfError, match=r"statement\.key_not_endorsed"):
        await statement(by_hand, OTTO, young, task_id, APPROVE)
    assert await by_hand.refusal("key.register", payload, OTTO) == "statement.nonce"
    await by_hand.perform("key.endorse", {"key_id": young.key_id}, CARA)
    signed = await completion(by_hand, young, task_id)
    await by_hand.perform("key.revoke", {"key_id": young.key_id, "reason": "lost"}, OTTO)
    assert await by_hand.refusal("task.complete", signed, OTTO) == "statement.key_revoked"


async def test_keys_are_registered_by_who_holds_them_and_endorsed_by_a_second_person(by_hand: ByHand) -> None:
    key = PersonKey()
    payload = await registration(by_hand, CARA, key)
    assert await by_hand.refusal("key.register", payload, OTTO) == "statement.mismatch"
    forged = {**payload, "signature": PersonKey().sign_registration(payload["registration"])}
    assert await by_hand.refusal("key.register", forged, CARA) == "key.possession"
    await by_hand.perform("key.register", payload, CARA)
    assert await by_hand.refusal("key.endorse", {"key_id": key.key_id}, CARA) == "key.own"
    with pytest.raises(ScfError, match=r"command\.forbidden"):
        await by_hand.outcome("key.endorse", {"key_id": key.key_id}, OTTO)
    revocation = {"key_id": key.key_id, "reason": "lost"}
    assert await by_hand.refusal("key.revoke", revocation, OTTO) == "key.not_yours"
    await by_hand.perform("key.revoke", revocation, CARA)


async def test_an_unsigned_statement_cannot_pass_for_a_signed_one(by_hand: ByHand, key: PersonKey) -> None:
    _, task_id = await opened(by_hand)
    payload = {"task_id": task_id, "variables": APPROVE, "statement": {"signed": {}}}
    with pytest.raises(ScfError, match=r"command\.field_invalid"):
        await by_hand.outcome("task.complete", payload, OTTO)


async def test_many_signed_decisions_go_in_one_request(by_hand: ByHand, key: PersonKey) -> None:
    (one_case, one), (_, other) = [await opened(by_hand) for _ in range(2)]
    items = [await completion(by_hand, key, one), {"task_id": other, "variables": APPROVE}]
    outcome = await by_hand.outcome("task.complete-many", {"items": items}, OTTO)
    told = [await by_hand.outcome_of(UUID(item["command_id"])) for item in (outcome.result or {})["items"]]
    assert [each.state for each in told] == ["done", "refused"]
    assert key_holder(await last_body(by_hand, one_case)).held_by == "person"


async def test_the_log_of_all_that_verifies(
    by_hand: ByHand, key: PersonKey, tmp_path_factory: pytest.TempPathFactory
) -> None:
    log_key = load_or_create_keys(tmp_path_factory.mktemp("log")).log_key
    sequencer = Sequencer(by_hand.database, log_key, by_hand.recorder.origin)
    while await sequencer.sequence_once():
        pass
    await sequencer.close()
    report = await ledger.verify_log(by_hand.database)
    assert (report.ok, report.registry_from) == (True, 0), report.findings
