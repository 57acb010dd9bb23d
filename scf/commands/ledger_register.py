"""`scf ledger register`: tell other platforms which invoices are claimed, without showing them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.table import Table

from core import Database, Transaction
from core.clock import SystemClock
from core.errors import InvalidInput
from finance import register
from finance.register_repository import PlatformRow
from scf import console
from scf.commands.options import DatabaseOption, DataOption, JsonOption, platform_database
from scf.commands.verdict import read_file
from scf.exit_codes import EXIT_FINDINGS

T = TypeVar("T")

app = typer.Typer(
    name="register", help="The blind register of claimed invoices, shared with others.", no_args_is_help=True
)

PeriodArgument = Annotated[str, typer.Argument(help="The period of the key, such as 2026-11.")]


@app.command("new-key")
def new_key(
    output: Annotated[Path, typer.Option("-o", "--output", help="The file; it must not be there.")],
) -> None:
    """Make a key for the consortium; its members get it on a way that nobody else reads."""
    output.touch(mode=0o600, exist_ok=False)
    output.write_text(f"{secrets.token_hex(register.KEY_SIZE)}\n")


@app.command("key")
def key_command(
    period: PeriodArgument,
    file: Annotated[Path, typer.Argument(help="The key, as new-key has written it.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Take the consortium's key of a period; what is claimed already is blinded with it, too."""
    try:
        key = bytes.fromhex(read_file(file, "register.file_missing").strip().decode())
    except ValueError:
        raise InvalidInput("register.key_invalid", "The file holds no key.", where=str(file)) from None
    asyncio.run(_changing(data, database, lambda tx: register.add_key(tx, period, key)))


@app.command("drop-key")
def drop_key(period: PeriodArgument, data: DataOption = None, database: DatabaseOption = None) -> None:
    """Forget the key of a period that is over, with the fingerprints that it blinded."""
    asyncio.run(_changing(data, database, lambda tx: register.drop_key(tx, period)))


@app.command("contact")
def contact_command(
    contact: Annotated[str, typer.Argument(help="Whom others are to ask: a place, not a person.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Begin to publish what is claimed, with this contact; it stands in the log for good."""
    asyncio.run(_changing(data, database, lambda tx: register.set_contact(tx, contact)))


@app.command("platform")
def platform_command(
    name: Annotated[str, typer.Argument(help="What we call it.")],
    log_key: Annotated[str, typer.Argument(help="The key of its log (name+hash+key), given by it.")],
    url: Annotated[str | None, typer.Option(help="Where its API answers, to fetch its list there.")] = None,
    token_file: Annotated[Path | None, typer.Option(help="The token that it has given for that.")] = None,
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Know another platform, or how to fetch its list; of a new one print the token for it to fetch ours."""
    token = (
        read_file(token_file, "register.file_missing").strip().decode() if token_file is not None else None
    )
    access = asyncio.run(
        _changing(data, database, lambda tx: register.set_platform(tx, name, log_key, url=url, token=token))
    )
    if json:
        console.print_json({"platform": name, "token": access})
    elif access is not None:
        console.out.print(f"{name} may fetch with this token: {access}", soft_wrap=True)


@app.command("forget")
def forget(
    name: Annotated[str, typer.Argument(help="What we call it.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Forget another platform and what it claims; its token opens nothing any more."""
    asyncio.run(_changing(data, database, lambda tx: register.forget_platform(tx, name)))


@app.command("export")
def export(
    output: Annotated[Path, typer.Option("-o", "--output", help="The file.")],
    data: DataOption = None,
    database: DatabaseOption = None,
) -> None:
    """Write this platform's newest list to a file that others take in."""
    output.write_bytes(asyncio.run(_reading(data, database, _published)))


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="The list of another platform.")],
    data: DataOption = None,
    database: DatabaseOption = None,
    json: JsonOption = False,
) -> None:
    """Take in the list of another platform. Exit code 6 when an invoice is pledged there and here."""
    content = read_file(file, "register.file_missing").strip()
    now = SystemClock().now()
    taken = asyncio.run(_changing(data, database, lambda tx: register.take_in(tx, content, at=now)))
    if json:
        console.print_json(
            {
                "platform": taken.platform,
                "number": taken.number,
                "claims": taken.claims,
                "double": [_told(each) for each in taken.double],
            }
        )
    else:
        console.out.print(f"{taken.platform}: list {taken.number} with {taken.claims} claims.")
        _show(taken.double)
    if taken.double:
        raise typer.Exit(EXIT_FINDINGS)


@app.command("list")
def list_command(data: DataOption = None, database: DatabaseOption = None, json: JsonOption = False) -> None:
    """Show the other platforms, and what is pledged twice. Exit code 6 when something is."""
    known, double = asyncio.run(_reading(data, database, _all))
    if json:
        console.print_json(
            {
                "platforms": [
                    {"platform": each.name, "number": each.number, "taken_in_at": _moment(each)}
                    for each in known
                ],
                "double": [_told(each) for each in double],
            }
        )
    else:
        table = Table("platform", "list", "taken in", "contact", box=None)
        for each in known:
            table.add_row(each.name, str(each.number), _moment(each) or "never", each.contact or "")
        console.out.print(table)
        _show(double)
    if double:
        raise typer.Exit(EXIT_FINDINGS)


async def _all(opened: Database) -> tuple[list[PlatformRow], list[register.DoublePledge]]:
    async with opened.reading() as sql:
        return list(await register.platforms(sql)), await register.double_pledges(sql)


async def _published(opened: Database) -> bytes:
    async with opened.reading() as sql:
        return await register.published(sql)


async def _reading(data: Path | None, database: str | None, read: Callable[[Database], Awaitable[T]]) -> T:
    async with platform_database(data, database) as opened:
        return await read(opened)


async def _changing(
    data: Path | None, database: str | None, change: Callable[[Transaction], Awaitable[T]]
) -> T:
    async with platform_database(data, database) as opened, opened.transaction() as tx:
        return await change(tx)


def _moment(platform: PlatformRow) -> str | None:
    return platform.taken_in_at.isoformat() if platform.taken_in_at is not None else None


def _told(pledge: register.DoublePledge) -> dict[str, str]:
    return {
        "invoice": str(pledge.invoice_id),
        "platform": pledge.platform,
        "contact": pledge.contact,
        "since": pledge.since.isoformat(),
    }


def _show(double: Sequence[register.DoublePledge]) -> None:
    for each in double:
        console.out.print(
            f"[red]register.double[/red] invoice {each.invoice_id} is claimed by {each.platform}, too,"
            f" since {each.since}. Ask {each.contact}.",
            soft_wrap=True,
        )
