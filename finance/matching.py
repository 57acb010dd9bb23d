"""The three-way match: is what is invoiced what was ordered, at the price agreed, and did it come in?

Invoice lines are allocated to order lines by their order line reference, else by item, else by position; one
line may draw on several order lines and several lines on one. Received quantity that other invoices have
drawn is not there twice. Whatever is decided, the eligible amount never exceeds the invoice's share that was
received at the lower of the two prices.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from typing import Literal
from uuid import UUID

from core.money import Money, minor_units

_ZERO = Decimal(0)

# Exceptions after which nothing of the line can be financed.
_BLOCKING = frozenset({"match.order_missing", "match.unit_differs", "match.currency_differs"})


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far invoice and order or receipt may differ: by the absolute amount AND by the percentage."""

    quantity_absolute: Decimal = _ZERO
    quantity_percent: Decimal = _ZERO
    price_absolute: Decimal = Decimal("0.01")
    price_percent: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class OrderedLine:
    """An order line with what is known about it.

    `drawn` is the quantity that other invoices have taken of it, `drawn_received` the part of that which came
    in. `adjustment` is the line's own charges less its allowances.
    """

    id: UUID
    order_number: str
    line_id: str
    items: frozenset[str]
    unit: str
    currency: str
    quantity: Decimal
    unit_price: Decimal | None
    amount: Decimal | None
    adjustment: Decimal = _ZERO
    despatched: Decimal = _ZERO
    received: Decimal = _ZERO
    drawn: Decimal = _ZERO
    drawn_received: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class Delivery:
    """A quantity that was sent or received, and what the advice says it belongs to."""

    order_number: str
    order_line: str | None
    items: frozenset[str]
    unit: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class InvoicedLine:
    """An invoice line; `amount` is net, `adjustment` the line's own charges less its allowances."""

    id: UUID
    line_id: str
    items: frozenset[str]
    unit: str
    quantity: Decimal
    unit_price: Decimal | None
    amount: Decimal
    adjustment: Decimal
    order_number: str | None
    order_line: str | None


@dataclass(frozen=True, slots=True)
class InvoiceToMatch:
    """An invoice's lines and totals.

    `charges` are those of the document as a whole, `credited` what credit notes already take off it.
    """

    currency: str
    charges: Decimal
    exclusive: Decimal
    inclusive: Decimal
    payable: Decimal
    lines: tuple[InvoicedLine, ...]
    credited: Decimal = _ZERO


@dataclass(frozen=True, slots=True)
class MatchException:
    """A contradiction between invoice, order and receipt, with the numbers that contradict."""

    code: str
    line: str
    message: str
    ordered: Decimal | None = None
    despatched: Decimal | None = None
    received: Decimal | None = None
    invoiced: Decimal | None = None
    order_price: Decimal | None = None
    invoice_price: Decimal | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return the JSON form that is stored and shown; numbers are decimal strings."""
        return {
            "code": self.code,
            "line": self.line,
            "message": self.message,
            "ordered": _text(self.ordered),
            "despatched": _text(self.despatched),
            "received": _text(self.received),
            "invoiced": _text(self.invoiced),
            "orderPrice": _text(self.order_price),
            "invoicePrice": _text(self.invoice_price),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, str | None]) -> MatchException:
        """Read the JSON form."""
        numbers = (stored[name] for name in ("ordered", "despatched", "received", "invoiced"))
        prices = (stored[name] for name in ("orderPrice", "invoicePrice"))
        return cls(
            stored["code"] or "",
            stored["line"] or "",
            stored["message"] or "",
            *(None if number is None else Decimal(number) for number in (*numbers, *prices)),
        )


@dataclass(frozen=True, slots=True)
class Allocation:
    """What an invoice line takes of an order line, and how much of that was received for it."""

    invoice_line: UUID
    order_line: UUID
    quantity: Decimal
    received: Decimal


@dataclass(frozen=True, slots=True)
class MatchResult:
    """The outcome: exceptions, allocations and what can be financed."""

    decision: Literal["matched", "exception"]
    exceptions: tuple[MatchException, ...]
    allocations: tuple[Allocation, ...]
    eligible: Money
    invoiced: Money


@dataclass(slots=True)
class _Remaining:
    """What is left of an order line while the invoice's lines are allocated one after another."""

    line: OrderedLine
    ordered: Decimal = field(init=False)
    received: Decimal = field(init=False)

    def __post_init__(self) -> None:
        self.ordered = max(self.line.quantity - self.line.drawn, _ZERO)
        self.received = max(self.line.received - self.line.drawn_received, _ZERO)

    def take(self, invoice_line: UUID, quantity: Decimal) -> Allocation:
        received = min(quantity, self.received)
        self.ordered = max(self.ordered - quantity, _ZERO)
        self.received -= received
        return Allocation(invoice_line, self.line.id, quantity, received)


