"""A list of the register says what its entry states, or nothing."""

from __future__ import annotations

import random
from datetime import date

import pytest

from proof import canonical, register
from proof.errors import NotCanonical, NotProven, ProofError
from support.registers import ORIGIN, Other

OTHER = Other()
CLAIMS = [
    ("2026-11", "ab" * 32, date(2026, 11, 23)),
    ("2026-11", "cd" * 32, date(2026, 11, 24)),
    ("2026-12", "ab" * 32, date(2026, 11, 23)),
]


def test_a_list_is_read_with_the_key_of_its_log() -> None:
    told = register.verify(OTHER.publish(CLAIMS, 3), log_key=OTHER.note_key)
    assert (told.origin, told.number, told.size) == (ORIGIN, 3, 3)
    assert list(told.claims) == CLAIMS
    assert told.contact == "registry desk, +49 30 000"
    assert register.verify(OTHER.publish([]), log_key=OTHER.note_key).claims == ()


def test_another_key_and_another_statement_prove_nothing() -> None:
    with pytest.raises(NotProven, match=r"proof\.key"):
        register.verify(OTHER.publish(CLAIMS), log_key=Other().note_key)
    other = register.encoded_claims(CLAIMS[:1])
    for file in (OTHER.publish(CLAIMS, stated=other), OTHER.publish(CLAIMS, kind="vault.erase")):
        with pytest.raises(NotProven, match=r"register\.statement"):
            register.verify(file, log_key=OTHER.note_key)


@pytest.mark.parametrize(
    "claims",
    [
        [["2026-11", "ab" * 32]],
        [["2026-11", "AB" * 32, "2026-11-23"]],
        [["2026 11", "ab" * 32, "2026-11-23"]],
        [["2026-11", "ab" * 32, "20261123"]],
        [["2026-11", "ab" * 32, "2026-02-30"]],
        [["2026-12", "ab" * 32, "2026-11-23"], ["2026-11", "ab" * 32, "2026-11-23"]],
        [["2026-11", "ab" * 32, "2026-11-23"], ["2026-11", "ab" * 32, "2026-11-23"]],
        "claims",
    ],
)
def test_only_one_form_is_read(claims: object) -> None:
    content = canonical.decode(OTHER.publish(CLAIMS))
    assert isinstance(content, dict)
    with pytest.raises(NotCanonical, match=r"register\.form"):
        register.verify(canonical.encode({**content, "claims": claims}), log_key=OTHER.note_key)  # type: ignore[dict-item]


def test_every_flipped_byte_is_found() -> None:
    file, chance = OTHER.publish(CLAIMS), random.Random(4)
    for place in chance.sample(range(len(file)), 200):
        changed = bytearray(file)
        changed[place] ^= chance.randrange(1, 256)
        with pytest.raises(ProofError):
            register.verify(bytes(changed), log_key=OTHER.note_key)
