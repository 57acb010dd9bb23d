"""The witness protocol: ours and litewitness answer the same requests in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from foreign.go_tools import go_tool

from proof.add_checkpoint import SIZE_TYPE, AddCheckpoint
from proof.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from proof.cosignature import WitnessKey, known_cosignatures, parse_lines
from proof.merkle import consistency_path, root
from support.tools import require
from support.witnesses import LITEWITNESS, RunningWitness, has_ssh_agent, litewitness, own_witness

LOG = Ed25519PrivateKey.generate()
# A log for each test, so that the witnesses start once.
ORIGINS = [f"scf.example/log-{number}" for number in range(40)]
KEYS = [NoteKey.of(origin, LOG) for origin in ORIGINS]
NAME = "bank.example/witness"
LEAVES = [sha256(bytes([number])).digest() for number in range(40)]
FORKED = [*LEAVES[:3], *(sha256(b"other" + leaf).digest() for leaf in LEAVES[3:])]


@pytest.fixture(scope="module", params=["own", "litewitness"])
def witness(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningWitness]:
    folder = tmp_path_factory.mktemp("witness")
    if request.param == "own":
        with own_witness(folder, NAME, *KEYS) as running:
            yield running
        return
    program = go_tool(LITEWITNESS)
    require(has_ssh_agent(), "litewitness takes its key from an ssh-agent: apt-get install openssh-client")
    with litewitness(program, folder, NAME, *KEYS) as running:
        yield running


@dataclass(frozen=True)
class LogAtWitness:
    """A log that the witness has seen nothing of yet."""

    witness: RunningWitness
    origin: str

    def asks(self, old: int, new: int, leaves: list[bytes] = LEAVES) -> httpx.Response:
        return self.witness.add_checkpoint(asked(self.origin, old, new, leaves))

    def cosigned(self, size: int, answer: str) -> bool:
        key = WitnessKey.parse(self.witness.key)
        text = Checkpoint(self.origin, size, root(LEAVES[:size])).text()
        found = known_cosignatures(text, parse_lines(answer), [key])
        return [each.key for each in found] == [self.witness.key]


_unused = iter(ORIGINS * 2)


@pytest.fixture
def log(witness: RunningWitness) -> LogAtWitness:
    return LogAtWitness(witness, next(_unused))


def asked(
    origin: str, old: int, new: int, leaves: list[bytes] = LEAVES, key: Ed25519PrivateKey = LOG
) -> bytes:
    path = consistency_path(leaves[:new], old) if 0 < old < new else []
    checkpoint = Checkpoint(origin, new, root(leaves[:new]))
    return AddCheckpoint(old, tuple(path), sign_checkpoint(checkpoint, key)).encode()


def test_a_log_that_grows_is_cosigned(log: LogAtWitness) -> None:
    for old, new in [(0, 1), (1, 7), (7, 8), (8, 8), (8, 40)]:
        answer = log.asks(old, new)
        assert answer.status_code == 200, answer.text
        assert log.cosigned(new, answer.text)


def test_a_fork_is_refused_and_what_was_seen_stays(log: LogAtWitness) -> None:
    assert log.asks(0, 8).status_code == 200
    assert log.asks(8, 20, FORKED).status_code == 422
    assert log.asks(8, 20).status_code == 200


def test_another_root_at_the_same_size_is_refused(log: LogAtWitness) -> None:
    """The specification answers 409 here, litewitness 422; who asks takes both for a fork."""
    assert log.asks(0, 8).status_code == 200
    answer = log.asks(8, 8, FORKED)
    assert (answer.status_code, answer.text) == (409, "8\n") or answer.status_code == 422


def test_a_wrong_old_size_is_told_the_right_one(log: LogAtWitness) -> None:
    assert log.asks(0, 8).status_code == 200
    for old, new in [(0, 8), (4, 9), (9, 12), (0, 3)]:
        answer = log.asks(old, new)
        assert (answer.status_code, answer.text) == (409, "8\n")
        assert answer.headers["content-type"] == SIZE_TYPE or answer.headers["content-type"].startswith(
            f"{SIZE_TYPE};"
        )


def test_another_key_is_forbidden(log: LogAtWitness) -> None:
    body = asked(log.origin, 0, 8, key=Ed25519PrivateKey.generate())
    assert log.witness.add_checkpoint(body).status_code == 403


def test_another_log_is_unknown(log: LogAtWitness) -> None:
    note = sign_checkpoint(Checkpoint("other.example/log", 1, root(LEAVES[:1])), LOG)
    assert log.witness.add_checkpoint(AddCheckpoint(0, (), note).encode()).status_code == 404


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"new 0\n",
        b"old -1\n",
        b"old 9\n",
        b"old 0\nnot base64\n",
        b"old 0\n" + b"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n" * 64,
    ],
)
def test_what_is_no_request_is_refused(log: LogAtWitness, head: bytes) -> None:
    note = asked(log.origin, 0, 8).partition(b"\n\n")[2]
    assert log.witness.add_checkpoint(head + b"\n" + note).status_code == 400


def test_signatures_of_unknown_keys_are_passed_over(log: LogAtWitness) -> None:
    stranger = sign_checkpoint(Checkpoint(log.origin, 8, root(LEAVES[:8])), Ed25519PrivateKey.generate())
    body = asked(log.origin, 0, 8) + stranger.split("\n\n")[1].encode()
    answer = log.witness.add_checkpoint(body)
    assert answer.status_code == 200
    assert log.cosigned(8, answer.text)