class _Candidates:
    """Order lines that an invoice line or an advice may be about, with what they have in common."""

    def __init__(self, lines: Sequence[OrderedLine]) -> None:
        self.lines = lines
        self.ordered = sum((line.quantity for line in lines), _ZERO)
        self.despatched = sum((line.despatched for line in lines), _ZERO)
        self.received = sum((line.received for line in lines), _ZERO)
        self.units = {line.unit for line in lines}
        self.prices = {line.unit_price for line in lines}


_NONE = _Candidates(())


class _OrderIndex:
    """Order lines, found by what invoices and advices refer to them with."""

    def __init__(self, ordered: Sequence[OrderedLine]) -> None:
        of_order: dict[str, list[OrderedLine]] = defaultdict(list)
        of_line: dict[tuple[str, str], list[OrderedLine]] = defaultdict(list)
        of_item: dict[tuple[str, str], list[OrderedLine]] = defaultdict(list)
        for line in ordered:
            of_order[line.order_number].append(line)
            of_line[line.order_number, line.line_id].append(line)
            for item in line.items:
                of_item[line.order_number, item].append(line)
        self._of_order, self._of_line, self._of_item = of_order, of_line, of_item
        self._rank = {line.id: rank for rank, line in enumerate(ordered)}
        self._known: dict[tuple[str, str | frozenset[str]], _Candidates] = {}

    def order(self, number: str) -> list[OrderedLine]:
        return self._of_order.get(number, [])

    def line(self, number: str, line_id: str) -> _Candidates:
        """Return the line of an order that has a number."""
        return self._kept((number, line_id), lambda: self._of_line.get((number, line_id), []))

    def items(self, number: str, items: frozenset[str]) -> _Candidates:
        """Return the lines of an order that are about one of the items, in the order's order."""

        def find() -> list[OrderedLine]:
            found = {line.id: line for item in items for line in self._of_item.get((number, item), ())}
            return sorted(found.values(), key=lambda line: self._rank[line.id])

        return self._kept((number, items), find)

    def _kept(
        self, key: tuple[str, str | frozenset[str]], find: Callable[[], list[OrderedLine]]
    ) -> _Candidates:
        if key not in self._known:
            self._known[key] = _Candidates(find())
        return self._known[key]


def delivered(ordered: Sequence[OrderedLine], deliveries: Iterable[Delivery]) -> dict[UUID, Decimal]:
    """Return the quantity per order line that advices of one kind account for.

    An advice that names an item fills the order lines of that item one after another. What cannot be told, or
    is counted in another unit, is not counted.
    """
    index = _OrderIndex(ordered)
    quantities = {line.id: _ZERO for line in ordered}
    for delivery in deliveries:
        lines = [line for line in _ordered_for(delivery, index).lines if line.unit == delivery.unit]
        left = delivery.quantity
        for line in lines[:-1]:
            share = min(left, max(line.quantity - quantities[line.id], _ZERO))
            quantities[line.id] += share
            left -= share
        if lines:
            quantities[lines[-1].id] += left
    return quantities


def _ordered_for(delivery: Delivery, index: _OrderIndex) -> _Candidates:
    if delivery.order_line is not None:
        return index.line(delivery.order_number, delivery.order_line)
    by_item = index.items(delivery.order_number, delivery.items)
    order = index.order(delivery.order_number)
    if by_item.lines or len(order) != 1 or (order[0].items and delivery.items):
        return by_item
    return _Candidates(order)


def match(
    invoice: InvoiceToMatch,
    ordered: Sequence[OrderedLine],
    *,
    tolerances: Tolerances | None = None,
    ordered_charges: Decimal = _ZERO,
    contested_orders: Iterable[str] = (),
) -> MatchResult:
    """Match an invoice with the lines of the orders that it refers to.

    `contested_orders` are order numbers of which contradicting versions came in.
    """
    tolerances = tolerances or Tolerances()
    remaining = {line.id: _Remaining(line) for line in ordered}
    exceptions: list[MatchException] = [
        MatchException(
            "match.order_contested", "", f"Versions of order {number} that contradict each other came in."
        )
        for number in sorted(contested_orders)
    ]
    exceptions += _order_contradictions(ordered, invoice.currency)
    allocations: list[Allocation] = []
    eligible_net = _ZERO
    index = _OrderIndex(ordered)
    for line, position in zip(invoice.lines, _positions(invoice.lines), strict=True):
        candidates = _candidates(line, position, index)
        found, taken = _match_line(invoice.currency, line, candidates, remaining, tolerances)
        exceptions += found
        allocations += taken
        eligible_net += _eligible_net(line, found, taken, remaining)
    charges = _ordered_part(ordered_charges, ordered, sum((line.amount for line in invoice.lines), _ZERO))
    if invoice.charges - charges > tolerances.price_absolute:
        exceptions.append(
            MatchException(
                "match.charge_not_ordered",
                "",
                f"Charges of {_text(invoice.charges)} are invoiced, {_text(charges)} were ordered.",
            )
        )
    eligible_charges = _ordered_part(ordered_charges, ordered, eligible_net)
    return MatchResult(
        decision="exception" if exceptions else "matched",
        exceptions=tuple(exceptions),
        allocations=tuple(allocations),
        eligible=_eligible(invoice, eligible_net, min(invoice.charges, eligible_charges)),
        invoiced=Money(invoice.payable, invoice.currency),
    )


