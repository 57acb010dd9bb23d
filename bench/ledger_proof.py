"""How long the proof of one entry takes in a log of ten million, and how long checking it.

Nobody waits for ten million entries to be signed: one is, and all around it lie tiles that are the same
everywhere but on the entry's way to the root. So the proof is a real one, and reads what any other would.
"""

from __future__ import annotations

import time
from statistics import median

from bench.ledger_process import LOG_KEY, ORIGIN, SIGNER, VAULT_KEY, draft
from core.database import Database, migrate
from ledger import ROOM, Recorder, Sequencer, prove
from proof.checkpoint import Checkpoint, sign_checkpoint
from proof.entry_proof import verify
from proof.hashes import HASH_SIZE, leaf_hash
from proof.merkle import fold, range_hash
from proof.tiles import TILE_WIDTH, TileId, Tiles

SIZE = 10_000_000
_PLACE = 6_543_210
_PROOFS = 200


async def run(database_url: str) -> dict[str, float]:
    """Measure proofs in an empty database; milliseconds each, the median."""
    await migrate(database_url, [ROOM])
    database = await Database.open(database_url, [ROOM])
    try:
        await _lay_out(database)
        made: list[float] = []
        checked: list[float] = []
        for _ in range(_PROOFS):
            started = time.perf_counter()
            proof = await prove(database, _PLACE)
            made.append(time.perf_counter() - started)
            started = time.perf_counter()
            verify(proof)
            checked.append(time.perf_counter() - started)
        return {
            "ledger.proof_of_10_million_ms": median(made) * 1000,
            "ledger.proof_check_ms": median(checked) * 1000,
        }
    finally:
        await database.close()


async def _lay_out(database: Database) -> None:
    """Log one real entry, then move it deep into a log of ten million."""
    recorder = Recorder(SIGNER, VAULT_KEY, ORIGIN)
    async with database.transaction() as tx:
        await recorder.record(tx, draft("proven", 1))
    sequencer = Sequencer(database, LOG_KEY, ORIGIN)
    await sequencer.sequence_once()
    await sequencer.close()
    async with database.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        leaf: bytes = await tx.sql.fetchval("SELECT leaf_hash FROM ledger.entry")
        await tx.sql.execute("UPDATE ledger.entry SET index = $1", _PLACE)
        await tx.sql.execute("TRUNCATE ledger.tile, ledger.checkpoint")
        tiles = _tiles(leaf)
        await tx.sql.copy_records_to_table(
            "tile",
            schema_name="ledger",
            columns=["level", "index", "hashes"],
            records=((*tile, hashes) for tile, hashes in tiles.items()),
        )
        root = range_hash((0, SIZE), Tiles(tiles).subtree)
        note = sign_checkpoint(Checkpoint(ORIGIN, SIZE, root), LOG_KEY)
        await tx.sql.execute(
            "INSERT INTO ledger.checkpoint (size, root, note, created_at) VALUES ($1, $2, $3, now())",
            SIZE,
            root,
            note,
        )


def _tiles(leaf: bytes) -> dict[TileId, bytes]:
    """Return every tile of the log: the same hash everywhere, but on the way of the one leaf up."""
    tiles: dict[TileId, bytes] = {}
    filler, special, place, count, level = leaf_hash(b"filler"), leaf, _PLACE, SIZE, 0
    while count:
        for number in range(-(-count // TILE_WIDTH)):
            width = min(TILE_WIDTH, count - number * TILE_WIDTH)
            tiles[TileId(level, number)] = filler * width
        home = TileId(level, place // TILE_WIDTH)
        hashes = [tiles[home][at : at + HASH_SIZE] for at in range(0, len(tiles[home]), HASH_SIZE)]
        hashes[place % TILE_WIDTH] = special
        tiles[home] = b"".join(hashes)
        if len(hashes) == TILE_WIDTH:
            special = fold(hashes)
        filler = fold([filler] * TILE_WIDTH)
        place, count, level = place // TILE_WIDTH, count // TILE_WIDTH, level + 1
        if place >= count:
            break
    return tiles
