"""Histories of cases: fetched, replayed through today's workflow, and recorded readable."""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHistory

from ledger import VaultKeys
from support.cases import Platform
from workflows.history_replay import case_replayer
from workflows.payload_codec import EncryptedPayloads

HISTORIES = Path(__file__).parents[1] / "histories"


async def histories(platform: Platform, case_id: UUID) -> Sequence[WorkflowHistory]:
    """Return the histories of a case's runs as the server holds them, the first one first."""
    (case,) = await platform.rows(
        "SELECT product, business_key FROM workflows.case_view WHERE id = $1", case_id
    )
    client = await Client.connect(platform.settings.temporal_target)
    runs = [
        run async for run in client.list_workflows(f"WorkflowId = '{case['product']}/{case['business_key']}'")
    ]
    runs.sort(key=lambda run: run.start_time)
    return [await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history() for run in runs]


async def replay(platform: Platform, name: str, case_id: UUID) -> Sequence[WorkflowHistory]:
    """Replay every run of a case, and record them under a name when that is asked for."""
    runs = await histories(platform, case_id)
    for number, run in enumerate(runs, 1):
        await case_replayer(platform.vault_key).replay_workflow(run)
        if os.environ.get("SCF_RECORD_HISTORIES") == "1":
            readable = await opened(run, platform.vault_key)
            text = re.sub(r'"identity": "[^"]*"', '"identity": "worker"', readable.to_json())
            (HISTORIES / f"{name}-{number}.json").write_text(text + "\n")
    return runs


async def opened(run: WorkflowHistory, vault_key: VaultKeys) -> WorkflowHistory:
    """Return a history with its payloads decrypted."""
    document = json.loads(run.to_json())
    return WorkflowHistory.from_json(run.workflow_id, await _opened(document, EncryptedPayloads(vault_key)))


async def _opened(part: Any, codec: EncryptedPayloads) -> Any:
    if isinstance(part, list):
        return [await _opened(item, codec) for item in part]
    if not isinstance(part, dict):
        return part
    if "metadata" in part and "data" in part:
        (payload,) = await codec.decode([_payload(part)])
        return {
            "metadata": {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()},
            "data": base64.b64encode(payload.data).decode(),
        }
    return {name: await _opened(item, codec) for name, item in part.items()}


def _payload(part: dict[str, Any]) -> Payload:
    metadata = {name: base64.b64decode(value) for name, value in part["metadata"].items()}
    return Payload(metadata=metadata, data=base64.b64decode(part["data"]))


def contents(run: WorkflowHistory) -> bytes:
    """Return a history with the data of every payload in it as plain bytes."""
    text = run.to_json()
    payloads = re.findall(r'"data": "([^"]*)"', text)
    assert payloads
    return text.encode() + b"".join(base64.b64decode(payload) for payload in payloads)