def _candidates(line: InvoicedLine, position: _Position, index: _OrderIndex) -> _Candidates:
    """Return the order lines that an invoice line is about, the surest way of telling first."""
    if line.order_number is None:
        return _NONE
    if line.order_line is not None:
        return index.line(line.order_number, line.order_line)
    by_item = index.items(line.order_number, line.items)
    if by_item.lines:
        return by_item
    order = index.order(line.order_number)
    if position.count == len(order):
        same_position = order[position.rank]
        # An item that is told and is another one is not the same position.
        if not (line.items and same_position.items):
            return _Candidates((same_position,))
    return _NONE


@dataclass(frozen=True, slots=True)
class _Position:
    """Which of how many lines on its order an invoice line is."""

    rank: int
    count: int


def _positions(lines: Sequence[InvoicedLine]) -> list[_Position]:
    counts = Counter(line.order_number for line in lines)
    seen: Counter[str | None] = Counter()
    positions: list[_Position] = []
    for line in lines:
        positions.append(_Position(seen[line.order_number], counts[line.order_number]))
        seen[line.order_number] += 1
    return positions


def _match_line(
    currency: str,
    line: InvoicedLine,
    candidates: _Candidates,
    remaining: Mapping[UUID, _Remaining],
    tolerances: Tolerances,
) -> tuple[list[MatchException], list[Allocation]]:
    exceptions: list[MatchException] = []
    first = candidates.lines[0] if candidates.lines else None

    def note(code: str, message: str) -> None:
        exceptions.append(
            MatchException(
                code,
                line.line_id,
                message,
                ordered=candidates.ordered if first else None,
                despatched=candidates.despatched if first else None,
                received=candidates.received if first else None,
                invoiced=line.quantity,
                order_price=first.unit_price if first else None,
                invoice_price=line.unit_price,
            )
        )

    if _contradicts_itself(line, currency):
        note("match.line_contradicts_itself", "Quantity times price is not the line's amount.")
    if first is None:
        note("match.order_missing", "No accepted order line is found for this line.")
        return exceptions, []
    if first.currency != currency:
        note("match.currency_differs", f"The order is in {first.currency}, the invoice in {currency}.")
        return exceptions, []
    if candidates.units != {line.unit}:
        note(
            "match.unit_differs",
            f"The order counts in {first.unit or '?'}, the invoice in {line.unit or '?'}.",
        )
        return exceptions, []
    if line.quantity <= 0:
        # A credit line takes nothing of an order; it lowers the invoice and so what is eligible.
        return exceptions, []

    left = [remaining[found.id] for found in candidates.lines]
    open_ordered = sum((found.ordered for found in left), _ZERO)
    open_received = sum((found.received for found in left), _ZERO)
    unit = f" {line.unit}" if line.unit else ""
    if candidates.received == 0:
        note("match.receipt_missing", "No receipt is known for this line, so nothing of it can be financed.")
    elif _exceeds(line.quantity, open_received, tolerances.quantity_absolute, tolerances.quantity_percent):
        over = line.quantity - open_received
        note(
            "match.quantity_over_receipt",
            f"Invoiced {_text(line.quantity)}{unit}, {_text(over)}{unit} more than was received for it.",
        )
    if _exceeds(line.quantity, open_ordered, tolerances.quantity_absolute, tolerances.quantity_percent):
        over = line.quantity - open_ordered
        note(
            "match.quantity_over_order",
            f"Invoiced {_text(line.quantity)}{unit}, {_text(over)}{unit} more than is open on the order.",
        )
    if line.unit_price is not None and any(
        _price_differs(line.unit_price, agreed, tolerances) for agreed in candidates.prices
    ):
        note(
            "match.price_differs",
            f"Invoiced at {_text(line.unit_price)} per unit, ordered at {_text(first.unit_price)}.",
        )
    return exceptions, _allocate(line, left)


