"""The second cosignature: only after the witness ran the platform's cases again on its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from conftest import NewDatabase

from core import Database
from ledger import Cosigning, adopt_policy, alerts, log_status, witnessing
from proof.checkpoint import NoteKey
from proof.cosignature import VALIDATED, WitnessKey
from proof.entry import Body, seal
from scf.commands.ledger_witness import VALIDATED_KEY_FILE
from scf.data_folder import DataFolder
from scf.rooms import ROOMS
from scf.temporal_server import free_port
from scf.witness.keys import load_or_create_key
from scf_api import create_account
from support.advanced import ORIGIN, ByHand, by_hand
from support.witnesses import RunningWitness, own_witness, wait_for
from workflows import Actor
from workflows.audit import export_case, verify_bundle

MODELS = Path(__file__).parents[1] / "workflows" / "models"
OFFICER = Actor("olivia", frozenset({"credit_officer"}))
SECOND = Actor("oscar", frozenset({"credit_officer_2"}))
NAME = "auditor.example/witness"
PASSWORD = "a password that nobody guesses"


@dataclass
class Served:
    """A platform by hand with its API, and a validating witness of an auditor."""

    platform: ByHand
    api: str
    folder: Path

    async def round(self) -> tuple[int, bool]:
        """Ask the witnesses once; return how many entries are endorsed, and whether there are alerts."""
        await self.platform.log()
        cosigning = Cosigning(self.platform.database)
        await cosigning.round()
        await cosigning.settled()
        await cosigning.close()
        status = await log_status(self.platform.database)
        endorsed = next(witness.size for witness in status.witnesses if witness.validates)
        return endorsed, bool(status.alerts)


@contextlib.contextmanager
def running_api(url: str, data: Path, *options: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "scf", "serve", "api", "--database", url, "--data", str(data)]
    process = subprocess.Popen([*command, "--port", str(port), "--no-secure-cookie", *options])
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: _ready(address))
        yield address
    finally:
        process.kill()
        process.wait()


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(
    new_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    folder = DataFolder.at(tmp_path_factory.mktemp("data"))
    url = await new_database(ROOMS)
    database = await Database.open(url, ROOMS)
    for name, role in (("rita", "auditor"), ("olga", "credit_officer")):
        async with database.transaction() as tx:
            await create_account(tx, name=name, password=PASSWORD, roles=[role], at=datetime.now(UTC))
    await database.close()
    async with by_hand(url, folder.keys, MODELS) as platform:
        with running_api(url, folder.root, "--log-origin", ORIGIN) as address:
            yield Served(platform, address, folder.root)


@pytest.fixture(scope="module")
def witness(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWitness]:
    folder = tmp_path_factory.mktemp("witness")
    password = folder / "password"
    password.write_text(f"{PASSWORD}\n")
    log = NoteKey.of(ORIGIN, served.platform.keys.log_key)
    options = ["--validate", served.api, "--account", "rita", "--password-file", str(password)]
    with own_witness(folder, NAME, log, options=options) as running:
        second = WitnessKey.of(NAME + VALIDATED, load_or_create_key(folder / VALIDATED_KEY_FILE))
        running.validated = RunningWitness(str(second), running.url + VALIDATED)
        yield running


async def ended_case(platform: ByHand, key: str) -> UUID:
    case_id = await platform.start("approval", key, secret="4711-geheim")
    await platform.complete(case_id, "first", OFFICER, decision="approve", amount="12.50", reason="sound")
    await platform.complete(case_id, "second", SECOND, decision="approve")
    await platform.log()
    return case_id


async def test_cases_that_agree_are_endorsed(served: Served, witness: RunningWitness) -> None:
    assert witness.validated is not None
    policy = witness.line("auditor") + witness.validated.line("auditor-validated") + "quorum auditor\n"
    await adopt_policy(served.platform.database, policy.encode(), "ines")
    first = await served.platform.start("approval", "half-way", secret="x")
    await ended_case(served.platform, "validated")
    assert await served.round() == (4, False)
    shown = witnessing(await log_status(served.platform.database), 3)
    assert (shown.signed, shown.endorsed, shown.validators, shown.quorum) == (1, 1, 1, True)

    await served.platform.complete(first, "first", OFFICER, decision="approve", amount="1", reason="sound")
    assert await served.round() == (5, False)


async def test_a_bundle_tells_a_case_as_of_a_checkpoint(served: Served) -> None:
    case_id = await served.platform.start("approval", "as-of", secret="x")
    await served.platform.log()
    size = await _size(served)
    await served.platform.complete(case_id, "first", OFFICER, decision="approve", amount="1", reason="sound")
    await served.platform.log()
    vault_key = served.platform.keys.vault_key
    earlier = verify_bundle(await export_case(served.platform.database, case_id, vault_key, size))
    assert (earlier.ok, earlier.entries, earlier.log_size) == (True, 1, size)
    whole = verify_bundle(await export_case(served.platform.database, case_id, vault_key))
    assert (whole.ok, whole.entries) == (True, 2)
    assert await served.round() == (size + 1, False)


async def test_only_those_entitled_get_bundles(served: Served) -> None:
    case_id = await served.platform.start("approval", "whose", secret="x")
    await served.platform.log()
    size = await _size(served)
    path = f"{served.api}/bundles/cases"
    assert httpx.get(path, params={"since": 0, "size": size}).status_code == 401
    officer, auditor = await _token(served, "olga"), await _token(served, "rita")
    refused = httpx.get(f"{path}/{case_id}", params={"size": size}, headers=officer)
    assert (refused.status_code, refused.json()["code"]) == (403, "bundle.forbidden")
    listed = httpx.get(path, params={"since": size - 1, "size": size}, headers=auditor).json()
    assert listed == {"cases": [str(case_id)]}
    given = httpx.get(f"{path}/{case_id}", params={"size": size}, headers=auditor)
    assert verify_bundle(given.content).ok
    assert httpx.get(f"{path}/{UUID(int=1)}", params={"size": size}, headers=auditor).status_code == 404
    assert httpx.get(f"{path}/{case_id}", params={"size": "x"}, headers=auditor).status_code == 400
    assert httpx.get(f"{path}/{case_id}", params={"size": 0}, headers=auditor).status_code == 404
    assert await served.round() == (size, False)


async def test_a_case_that_does_not_give_the_signed_roots_is_not_endorsed(
    served: Served, witness: RunningWitness
) -> None:
    """A platform signs a state that the commands do not lead to: the log is whole, the witness not fooled."""
    platform = served.platform
    before, _ = await served.round()
    case_id = await platform.start("approval", "forged", secret="x")
    await _sign_anew(platform, case_id)
    endorsed, alerted = await served.round()
    assert (endorsed, alerted) == (before, True)
    (alert,) = await alerts(platform.database)
    assert (alert.code, alert.stops) == ("ledger.validation_disagrees", False)
    assert str(case_id) in alert.message
    status = await log_status(platform.database)
    assert status.published == status.entries


async def _sign_anew(platform: ByHand, case_id: UUID) -> None:
    """Let the waiting entry of a case tell another state, signed by the platform as any other."""
    async with platform.database.transaction() as tx:
        await tx.sql.execute("SET LOCAL session_replication_role = replica")
        said = await tx.sql.fetchval("SELECT body FROM ledger.outbox WHERE stream = $1", str(case_id))
        forged = seal(replace(Body.decode(said), state_root="ab" * 32), platform.keys.signing_key)
        await tx.sql.execute(
            "UPDATE ledger.outbox SET body = $2, signature = $3 WHERE stream = $1",
            str(case_id),
            forged.body,
            forged.signature,
        )
        await tx.sql.execute(
            "UPDATE ledger.stream SET leaf_hash = $2 WHERE stream = $1", str(case_id), forged.leaf
        )


async def _size(served: Served) -> int:
    return (await log_status(served.platform.database)).entries


async def _token(served: Served, name: str) -> dict[str, str]:
    query = "mutation ($input: LoginInput!) { login(input: $input) { token } }"
    request = {"query": query, "variables": {"input": {"name": name, "password": PASSWORD}}}
    token = httpx.post(f"{served.api}/graphql", json=request).json()["data"]["login"]["token"]
    return {"authorization": f"Bearer {token}"}
