"""The key that signs entries may lie in a file, in the environment, or in a PKCS#11 module."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from core import InvalidInput, Unavailable
from ledger import Recorder, configured_signer, load_or_create_keys, register_platform_key, verify_log
from proof.signatures import BACKENDS, KeySigner, Signer
from support.tools import require

from .conftest import NOON, ORIGIN, Ledger, draft

MODULES = [Path("/usr/lib/softhsm/libsofthsm2.so"), Path("/usr/lib64/softhsm/libsofthsm2.so")]


def pem_of(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """SoftHSM2 with a token and a P-256 key pair in it, as the environment names it."""
    module = next((str(path) for path in MODULES if path.exists()), None)
    require(
        module is not None and shutil.which("softhsm2-util") is not None,
        "SoftHSM2 is missing; install it with: apt-get install softhsm2",
    )
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "scf", "--pin", "1234", "--so-pin", "5678"],
        check=True,
        capture_output=True,
    )
    with pkcs11.lib(module).get_token(token_label="scf").open(rw=True, user_pin="1234") as session:
        curve = session.create_domain_parameters(
            pkcs11.KeyType.EC,
            {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")},
            local=True,
        )
        curve.generate_keypair(store=True, label="entry key")
    yield {
        "SCF_ENTRY_KEY_PKCS11": f"pkcs11:token=scf;object=entry%20key?module-path={module}",
        "SCF_ENTRY_KEY_PIN": "1234",
    }
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def signer_of(environment: Mapping[str, str]) -> Signer:
    held = configured_signer(environment)
    assert held is not None
    return held.signer


def test_nothing_named_means_the_file() -> None:
    assert configured_signer({}) is None


def test_a_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    monkeypatch.setenv("SCF_ENTRY_KEY_PEM", pem_of(key))
    keys = load_or_create_keys(tmp_path)
    assert keys.protection == "environment"
    assert keys.signing_key.public_key.key_id == KeySigner(key).public_key.key_id
    assert not (tmp_path / "entry-signing-key.pem").exists()


@pytest.mark.parametrize(
    "environment",
    [
        {"SCF_ENTRY_KEY_PEM": "no key"},
        {"SCF_ENTRY_KEY_PEM": pem_of(ec.generate_private_key(ec.SECP384R1()))},
        {"SCF_ENTRY_KEY_PKCS11": "token=scf"},
        {"SCF_ENTRY_KEY_PKCS11": "pkcs11:token=scf;object=key"},
        {"SCF_ENTRY_KEY_PEM": "x", "SCF_ENTRY_KEY_PKCS11": "y"},
    ],
)
def test_a_setting_that_names_no_key_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"ledger\.key_setting"):
        configured_signer(environment)


def test_a_module_that_is_not_there_is_told(hsm: Mapping[str, str]) -> None:
    elsewhere = {"SCF_ENTRY_KEY_PKCS11": "pkcs11:token=scf;object=k?module-path=/nowhere.so"}
    with pytest.raises(Unavailable, match=r"ledger\.hsm_unavailable"):
        configured_signer(elsewhere)


@pytest.mark.parametrize("change", [{"SCF_ENTRY_KEY_PIN": "0000"}, {"SCF_ENTRY_KEY_PKCS11": "other"}])
def test_a_wrong_pin_or_label_is_told(hsm: Mapping[str, str], change: dict[str, str]) -> None:
    if "SCF_ENTRY_KEY_PKCS11" in change:
        change = {"SCF_ENTRY_KEY_PKCS11": hsm["SCF_ENTRY_KEY_PKCS11"].replace("entry%20key", "other")}
    with pytest.raises(Unavailable, match=r"ledger\.hsm_unavailable"):
        configured_signer({**hsm, **change})


def test_signatures_of_a_module_have_the_one_form_and_differ_each_time(hsm: Mapping[str, str]) -> None:
    signer = signer_of(hsm)
    signatures = {signer.sign(b"message") for _ in range(20)}
    assert len(signatures) == 20
    for signature in signatures:
        for backend in BACKENDS:
            signer.public_key.verify(signature, b"message", backend)


def test_a_session_that_was_lost_is_opened_anew(hsm: Mapping[str, str]) -> None:
    import pkcs11

    signer = signer_of(hsm)
    module = hsm["SCF_ENTRY_KEY_PKCS11"].partition("module-path=")[2]
    pkcs11.lib(module).reinitialize()
    signer.public_key.verify(signer.sign(b"message"), b"message")


async def test_a_module_signs_entries_and_a_repeated_draft_is_recognised(
    hsm: Mapping[str, str], ledger: Ledger
) -> None:
    """Its signatures are not deterministic; what was recorded is recognised by its body."""
    recorder = Recorder(signer_of(hsm), ledger.keys.vault_key, ORIGIN)
    async with ledger.database.transaction() as tx:
        await register_platform_key(tx, recorder, protection="hsm", at=NOON)
    ids = set()
    for _ in range(3):
        async with ledger.database.transaction() as tx:
            ids.add(await recorder.record(tx, draft()))
    while await ledger.sequencer.sequence_once():
        pass
    report = await verify_log(ledger.database, backends=BACKENDS)
    assert (len(ids), report.entries, report.ok) == (1, 2, True)
