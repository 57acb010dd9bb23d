"""A sequencer in a process of its own, for tests that kill it: arguments are the database and the log key."""

from __future__ import annotations

import asyncio
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import Database
from ledger import ROOM, Sequencer


async def main(url: str, log_key: str, origin: str) -> None:
    database = await Database.open(url, [ROOM], pool_size=1)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(log_key))
    print("ready", flush=True)
    await Sequencer(database, key, origin).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
