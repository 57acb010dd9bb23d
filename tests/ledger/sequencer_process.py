"""A sequencer in a process of its own, as `scf serve sequencer` runs it, for tests that kill it.

Arguments are the database, the log key and the log's name. It ends when the sequencer may not go on.
"""

from __future__ import annotations

import asyncio
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core import Database
from ledger import ROOM, Cosigning, Sequencer, WitnessCheck


async def main(url: str, log_key: str, origin: str) -> None:
    database = await Database.open(url, [ROOM], pool_size=2)
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(log_key))
    print("ready", flush=True)
    check, stop = WitnessCheck(database, key, origin), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Sequencer(database, key, origin, before_lead=check).run(stop))
        group.create_task(Cosigning(database).run(stop))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
