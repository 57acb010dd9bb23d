"""Money: a decimal amount with a currency, rounded half-up to the currency's minor unit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from core.errors import InvalidInput

# ISO 4217 minor units of the currencies that the platform books. A code that is not here is refused.
MINOR_UNITS: dict[str, int] = {
    **dict.fromkeys(
        (
            "AED ARS AUD BDT BGN BRL CAD CHF CNY COP CZK DKK EGP EUR GBP HKD HUF IDR ILS INR KES LKR MAD MXN "
            "MYR NGN NOK NZD PEN PHP PKR PLN QAR RON RSD SAR SEK SGD THB TRY TWD UAH USD ZAR"
        ).split(),
        2,
    ),
    **dict.fromkeys("CLP ISK JPY KRW UGX VND XAF XOF".split(), 0),
    **dict.fromkeys("BHD JOD KWD OMR TND".split(), 3),
}


def minor_units(currency: str) -> int:
    """Return the number of decimal places of a currency, for example 2 for EUR and 0 for JPY.

    Raises:
        InvalidInput: `money.currency_unknown` when the code is not a currency that the platform books.
    """
    try:
        return MINOR_UNITS[currency]
    except KeyError:
        raise InvalidInput(
            "money.currency_unknown",
            f"{currency!r} is not a currency that the platform books.",
            hint="Use an ISO 4217 code such as EUR, USD or CNY.",
        ) from None


# The size of what is read as an amount; so small that Decimal's 28 digits count and add it up exactly.
MAX_DIGITS = 15
MAX_PLACES = 10


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a currency.

    The amount is never a float and may carry more places than the minor unit until `rounded` is called.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise InvalidInput("money.amount_invalid", f"{self.amount!r} is not a finite decimal amount.")
        minor_units(self.currency)

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read an amount as people and documents write it, for example `Money.of("107.50", "GBP")`.

        Raises:
            InvalidInput: `money.amount_invalid` or `money.currency_unknown`.
        """
        if isinstance(amount, float):
            raise InvalidInput("money.amount_invalid", "Money is never read from a float.")
        try:
            number = Decimal(amount)
        except InvalidOperation:
            raise InvalidInput("money.amount_invalid", "This is not a decimal amount.") from None
        if not number.is_finite() or number.adjusted() >= MAX_DIGITS or number != round(number, MAX_PLACES):
            raise InvalidInput(
                "money.amount_invalid",
                f"An amount has at most {MAX_DIGITS} digits before its decimal point and {MAX_PLACES} after.",
                hint='Write it such as "107.50".',
            )
        return cls(number, currency)

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing, in the given currency."""
        return cls(Decimal(0), currency)

    def rounded(self) -> Money:
        """Round half-up to the currency's minor unit."""
        quantum = Decimal(1).scaleb(-minor_units(self.currency))
        return Money(self.amount.quantize(quantum, rounding=ROUND_HALF_UP), self.currency)

    def in_minor_units(self) -> int:
        """Return the rounded amount in minor units, for example 10750 for GBP 107.50."""
        return int(self.rounded().amount.scaleb(minor_units(self.currency)))

    def __add__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._require_same_currency(other)
        return Money(self.amount - other.amount, self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(self.amount * factor, self.currency)

    __rmul__ = __mul__

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._require_same_currency(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._require_same_currency(other)
        return self.amount <= other.amount

    def __gt__(self, other: Money) -> bool:
        return other < self

    def __ge__(self, other: Money) -> bool:
        return other <= self

    def __str__(self) -> str:
        return f"{self.currency} {self.amount:,f}"

    def as_json(self) -> dict[str, str]:
        """Return the JSON form that every interface uses: a decimal string with a currency."""
        return {"amount": f"{self.amount:f}", "currency": self.currency}

    def _require_same_currency(self, other: Money) -> None:
        if self.currency != other.currency:
            raise InvalidInput(
                "money.currency_mixed",
                f"Cannot combine {self.currency} with {other.currency} without a rate.",
            )


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Add up amounts of one currency; nothing adds up to zero."""
    return sum(amounts, start=Money.zero(currency))