def _allocate(line: InvoicedLine, remaining: Sequence[_Remaining]) -> list[Allocation]:
    """Take the line's quantity from its order lines: first what was received, the rest from the last one."""
    left = line.quantity
    allocations: list[Allocation] = []
    for found in remaining:
        if left == 0:
            break
        if found.received > 0:
            share = min(left, found.received)
            allocations.append(found.take(line.id, share))
            left -= share
    if left > 0:
        allocations.append(remaining[-1].take(line.id, left))
    return allocations


def _eligible_net(
    line: InvoicedLine,
    exceptions: Sequence[MatchException],
    allocations: Sequence[Allocation],
    remaining: Mapping[UUID, _Remaining],
) -> Decimal:
    """Return what of a line's net amount can be financed: what was received, at the lower of both prices."""
    if line.quantity <= 0 or line.amount <= 0:
        return min(line.amount, _ZERO)
    if any(found.code in _BLOCKING for found in exceptions):
        return _ZERO
    worth = line.amount
    if line.unit_price is not None:
        worth = max(min(worth, line.quantity * line.unit_price + line.adjustment), _ZERO)
    net = _ZERO
    for allocation in allocations:
        share = worth * allocation.received / line.quantity
        agreed = remaining[allocation.order_line].line.unit_price
        if agreed is not None:
            share = min(share, allocation.received * agreed)
        net += max(share, _ZERO)
    return net


def _ordered_part(charges: Decimal, ordered: Sequence[OrderedLine], net: Decimal) -> Decimal:
    """Return the part of the orders' charges that falls on a net amount of their goods."""
    goods = sum((_net(line) for line in ordered), _ZERO)
    return charges * min(max(net, _ZERO) / goods, Decimal(1)) if goods > 0 else _ZERO


def _net(line: OrderedLine) -> Decimal:
    if line.amount is not None:
        return line.amount
    return line.quantity * (line.unit_price or _ZERO) + line.adjustment


def _eligible(invoice: InvoiceToMatch, eligible_net: Decimal, eligible_charges: Decimal) -> Money:
    """Carry the eligible net amount over to what is payable: allowances and tax follow in proportion.

    Charges of the document as a whole count as far as they were ordered. What was paid before or credited
    comes off the received part, as the buyer will take it off.
    """
    net = sum((line.amount for line in invoice.lines), _ZERO)
    if net <= 0 or eligible_net <= 0 or invoice.payable <= 0 or invoice.exclusive <= 0:
        return Money.zero(invoice.currency)
    share = min(eligible_net / net, Decimal(1))
    goods = (invoice.exclusive - invoice.charges) * share
    inclusive = (goods + eligible_charges) * invoice.inclusive / invoice.exclusive
    already_settled = max(invoice.inclusive - invoice.payable, _ZERO)
    amount = min(inclusive - already_settled, invoice.payable) - invoice.credited
    quantum = Decimal(1).scaleb(-minor_units(invoice.currency))
    # Dividing and multiplying again may leave a speck below the amount that it stands for.
    amount = amount.quantize(quantum.scaleb(-6))
    return Money(max(amount, _ZERO).quantize(quantum, rounding=ROUND_DOWN), invoice.currency)


def _order_contradictions(ordered: Sequence[OrderedLine], currency: str) -> list[MatchException]:
    """Return an exception for every order line whose price times quantity is not its amount."""
    tolerance = Decimal(1).scaleb(-minor_units(currency))
    return [
        MatchException(
            "match.order_contradicts_itself",
            line.line_id,
            f"Order {line.order_number}, line {line.line_id}:"
            f" {_text(line.quantity)} × {_text(line.unit_price)} is not {_text(line.amount)}.",
            ordered=line.quantity,
            order_price=line.unit_price,
        )
        for line in ordered
        if line.unit_price is not None
        and line.amount is not None
        and abs(line.quantity * line.unit_price + line.adjustment - line.amount) > tolerance
    ]


def _contradicts_itself(line: InvoicedLine, currency: str) -> bool:
    tolerance = Decimal(1).scaleb(-minor_units(currency))
    return (
        line.unit_price is not None
        and abs(line.quantity * line.unit_price + line.adjustment - line.amount) > tolerance
    )


def _exceeds(value: Decimal, bound: Decimal, absolute: Decimal, percent: Decimal) -> bool:
    over = value - bound
    return over > absolute or over > bound * percent / 100


def _price_differs(invoiced: Decimal, agreed: Decimal | None, tolerances: Tolerances) -> bool:
    if agreed is None:
        return False
    difference = abs(invoiced - agreed)
    return difference > tolerances.price_absolute or difference > agreed * tolerances.price_percent / 100


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"
