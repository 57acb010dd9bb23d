"""Before a sequencer signs: does a witness know more of the log than the database does?

After a restore from a backup the database may lack the log's end. To go on from there would sign a second log
under one name. The witnesses know better: each is asked to cosign the newest checkpoint that is here.
"""

from __future__ import annotations

import asyncio

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.database import Database
from core.errors import Broken, Unavailable
from ledger import repository, witness_repository
from ledger.cosigning import BEHIND, ask_witness, raise_contradiction, witness_http
from ledger.policy import policy_in_force
from ledger.repository import CheckpointRow, Connection
from ledger.witness_client import Ahead, Failed, Forked
from proof.checkpoint import Checkpoint, sign_checkpoint
from proof.merkle import EMPTY_ROOT

_HINT = (
    "Restore a newer backup: one with all entries that were cosigned. See docs/ledger/witnesses.md for what "
    "to do when there is none."
)


class WitnessCheck:
    """Compares the log with its witnesses, when a policy is in force."""

    def __init__(self, database: Database, log_key: Ed25519PrivateKey, origin: str) -> None:
        self._database = database
        self._log_key = log_key
        self._origin = origin

    async def __call__(self, connection: Connection) -> None:
        """Ask the witnesses that do not first run cases again.

        Raises:
            Broken: `ledger.behind_witnesses` when one has seen a larger size or another root.
            Unavailable: `ledger.witnesses_unreachable` when fewer answer than the policy's quorum: what was
                published could then be known to those alone that are not heard.
        """
        policy = await policy_in_force(connection)
        if policy is None:
            return
        witnesses = await witness_repository.witnesses(connection)
        checkpoint = await repository.newest_checkpoint(connection) or self._empty()
        asked = [witness for witness in witnesses if witness.url and not witness.validates]
        async with witness_http() as http:
            replies = await asyncio.gather(
                *(ask_witness(http, self._database, witness, checkpoint) for witness in asked)
            )
        heard = {witness.key for witness in witnesses if witness.validates}
        for witness, reply in zip(asked, replies, strict=True):
            if isinstance(reply, Ahead | Forked):
                await raise_contradiction(connection, witness, checkpoint, reply)
                raise Broken(
                    BEHIND,
                    f"The witness {witness.name} has seen more of this log, or another one: {_told(reply)}.",
                    where=f"{self._origin}, {checkpoint.size} entries here",
                    hint=_HINT,
                )
            if not isinstance(reply, Failed):
                heard.add(witness.key)
        if not policy.policy.holds(heard):
            silent = [
                f"{witness.name} ({reply.problem})"
                for witness, reply in zip(asked, replies, strict=True)
                if isinstance(reply, Failed)
            ]
            raise Unavailable(
                "ledger.witnesses_unreachable",
                f"Too few witnesses answer to know that the log is whole: {', '.join(silent)}.",
                hint="Nothing is signed until enough answer. Look at scf ledger status.",
            )

    def _empty(self) -> CheckpointRow:
        """Return a checkpoint over no entries, which every log extends."""
        note = sign_checkpoint(Checkpoint(self._origin, 0, EMPTY_ROOT), self._log_key)
        return CheckpointRow(0, EMPTY_ROOT, note)


def _told(reply: Ahead | Forked) -> str:
    return f"{reply.size} entries" if isinstance(reply, Ahead) else "its root is another one"
