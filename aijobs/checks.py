"""System checks: settings that contradict each other are found before the first request."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from aijobs import caching, jobtypes, pricing
from aijobs.pricing import Usage
from aijobs.webhooks.addresses import Allowed

# Why the file of AIJOBS_PRICES could not be read when the process started; "" if it was.
wrong_prices = ""

# accept.LINE_BYTES leaves room for no longer name, nor does the ledger.
MODEL_NAME_BYTES = 100
# With 0 of these, work would wait for ever.
AT_LEAST_ONE = (
    "AIJOBS_MAX_ATTEMPTS",
    "AIJOBS_SUBMIT_WHEN",
    "AIJOBS_URGENT_AT_ONCE",
    "AIJOBS_COLLECTION_ITEMS",
    "AIJOBS_UPLOAD_BYTES",
    "AIJOBS_SEND_SECONDS",
    "AIJOBS_ANSWER_SECONDS",
)


@register("aijobs")
def settings_agree(**kwargs: Any) -> list[CheckMessage]:  # noqa: ARG001
    """Contradictions among the settings; each message says what to change."""
    found: list[CheckMessage] = []
    try:
        settings.SECRET_KEY  # noqa: B018  (an empty one raises)
    except ImproperlyConfigured:
        found.append(Error("SECRET_KEY must be set when DATABASE_URL is.", id="aijobs.E001"))
    if not settings.LOCAL and not settings.ALLOWED_HOSTS:
        found.append(Error("ALLOWED_HOSTS must be set when DATABASE_URL is.", id="aijobs.E002"))
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        found.append(Error("DATABASE_URL must be a PostgreSQL URL.", id="aijobs.E003"))
    if not 1 <= settings.AIJOBS_BATCH_REQUESTS <= 100_000:
        found.append(
            Error(
                "AIJOBS_BATCH_REQUESTS must be from 1 to 100000, Anthropic's limit.",
                id="aijobs.E004",
            )
        )
    # At least the largest document, or it would wait for ever.
    if not 8_000_000 <= settings.AIJOBS_BATCH_BYTES <= 256_000_000:
        found.append(
            Error(
                "AIJOBS_BATCH_BYTES must be from 8000000 to 256000000, Anthropic's limit.",
                id="aijobs.E005",
            )
        )
    for number, name in enumerate(AT_LEAST_ONE, 6):
        if getattr(settings, name) < 1:
            found.append(Error(f"{name} must be at least 1.", id=f"aijobs.E{number:03}"))
    lasts = int((caching.KEPT - caching.MARGIN).total_seconds())
    if settings.AIJOBS_CACHE and lasts <= settings.AIJOBS_SEED_SECONDS:
        found.append(
            Error(
                f"AIJOBS_SEED_SECONDS must be below {lasts}: what the first job of a collection"
                " cached would be gone before the others go.",
                id="aijobs.E023",
            )
        )
    found += _calls_and_webhooks()
    if not settings.LOCAL and settings.EMULATED:
        found.append(
            checks.Warning(
                "Neither ANTHROPIC_API_KEY nor ANTHROPIC_BASE_URL is set: the emulator answers.",
                id="aijobs.W001",
            )
        )
    if settings.EMAIL_BACKEND == "citizenapp.tenants.mail.NoServer":
        found.append(
            checks.Warning(
                "EMAIL_URL is not set: no e-mail is sent, so that nobody can be invited or set a"
                " forgotten password anew.",
                id="aijobs.W002",
            )
        )
    return [*found, *_prices()]


def _prices() -> list[CheckMessage]:
    """Whether each model has a price today, and the further price table can be read."""
    found: list[CheckMessage] = []
    if wrong_prices:
        found.append(Error(f"AIJOBS_PRICES names no price table: {wrong_prices}", id="aijobs.E020"))
    today = timezone.now().date()
    named = {f"AIJOBS_MODEL_{kind.name.upper()}": kind.model for kind in jobtypes.offered()}
    named["AIJOBS_MODEL_LONG_PROMPTS"] = settings.AIJOBS_MODEL_LONG_PROMPTS
    for setting, model in named.items():
        if len(model.encode()) > MODEL_NAME_BYTES:
            message = f"{setting} is longer than {MODEL_NAME_BYTES} bytes."
            found.append(Error(message, id="aijobs.E022"))
        try:
            pricing.charge(model, Usage(0, 0), batch=True, on=today)
            if setting == "AIJOBS_MODEL_LONG_PROMPTS" and pricing.step(model, on=today):
                message = f"{setting}: {model} asks more for long prompts itself."
                found.append(Error(message, id="aijobs.E024"))
        except LookupError as error:
            found.append(
                Error(
                    f"{setting}: {error}",
                    hint="Name a TOML file in AIJOBS_PRICES that has its price, in USD per million "
                    f'tokens:\n[[prices]]\nmodel = "{model}"\nvalid_from = {today}\n'
                    'tiers = [{ input = "2", output = "10" }]',
                    id="aijobs.E021",
                )
            )
    return found


def _calls_and_webhooks() -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.AIJOBS_API_BURST < 1:
        found.append(
            Error(
                "AIJOBS_API_BURST must be at least 1: no call would be answered."
                " For no limit, set AIJOBS_API_RATE to 0.",
                id="aijobs.E030",
            )
        )
    if not 1 <= settings.AIJOBS_API_KEY_PERCENT <= 100:
        found.append(Error("AIJOBS_API_KEY_PERCENT must be from 1 to 100.", id="aijobs.E031"))
    try:
        Allowed.read(settings.AIJOBS_WEBHOOK_ALLOW)
    except ValueError as error:
        found.append(Error(f"AIJOBS_WEBHOOK_ALLOW: {error}.", id="aijobs.E025"))
    if settings.AIJOBS_WEBHOOK_PROXY[:7] not in ("", "http://"):
        found.append(Error("AIJOBS_WEBHOOK_PROXY must begin with http://.", id="aijobs.E026"))
    return found
