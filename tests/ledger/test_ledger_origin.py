"""The log's name: chosen at the first start, kept with the data, and never another one afterwards."""

from __future__ import annotations

import asyncio

import pytest

from core import Broken, Conflict, InvalidInput
from ledger import DEFAULT_ORIGIN, Sequencer, log_origin, verify_log

from .conftest import ORIGIN, Ledger, draft
from .test_ledger_sequencer import wait_until_free

BANK = "scf.bank.example/log"


async def test_the_first_start_keeps_the_name_that_is_wanted(ledger: Ledger) -> None:
    assert await log_origin(ledger.database, BANK) == BANK
    assert await log_origin(ledger.database) == BANK
    assert await log_origin(ledger.database, BANK) == BANK


async def test_without_a_wanted_name_it_is_the_default(ledger: Ledger) -> None:
    assert await log_origin(ledger.database) == DEFAULT_ORIGIN
    with pytest.raises(Conflict, match=r"ledger\.origin_differs.*scf\.local/log"):
        await log_origin(ledger.database, BANK)


async def test_a_log_that_began_keeps_its_name(ledger: Ledger) -> None:
    await ledger.log(draft())
    assert await log_origin(ledger.database) == ORIGIN
    with pytest.raises(Conflict, match=r"ledger\.origin_differs"):
        await log_origin(ledger.database, BANK)
    assert (await verify_log(ledger.database)).ok


async def test_a_sequencer_of_another_name_does_not_begin(ledger: Ledger) -> None:
    await log_origin(ledger.database, BANK)
    await ledger.record(draft())
    with pytest.raises(Broken, match=r"ledger\.origin"):
        await ledger.sequencer.sequence_once()
    await wait_until_free(ledger)
    own = Sequencer(ledger.database, ledger.keys.log_key, BANK)
    assert await own.sequence_once() == 1
    await own.close()


async def test_processes_that_start_together_agree(ledger: Ledger) -> None:
    wanted = [f"scf.example/{number}" for number in range(4)]
    answers = await asyncio.gather(
        *(log_origin(ledger.database, name) for name in wanted), return_exceptions=True
    )
    kept = await log_origin(ledger.database)
    assert [answer for answer in answers if not isinstance(answer, Conflict)] == [kept]


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\nfeed", "ä", "x" * 256])
async def test_what_cannot_name_a_log_is_refused(ledger: Ledger, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"ledger\.origin_invalid"):
        await log_origin(ledger.database, name)
