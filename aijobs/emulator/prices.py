"""What the emulator bills, in cents for a million tokens: a list of its own, as a provider's is.

Whoever works out charges by another list can be held against it. It knows the models that it
offers and the ones before them; any other is answered for nothing.
"""

from collections.abc import Mapping
from decimal import Decimal
from operator import add
from typing import Any, NamedTuple, Self

# Prompts are told apart by length: up to 100,000 tokens, up to 200,000, and longer ones.
PROMPT_STEPS = (100_000, 200_000)


class Used(NamedTuple):
    """Tokens by kind, in the order and by the names of the API's reports."""

    uncached_input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0

    @classmethod
    def of(cls, usage: Mapping[str, Any]) -> Self:
        """What the `usage` of a message says."""
        written = usage["cache_creation"]
        return cls(
            usage["input_tokens"],
            usage["output_tokens"],
            usage["cache_read_input_tokens"],
            written["ephemeral_5m_input_tokens"],
            written["ephemeral_1h_input_tokens"],
        )

    @property
    def prompt(self) -> int:
        """Tokens of the whole prompt, cached or not."""
        return sum(self) - self.output_tokens

    def __add__(self, other: object) -> "Used":
        assert isinstance(other, Used)
        return Used(*map(add, self, other))


NOTHING = Used()


class _Cents(NamedTuple):
    """For a million tokens of each kind at the standard tier, in the order of Used."""

    uncached: str
    output: str
    read: str
    write_5m: str
    write_1h: str


_LIST = {
    "claude-haiku-5-5": _Cents("10", "50", "1", "12.5", "20"),
    "claude-haiku-5-5, long": _Cents("50", "250", "5", "62.5", "100"),
    "claude-sonnet-5-5": _Cents("200", "1000", "10", "250", "400"),
    "claude-opus-5-5": _Cents("400", "2000", "20", "500", "800"),
    "claude-fable-5-2": _Cents("800", "4000", "80", "1000", "1600"),
    "claude-sonnet-5": _Cents("200", "1000", "20", "250", "400"),
    "claude-opus-5": _Cents("500", "2500", "50", "625", "1000"),
    "claude-haiku-4-5": _Cents("100", "500", "10", "125", "200"),
}
_BATCH = "batch"


def step(prompt_tokens: int) -> int:
    """Which length of prompt it is: 0, 1 or 2."""
    return sum(prompt_tokens > limit for limit in PROMPT_STEPS)


def cents(model: str, tier: str, prompt_step: int, used: Used) -> tuple[Decimal, ...]:
    """What tokens of each kind cost, in the order of Used."""
    name = model[:-9] if model[-8:].isdigit() else model
    asked = _LIST.get(f"{name}, long" if prompt_step else name) or _LIST.get(name)
    if asked is None:
        return (Decimal(0),) * len(used)
    share = Decimal("0.5") if tier == _BATCH else Decimal(1)
    return tuple(
        tokens * Decimal(price) * share / 1_000_000
        for tokens, price in zip(used, asked, strict=True)
    )
