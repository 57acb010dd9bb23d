"""The SQL over witnesses: policies, cosignatures, what is published, alerts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ledger.repository import CheckpointRow, Connection

# The session-level advisory lock of the one process that asks the witnesses of a database's log.
_COSIGNING_LOCK = 0x5CF0003


class PolicyRow(NamedTuple):
    """The policy in force, as it was adopted."""

    id: int
    content: bytes
    adopted_at: datetime
    adopted_by: str


class WitnessRow(NamedTuple):
    """A witness of the policy in force; `size` is that of the largest checkpoint that it cosigned."""

    key: str
    name: str
    url: str | None
    validates: bool
    size: int
    problem: str | None
    problem_at: datetime | None


class CosignatureRow(NamedTuple):
    """A signature line over a checkpoint; `signed_at` is the second that the witness names, since 1970."""

    size: int
    key: str
    line: str
    signed_at: int


class AlertRow(NamedTuple):
    """Something that contradicts the log; `stops` tells whether nothing is published while it is open."""

    id: int
    code: str
    witness: str
    message: str
    ours: str
    theirs: str | None
    stops: bool
    raised_at: datetime
    cleared_at: datetime | None
    cleared_by: str | None
    finding: str | None


class StoredCosignature(NamedTuple):
    """A cosignature as it is kept, with the note of the checkpoint that it is over, if that is there."""

    id: int
    size: int
    key: str
    line: str
    signed_at: int
    note: str | None


class PublishedRow(NamedTuple):
    """A published checkpoint, whether it is there, and the keys whose cosignatures over it are kept."""

    id: int
    size: int
    policy_id: int
    covered: bool
    keys: list[str]


async def try_cosigning_lock(connection: Connection) -> bool:
    """Become the one that asks witnesses, for as long as this connection lives; again is fine."""
    locked: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _COSIGNING_LOCK)
    return locked


async def adopt(connection: Connection, content: bytes, by: str, witnesses: Sequence[WitnessRow]) -> int:
    """Put a policy in force, in a transaction of the caller; return its number."""
    policy: int = await connection.fetchval(
        "INSERT INTO ledger.witness_policy (content, adopted_at, adopted_by) VALUES ($1, now(), $2)"
        " RETURNING id",
        content,
        by,
    )
    await connection.executemany(
        "INSERT INTO ledger.witness AS known (key, policy_id, name, url, validates, size)"
        " VALUES ($1, $2, $3, $4, $5, 0)"
        " ON CONFLICT (key) DO UPDATE SET policy_id = excluded.policy_id, name = excluded.name,"
        " url = excluded.url, validates = excluded.validates",
        [(row.key, policy, row.name, row.url, row.validates) for row in witnesses],
    )
    return policy


async def policy(connection: Connection) -> PolicyRow | None:
    """Return the policy in force; None when there never was one."""
    row = await connection.fetchrow(
        "SELECT id, content, adopted_at, adopted_by FROM ledger.witness_policy ORDER BY id DESC LIMIT 1"
    )
    return PolicyRow(*row.values()) if row else None


async def witnesses(connection: Connection) -> list[WitnessRow]:
    """Return the witnesses of the policy in force."""
    rows = await connection.fetch(
        "SELECT key, name, url, validates, size, problem, problem_at FROM ledger.witness_view ORDER BY name"
    )
    return [WitnessRow(*row.values()) for row in rows]


async def keep_cosignature(connection: Connection, cosignature: CosignatureRow) -> None:
    """Store a cosignature; the first of a witness over a checkpoint stays."""
    await connection.execute(
        """
        WITH kept AS (
            INSERT INTO ledger.cosignature (size, key, line, signed_at) VALUES ($1, $2, $3, to_timestamp($4))
            ON CONFLICT (size, key) DO NOTHING
        )
        UPDATE ledger.witness SET size = greatest(size, $1), problem = NULL, problem_at = NULL WHERE key = $2
        """,
        *cosignature,
    )


async def note_problem(connection: Connection, key: str, problem: str) -> None:
    """Remember why a witness did not cosign."""
    await connection.execute(
        "UPDATE ledger.witness SET problem = $2, problem_at = now() WHERE key = $1", key, problem
    )


async def cosignatures(connection: Connection, size: int) -> list[CosignatureRow]:
    """Return the cosignatures over the checkpoint of a size, always in the same order."""
    rows = await connection.fetch(
        "SELECT size, key, line, extract(epoch FROM signed_at)::bigint FROM ledger.cosignature"
        ' WHERE size = $1 ORDER BY key COLLATE "C"',
        size,
    )
    return [CosignatureRow(*row.values()) for row in rows]


async def cosignatures_after(connection: Connection, after: int, limit: int) -> list[StoredCosignature]:
    """Return the next cosignatures that are kept, in the order in which they came."""
    rows = await connection.fetch(
        "SELECT c.id, c.size, c.key, c.line, extract(epoch FROM c.signed_at)::bigint, checkpoint.note"
        " FROM ledger.cosignature c LEFT JOIN ledger.checkpoint USING (size)"
        " WHERE c.id > $1 ORDER BY c.id LIMIT $2",
        after,
        limit,
    )
    return [StoredCosignature(*row.values()) for row in rows]


async def reached(connection: Connection) -> list[tuple[str, int, int]]:
    """Return each witness: its key, how far it is said to have cosigned, how far its cosignatures go."""
    rows = await connection.fetch(
        "SELECT key, size, coalesce((SELECT max(size) FROM ledger.cosignature c WHERE c.key = w.key), 0)"
        " FROM ledger.witness w ORDER BY key"
    )
    return [(row[0], row[1], row[2]) for row in rows]


async def policies(connection: Connection) -> list[tuple[int, bytes]]:
    """Return every policy that was ever in force, by its number."""
    rows = await connection.fetch("SELECT id, content FROM ledger.witness_policy ORDER BY id")
    return [(row["id"], row["content"]) for row in rows]


async def published_after(connection: Connection, after: int, limit: int) -> list[PublishedRow]:
    """Return the next publications, in the order in which they came."""
    rows = await connection.fetch(
        "SELECT id, size, policy_id,"
        " EXISTS (SELECT FROM ledger.checkpoint WHERE checkpoint.size = p.size),"
        " ARRAY(SELECT key FROM ledger.cosignature c WHERE c.size = p.size)"
        " FROM ledger.published p WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        limit,
    )
    return [PublishedRow(*row.values()) for row in rows]


async def publish(connection: Connection, size: int, policy_id: int) -> None:
    """Publish a checkpoint, unless something that stops this was found in the meantime."""
    await connection.execute(
        "INSERT INTO ledger.published (size, policy_id, published_at) SELECT $1, $2, now()"
        " WHERE NOT EXISTS (SELECT FROM ledger.alert WHERE stops AND cleared_at IS NULL)"
        " ON CONFLICT (policy_id, size) DO NOTHING",
        size,
        policy_id,
    )


async def newest_published(connection: Connection) -> CheckpointRow | None:
    """Return the newest checkpoint that satisfied the policy in force."""
    row = await connection.fetchrow(
        "SELECT checkpoint.size, root, note FROM ledger.checkpoint JOIN ledger.published_view USING (size)"
    )
    return CheckpointRow(*row.values()) if row else None


async def index_of(connection: Connection, stream: str, seq: int) -> int | None:
    """Return the place of an entry in the log; None when it is not there yet."""
    index: int | None = await connection.fetchval(
        "SELECT index FROM ledger.entry WHERE stream = $1 AND seq = $2", stream, seq
    )
    return index


async def streams_between(connection: Connection, since: int, size: int) -> list[str]:
    """Return the streams with entries from the place `since` on, below `size`."""
    rows = await connection.fetch(
        "SELECT DISTINCT stream FROM ledger.entry WHERE index >= $1 AND index < $2 ORDER BY stream",
        since,
        size,
    )
    return [row["stream"] for row in rows]


async def raise_alert(
    connection: Connection,
    code: str,
    witness: str,
    message: str,
    ours: str,
    theirs: str | None,
    *,
    stops: bool,
) -> bool:
    """Keep an alert; False when the same one is open already."""
    raised = await connection.fetchval(
        "INSERT INTO ledger.alert (code, witness, message, ours, theirs, stops, raised_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, now())"
        " ON CONFLICT (code, witness) WHERE cleared_at IS NULL DO NOTHING RETURNING id",
        code,
        witness,
        message,
        ours,
        theirs,
        stops,
    )
    return raised is not None


async def alerts(connection: Connection, *, every: bool = False) -> list[AlertRow]:
    """Return the open alerts, or every one, the newest first."""
    rows = await connection.fetch(
        "SELECT id, code, witness, message, ours, theirs, stops, raised_at, cleared_at, cleared_by, finding"
        " FROM ledger.alert WHERE $1 OR cleared_at IS NULL ORDER BY id DESC",
        every,
    )
    return [AlertRow(*row.values()) for row in rows]


async def clear_alert(connection: Connection, alert: int, by: str, finding: str) -> bool:
    """Close an alert with what its operator found; False when no such one is open."""
    cleared = await connection.fetchval(
        "UPDATE ledger.alert SET cleared_at = now(), cleared_by = $2, finding = $3"
        " WHERE id = $1 AND cleared_at IS NULL RETURNING id",
        alert,
        by,
        finding,
    )
    return cleared is not None
