"""`scf ledger witness`: a witness of one's own, for banks and buyers whose cases are in a log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from core.clock import SystemClock
from core.errors import InvalidInput
from proof.checkpoint import NoteKey
from proof.cosignature import VALIDATED, WitnessKey
from proof.errors import ProofError
from scf import console
from scf.data_folder import default_data_folder
from scf.witness.app import create_app
from scf.witness.cosigner import Cosigner, Examine
from scf.witness.keys import load_or_create_key
from scf.witness.store import Store

KEY_FILE = "witness-key.pem"
VALIDATED_KEY_FILE = "validated-key.pem"
_STATE_FILE = "seen.sqlite3"

app = typer.Typer(
    name="witness", help="A witness of logs: run one, show its public key.", no_args_is_help=True
)

NameOption = Annotated[
    str,
    typer.Option(
        help="The witness's name: a URL without its scheme that tells whose it is.", envvar="SCF_WITNESS_NAME"
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        help="Where it keeps its key and what it saw.", envvar="SCF_WITNESS_FOLDER", show_default=False
    ),
]


@app.command("serve")
def serve(
    name: NameOption,
    log: Annotated[list[str], typer.Option(help="The key of a log to follow (name+hash+key); repeatable.")],
    folder: FolderOption = None,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.")] = 7380,
    validate: Annotated[
        str | None,
        typer.Option(
            help="The URL of the log's platform: run its cases again, and cosign with a second key."
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option(help="The account at the platform that may have the bundles of its cases.")
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="A file with the account's password, on one line.", exists=True)
    ] = None,
    pass_over: Annotated[
        list[str],
        typer.Option(help="A case that was erased before it could be run again; repeatable."),
    ] = [],  # noqa: B006 - never changed
) -> None:
    """Cosign each checkpoint of the logs that extends what was seen before (C2SP tlog-witness).

    With --validate a second key, in a policy a witness of its own at URL/validated, cosigns what also gave
    the signed roots again.
    """
    place = _folder(folder)
    key = load_or_create_key(place / KEY_FILE)
    logs = [_log_key(text) for text in log]
    witness = Cosigner(Store(place / _STATE_FILE, name), _name(name), key, logs, _seconds)
    cosigners = {"": witness}
    if validate is not None:
        examine = _validation(validate, account, password_file, logs, pass_over)
        called = name + VALIDATED
        second = load_or_create_key(place / VALIDATED_KEY_FILE)
        store = Store(place / _STATE_FILE, called)
        cosigners[VALIDATED] = Cosigner(store, _name(called), second, logs, _seconds, examine)
    console.err.print(f"{witness.key}\nlistens at http://{host}:{port}", markup=False, soft_wrap=True)
    uvicorn.run(
        create_app(cosigners),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        limit_concurrency=64,
        timeout_keep_alive=60,
    )


@app.command("key")
def key(
    name: NameOption,
    folder: FolderOption = None,
    validated: Annotated[
        bool, typer.Option("--validated", help="The second key, with which it signs what it re-executed.")
    ] = False,
) -> None:
    """Print the witness's public key, for policies; the key is made when there is none yet."""
    file, called = (VALIDATED_KEY_FILE, name + VALIDATED) if validated else (KEY_FILE, name)
    public = WitnessKey.of(_name(called), load_or_create_key(_folder(folder) / file))
    console.out.print(str(public), markup=False, soft_wrap=True)


def _validation(
    url: str, account: str | None, password_file: Path | None, logs: list[NoteKey], pass_over: list[str]
) -> Examine:
    if account is None or password_file is None or len(logs) != 1:
        raise InvalidInput(
            "witness.validate",
            "Validation is for one log, and needs an account at its platform.",
            hint="Give one --log, --account and --password-file.",
        )
    # The kernel is loaded only by those who run cases again.
    from scf.witness.validating import Platform, Validation

    platform = Platform(url, account, password_file.read_text().strip("\n"))
    return Validation(platform, logs[0], pass_over)


def _folder(given: Path | None) -> Path:
    return given or default_data_folder() / "witness"


def _name(name: str) -> str:
    try:
        WitnessKey(name, bytes(32))
    except ProofError as error:
        raise InvalidInput("witness.name", error.message, where="--name", hint=error.hint) from None
    return name


def _log_key(text: str) -> NoteKey:
    try:
        return NoteKey.parse(text)
    except ProofError as error:
        raise InvalidInput("ledger.log_key", error.message, where="--log", hint=error.hint) from None


def _seconds() -> int:
    return int(SystemClock().now().timestamp())
