"""What Temporal holds: nothing that can be read, apart from the names by which it is addressed."""

from __future__ import annotations

import base64
import json

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory

from core import Broken
from ledger import VaultKeys
from support.cases import Platform
from support.histories import contents, histories, opened
from workflows import Actor
from workflows.payload_codec import EncryptedPayloads

OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))
KEY, OTHER = VaultKeys.of(bytes(range(32))), VaultKeys.of(bytes(32))


def readable(run: WorkflowHistory) -> list[bytes]:
    """Return the data of a history's payloads that are not encrypted."""
    found: list[bytes] = []

    def look(part: object) -> None:
        if isinstance(part, dict):
            encoding = part["metadata"].get("encoding", "") if "metadata" in part else ""
            if encoding and base64.b64decode(encoding) != b"binary/encrypted":
                found.append(base64.b64decode(part["data"]))
            for inner in part.values():
                look(inner)
        elif isinstance(part, list):
            for inner in part:
                look(inner)

    look(json.loads(run.to_json()))
    return found


async def test_a_history_shows_neither_case_nor_command(platform: Platform) -> None:
    case_id = await platform.start("approval")
    await platform.complete(case_id, "first", OFFICER, decision="approve")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.case_in(case_id, "completed")
    (sealed,) = await histories(platform, case_id)
    # What the SDK itself notes of a local activity: that it was the one called `advance`, and when.
    assert all(json.loads(data)["activity_type"] == "advance" for data in readable(sealed))
    assert str(case_id).encode() not in contents(sealed)
    run = await opened(sealed, platform.vault_key)
    assert str(case_id).encode() in contents(run)
    # The name under which the server finds the workflow is not hidden from it.
    assert sealed.workflow_id.startswith("approval/")


async def test_what_was_encrypted_comes_back() -> None:
    payload = Payload(metadata={"encoding": b"json/plain", "note": b"kept"}, data=b'{"case": 1}')
    (sealed,) = await EncryptedPayloads(KEY).encode([payload])
    assert b"case" not in sealed.SerializeToString()
    assert await EncryptedPayloads(KEY).decode([sealed]) == [payload]


async def test_two_encryptions_of_one_payload_differ() -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b"1")
    codec = EncryptedPayloads(KEY)
    assert await codec.encode([payload]) != await codec.encode([payload])


async def test_what_is_not_encrypted_passes() -> None:
    payload = Payload(metadata={"encoding": b"json/plain"}, data=b'{"case": 1}')
    assert await EncryptedPayloads(KEY).decode([payload]) == [payload]


@pytest.mark.parametrize("damage", ["another key", "a changed byte", "nothing left"])
async def test_what_does_not_open_is_told(damage: str) -> None:
    (sealed,) = await EncryptedPayloads(KEY).encode([Payload(data=b"1")])
    if damage == "a changed byte":
        sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    if damage == "nothing left":
        sealed.data = b""
    reader = EncryptedPayloads(OTHER if damage == "another key" else KEY)
    with pytest.raises(Broken) as refusal:
        await reader.decode([sealed])
    assert refusal.value.code == "temporal.payload_unreadable"
