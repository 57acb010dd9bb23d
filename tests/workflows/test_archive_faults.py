"""The archive of histories under workers of which some die: each case is archived once, and whole."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

from temporalio.client import Client

import ledger
from proof.bundle import history_stream
from support.cases import Platform
from support.workers import worker
from workflows.archive import Archiver
from workflows.history_replay import replay_histories

CASES = 30


async def test_each_history_is_archived_once_whoever_dies(stopped_platform: Platform) -> None:
    never = dataclasses.replace(stopped_platform.settings, archive_every=timedelta(days=1))
    platform = dataclasses.replace(stopped_platform, settings=never)
    async with platform.running():
        cases = await asyncio.gather(*(platform.start("straight") for _ in range(CASES)))
    waiting = "SELECT id FROM workflows.case_ WHERE history IS NULL"
    archived = "SELECT id FROM workflows.case_ WHERE history = 'archived'"
    assert len(await platform.rows(waiting)) == CASES

    # Both are killed when the block is left.
    async with worker(platform), worker(platform):
        await platform.until(archived, 1)

    client = await Client.connect(platform.settings.temporal_target)
    keys = ledger.load_or_create_keys(platform.settings.key_folder)
    recorder = ledger.Recorder(keys.signing_key, keys.vault_key, platform.settings.origin)
    archivers = [Archiver(platform.database, client, recorder, timedelta()) for _ in range(3)]
    # What a killed worker held is free as soon as the server has seen that its session is gone.
    for _ in range(100):
        await asyncio.gather(*(_archive_all(archiver) for archiver in archivers))
        if not await platform.rows(waiting):
            break
        await asyncio.sleep(0.1)

    assert await platform.rows(waiting) == []
    for case_id in cases:
        entries = await platform.rows(
            "SELECT seq FROM ledger.entry_view WHERE stream = $1", history_stream(str(case_id))
        )
        assert [entry["seq"] for entry in entries] == [1]
        assert (await replay_histories(platform.database, case_id, platform.vault_key)).agrees


async def _archive_all(archiver: Archiver) -> None:
    while await archiver.archive_next():
        pass
