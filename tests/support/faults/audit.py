"""What must be true when everything has come to its end, read from the database without a link between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any
from uuid import UUID

import orjson

import ledger
from support.bank import Bank
from support.cases import Platform
from workflows.replay import replay_case

# What a case records without a command: a timer fired, a call had its result, a task went on to others.
_BY_THE_CASE = ("timer.fire", "job.result", "task.escalate")


async def not_ended(platform: Platform) -> int:
    """Return how many cases have not ended."""
    (row,) = await platform.rows("SELECT count(*) FROM workflows.case_view WHERE ended_at IS NULL")
    return int(row["count"])


async def states(platform: Platform) -> Counter[str]:
    """Return how many cases are in which state."""
    rows = await platform.rows("SELECT state FROM workflows.case_view")
    return Counter(row["state"] for row in rows)


async def effects(platform: Platform) -> Counter[tuple[UUID, str]]:
    """Return how often each part of each errand was written."""
    rows = await platform.rows("SELECT case_id, part FROM public.effect")
    return Counter((row["case_id"], row["part"]) for row in rows)


async def calls_that_differ(platform: Platform, bank: Bank) -> list[str]:
    """Return what the bank and the cases do not agree about: keys, calls counted, amounts and receipts."""
    rows = await platform.rows(
        """
        SELECT j.idempotency_key::text AS key, j.state, j.attempts, c.business_key, v.text AS receipt
          FROM workflows.remote_job_view j JOIN workflows.case_view c ON c.id = j.case_id
          LEFT JOIN workflows.variable v ON v.case_id = c.id AND v.name = 'receipt'
        """
    )
    found = [f"{key} is no call of a case" for key in bank.counted.keys() - {row["key"] for row in rows}]
    for row in rows:
        amount = f"{row['business_key'].removeprefix('errand-')}.50"
        if bank.counted.get(row["key"]) != amount:
            found.append(f"{row['business_key']}: the bank counted {bank.counted.get(row['key'])}")
        if row["receipt"] != f"receipt of {amount}":
            found.append(f"{row['business_key']}: the receipt is {row['receipt']}")
        if row["state"] != "closed" or row["attempts"] < bank.calls[row["key"]]:
            found.append(
                f"{row['business_key']}: {row['attempts']} attempts, {bank.calls[row['key']]} calls,"
                f" {row['state']}"
            )
    return found


async def entries_that_differ(platform: Platform) -> list[str]:
    """Return the kinds of commands that have more or fewer entries than were carried out, and where."""
    rows = await platform.rows(
        """
        SELECT coalesce(done.place, logged.place) AS place, coalesce(done.kind, logged.kind) AS kind,
               coalesce(done.count, 0) AS done, coalesce(logged.count, 0) AS logged
          FROM (SELECT case_id::text AS place, kind, count(*) FROM workflows.command_view
                 WHERE case_id IS NOT NULL AND state = 'done' GROUP BY 1, 2) done
          FULL JOIN (SELECT stream AS place, kind, count(*) FROM ledger.entry_view
                      WHERE kind <> ALL ($1::text[]) AND stream IN (SELECT id::text FROM workflows.case_view)
                      GROUP BY 1, 2) logged ON logged.place = done.place AND logged.kind = done.kind
         WHERE done.count IS DISTINCT FROM logged.count
        UNION ALL
        SELECT 'no case', done.kind, done.count, logged.count
          FROM (SELECT kind, count(*) FROM workflows.command_view
                 WHERE case_id IS NULL AND state = 'done' GROUP BY 1) done
          LEFT JOIN (SELECT kind, count(*) FROM ledger.entry_view GROUP BY 1) logged
            ON logged.kind = done.kind
         WHERE done.count IS DISTINCT FROM logged.count
        """,
        list(_BY_THE_CASE),
    )
    return [f"{row['place']} {row['kind']}: {row['done']} done, {row['logged']} logged" for row in rows]


async def bursts_that_differ(platform: Platform) -> list[str]:
    """Return the cases whose number of entries is not that of the bursts that their row counts."""
    rows = await platform.rows(
        """
        SELECT c.business_key, c.seq, e.count FROM workflows.case_ c
          LEFT JOIN (SELECT stream, count(*) FROM ledger.entry_view GROUP BY 1) e ON e.stream = c.id::text
         WHERE c.seq IS DISTINCT FROM e.count
        """
    )
    return [f"{row['business_key']}: {row['seq']} bursts, {row['count']} entries" for row in rows]


async def commands(platform: Platform) -> Counter[str]:
    """Return how many commands are in which state."""
    rows = await platform.rows("SELECT state FROM workflows.command_view")
    return Counter(row["state"] for row in rows)


async def lost(platform: Platform, acknowledged: Collection[UUID]) -> set[UUID]:
    """Return the commands that were acknowledged and are not done."""
    rows = await platform.rows("SELECT id FROM workflows.command_view WHERE state = 'done'")
    return set(acknowledged) - {row["id"] for row in rows}


async def books(platform: Platform) -> dict[UUID, Counter[str]]:
    """Return what was booked for each case's request, as a multiset of events with their postings."""
    rows = await platform.rows(
        """
        SELECT c.id, j.event, j.postings FROM finance.journal_view j
          JOIN workflows.case_view c ON c.request_id = j.request_id
        """
    )
    found: dict[UUID, Counter[str]] = {}
    for row in rows:
        postings = sorted(
            f"{posting['side']} {posting['account']} {posting['amount']}"
            for posting in orjson.loads(row["postings"])
        )
        found.setdefault(row["id"], Counter())[f"{row['event']}: {', '.join(postings)}"] += 1
    return found


async def imbalances(platform: Platform) -> list[Any]:
    """Return the journals whose debits are not their credits."""
    return await platform.rows(
        """
        SELECT j.id, j.event FROM finance.journal_view j, jsonb_array_elements(j.postings) p GROUP BY 1, 2
        HAVING sum(CASE p ->> 'side' WHEN 'Dr' THEN 1 ELSE -1 END * (p ->> 'amount')::numeric) <> 0
        """
    )


async def unproven(platform: Platform) -> list[Any]:
    """Return the journals whose ledger entry is not in the log."""
    return await platform.rows(
        """
        SELECT j.id, j.event FROM finance.journal_view j
         WHERE NOT EXISTS (SELECT FROM ledger.entry_view e
                            WHERE e.entry_id = j.entry_id AND e.state = 'logged')
        """
    )


async def log_findings(platform: Platform) -> list[str]:
    """Verify the whole log with two libraries; return what is wrong, and how many entries wait outside."""
    report = await ledger.verify_log(
        platform.database, backends=("cryptography", "ecdsa"), vault_key=platform.vault_key
    )
    found = [f"{finding.code} {finding.where}: {finding.message}" for finding in report.findings]
    return found + ([f"{report.pending} entries wait in the outbox"] if report.pending else [])


async def cases_that_replay_differently(platform: Platform, cases: Collection[UUID]) -> list[UUID]:
    """Return which of these cases do not come to the same states when their commands run again."""
    return [
        case_id
        for case_id in cases
        if not (await replay_case(platform.database, case_id, platform.vault_key)).agrees
    ]
