"""What was billed becomes an entry of the ledger. A missing price never keeps an answer out."""

import logging
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from aijobs import jobtypes, pricing
from aijobs.crash_points import Step, crash_point
from aijobs.models import AIJob, JobInput, LedgerEntry
from aijobs.pricing import Charge, UnknownModel, UnpricedDay, Usage

logger = logging.getLogger(__name__)

NO_PRICE = Charge(Decimal(0), Decimal(0), Decimal(0))
# Entries of one model and day in a round: sweep comes again in half a minute.
MOST_PRICED = 1_000


class Price(NamedTuple):
    """What a usage costs, and the model of the price table that it is priced as; "" if none is."""

    priced_as: str
    charge: Charge


def price_of(model: str, asked: str, usage: Usage, *, batch: bool, on: date) -> Price:
    """By the prices of the day `on`. Never raises: without a price the sums are 0.

    Where Anthropic answered under a name that the price table does not know, the price is that of
    the model that was `asked`.
    """
    for name in (model, asked):
        try:
            return Price(name, pricing.charge(name, usage, batch=batch, on=on))
        except UnpricedDay:
            break
        except UnknownModel:
            continue
    return Price("", NO_PRICE)


def usage_of(entry: LedgerEntry) -> Usage:
    """The tokens that an entry was charged for."""
    return Usage(
        input_tokens=entry.input_tokens,
        output_tokens=entry.output_tokens,
        cache_read_input_tokens=entry.cache_read_tokens,
        cache_write_5m_tokens=entry.cache_write_5m_tokens,
        cache_write_1h_tokens=entry.cache_write_1h_tokens,
    )


def price_later(now: datetime) -> int:
    """Price charges that had no price when they were stored; returns how many got one.

    The ledger only grows: the price comes as an entry of its own that corrects the first.
    """
    priced = 0
    # Prices come by model and day: those that are still unknown keep none of the others waiting.
    own_models = JobInput.objects.filter(job=OuterRef("job_id")).values("model")
    unpriced = LedgerEntry.objects.unpriced().annotate(
        own_model=Coalesce(Subquery(own_models), Value(""))
    )
    kinds = unpriced.order_by().values("model", "job_type", "own_model", "priced_on")
    for kind in kinds.distinct():
        asked = jobtypes.get(kind["job_type"]).model_of(kind["own_model"])
        known = price_of(kind["model"], asked, Usage(0, 0), batch=True, on=kind["priced_on"])
        if not known.priced_as:
            continue
        for entry in unpriced.filter(**kind).order_by("pk")[:MOST_PRICED]:
            batch = entry.route == AIJob.Route.BATCH
            price = price_of(entry.model, asked, usage_of(entry), batch=batch, on=entry.priced_on)
            priced += _correct(entry, price, now)
    if priced:
        logger.warning("%s charges that had no price have one now.", priced)
    return priced


def _correct(entry: LedgerEntry, price: Price, now: datetime) -> bool:
    """Store the price as a further entry; False when another worker has done so."""
    correction = LedgerEntry(
        tenant_id=entry.tenant_id,
        job_id=entry.job_id,
        batch_id=entry.batch_id,
        custom_id=entry.custom_id,
        corrects=entry,
        job_type=entry.job_type,
        route=entry.route,
        model=entry.model,
        priced_as=price.priced_as,
        priced_on=entry.priced_on,
        input_tokens=0,
        output_tokens=0,
        **price.charge._asdict(),
        created_at=now,
        is_estimated=entry.is_estimated,
    )
    try:
        with transaction.atomic():
            correction.save(force_insert=True)
    except IntegrityError:
        return False
    crash_point(Step.SWEEP_PRICED)
    return True
