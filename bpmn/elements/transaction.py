"""Transactions: subprocesses that a cancel end event undoes and leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

from bpmn.elements.sub_process import SubProcess, SubProcessConfig

if TYPE_CHECKING:
    from bpmn.model.reader import Reader


class Transaction(SubProcess):
    """Runs as a subprocess; what is undone on cancellation is what can be compensated."""

    tag = "transaction"
    attributes = frozenset({"triggeredByEvent", "method"})

    def read(self, node: etree._Element, reader: Reader) -> SubProcessConfig:
        """Refuse transaction protocols, and what cannot be both."""
        if node.get("method", "##Compensate") != "##Compensate":
            reader.refuse(
                "transaction.method",
                node,
                f"The transaction method {node.get('method')} is not supported.",
                "Use ##Compensate.",
            )
        if node.get("triggeredByEvent", "false") not in ("false", "0"):
            reader.refuse(
                "transaction.by-event",
                node,
                "A transaction cannot be an event subprocess.",
                "Put the transaction into one.",
            )
        return SubProcessConfig(False)
