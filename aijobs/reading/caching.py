"""What the cache was to save for a collection, and what it did save, in plain words."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from aijobs import caching, pricing
from aijobs.models import Collection, Seeding
from aijobs.reading.money import Money
from citizenapp.tenants import reader
from citizenapp.tenants.models import Tenant

_MESSAGES = {
    Seeding.State.WAITING: (
        "One job goes first and puts what {rows} jobs have in common, about {tokens} tokens"
        " each, into Anthropic's cache. The others follow when it has ended."
    ),
    Seeding.State.WARM: (
        "One job went first. The others read what {rows} jobs have in common, about {tokens}"
        " tokens each, from Anthropic's cache."
    ),
    Seeding.State.COLD: "The jobs go without Anthropic's cache. {note}",
    Seeding.State.REFUSED: (
        "{note} The others have the same instructions, and wait until you let them go on, or"
        " cancel them."
    ),
}


@dataclass(frozen=True, slots=True)
class Caching:
    """`until`: when the others go at the latest, or until when they read the cache."""

    state: str
    message: str
    until: datetime | None
    rows: int
    tokens: int
    without: Decimal
    predicted: Decimal
    saved: Decimal

    @property
    def waits_for_a_person(self) -> bool:
        return self.state == Seeding.State.REFUSED

    @property
    def holds_jobs(self) -> bool:
        return self.state in (Seeding.State.REFUSED, Seeding.State.WAITING)


def of_collection(tenant: Tenant, collection: Collection, spent: Money) -> Caching | None:
    """None where no job of it went first. `spent` is what the collection cost so far. One query."""
    seeding: Seeding | None = getattr(collection, "seeding", None)
    if seeding is None or collection.tenant_id != tenant.pk:
        return None
    state = Seeding.State(seeding.state)
    message = _MESSAGES[state].format(
        rows=reader.count(seeding.rows),
        tokens=reader.count(seeding.prefix_tokens),
        note=seeding.note,
    )
    moments = {Seeding.State.WAITING: seeding.give_up_at, Seeding.State.WARM: seeding.warm_until}
    return Caching(
        state.value,
        message.strip(),
        moments.get(state),
        seeding.rows,
        seeding.prefix_tokens,
        seeding.without_usd,
        seeding.saving_usd,
        _saved(seeding, collection, spent),
    )


def _saved(seeding: Seeding, collection: Collection, spent: Money) -> Decimal:
    """By the prices of the day on which it was planned, as the prediction is."""
    day = collection.created_at.date()
    try:
        rates = pricing.batch_rates(seeding.model, seeding.prompt_tokens, on=day)
    except LookupError:
        return Decimal(0)
    return caching.saved(rates, read=spent.cache_read_tokens, written=spent.cache_write_tokens)
