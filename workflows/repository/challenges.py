"""SQL of challenges: nonces that the platform gave out for a person to sign, each good once."""

from __future__ import annotations

from datetime import datetime

from workflows.repository.rows import Connection


async def insert_challenge(
    sql: Connection, nonce: str, *, account: str, subject: str, expires_at: datetime, now: datetime
) -> None:
    """Store a challenge for an account and what it is about; what the account let expire is over."""
    await sql.execute("DELETE FROM workflows.challenge WHERE account = $1 AND expires_at <= $2", account, now)
    await sql.execute(
        "INSERT INTO workflows.challenge (nonce, account, subject, expires_at) VALUES ($1, $2, $3, $4)",
        nonce,
        account,
        subject,
        expires_at,
    )


async def is_challenged(sql: Connection, nonce: str, *, account: str, subject: str, now: datetime) -> bool:
    """Tell whether a challenge was given to this account, about this, and is still good."""
    found: bool = await sql.fetchval(
        """
        SELECT EXISTS (SELECT FROM workflows.challenge
                        WHERE nonce = $1 AND account = $2 AND subject = $3 AND expires_at > $4)
        """,
        nonce,
        account,
        subject,
        now,
    )
    return found


async def use_challenge(sql: Connection, nonce: str) -> bool:
    """Use a challenge up; False when somebody was faster."""
    used = await sql.fetchval("DELETE FROM workflows.challenge WHERE nonce = $1 RETURNING true", nonce)
    return bool(used)
