"""Bringing a folder of trade documents onto the platform."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import NotFound
from scf.demo.client import Person, refusal
from scf.demo.queries import IMPORT_DOCUMENT

SHIPPED_DOCUMENTS = Path(__file__).parents[1] / "demo_documents"
_SUFFIXES = {".xml", ".json"}


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: the platform's document, or the reason why it was refused."""

    file: str
    document: Mapping[str, Any] | None
    refused: Mapping[str, Any] | None

    @property
    def state(self) -> str:
        """The document's state, or `refused`."""
        return self.document["state"] if self.document else "refused"


@dataclass(frozen=True, slots=True)
class Offer:
    """Invoices that one seller can offer together: on one buyer, in one currency."""

    seller: str
    buyer: str
    buyer_name: str
    invoices: tuple[Mapping[str, Any], ...]


def trade_documents(folder: Path) -> list[Path]:
    """Return the files of a folder and the folders below it, in a stable order.

    The order is that of names without their ending, so that `Order.xml` comes before `Order-Changed.xml`.

    Raises:
        NotFound: `demo.folder_missing` or `demo.folder_empty`.
    """
    if not folder.is_dir():
        raise NotFound("demo.folder_missing", "There is no such folder.", where=str(folder))
    files = [path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file()]
    if not files:
        raise NotFound(
            "demo.folder_empty",
            "The folder holds no trade documents.",
            where=str(folder),
            hint="Put UBL 2.1 XML files (order, despatch advice, receipt advice, invoice) into it.",
        )
    return sorted(files, key=lambda path: (path.parent, path.stem, path.suffix))


async def import_documents(clerk: Person, files: list[Path], root: Path) -> list[Imported]:
    """Import the files one after the other, in the name of a clerk of the bank."""
    return [await _import(clerk, path, root) for path in files]


def offers(imported: list[Imported]) -> list[Offer]:
    """Group the invoices that were accepted by seller, buyer and currency."""
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for result in imported:
        document = result.document
        if document is None or document["state"] != "accepted" or not document["invoice"]:
            continue
        invoice = document["invoice"]
        parties = (invoice["seller"]["identifier"], invoice["buyer"]["identifier"])
        groups.setdefault((*parties, invoice["total"]["currency"]), []).append(invoice)
    return [
        Offer(seller, buyer, invoices[0]["buyerName"], tuple(invoices))
        for (seller, buyer, _), invoices in groups.items()
    ]


async def _import(clerk: Person, path: Path, root: Path) -> Imported:
    content = path.read_bytes()
    name = str(path.relative_to(root))
    payload = await clerk.do(
        IMPORT_DOCUMENT,
        "importDocument",
        idempotencyKey=f"import-{hashlib.sha256(name.encode() + content).hexdigest()}",
        filename=path.name,
        contentBase64=base64.b64encode(content).decode(),
    )
    return Imported(name, payload["document"], refusal(payload))
