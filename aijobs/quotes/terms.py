"""What one job of a type will cost its tenant, and which model is asked if its prompt is long."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, Decimal
from math import ceil

from django.conf import settings

from aijobs import pricing
from aijobs.jobtypes import InvalidInput, JobType
from aijobs.pricing import Usage
from aijobs.quotes import ratios
from aijobs.quotes.ratios import Ratios
from aijobs.tokens import KINDS, Estimate
from citizenapp.tenants import reader
from citizenapp.tenants.models import LongPrompts, Tenant

_MICRO = Decimal("0.000001")


class LongPrompt(InvalidInput):
    """Its tenant refuses a prompt of that length. Its text is one sentence for the sender."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__({field: [message]})
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(slots=True)
class Terms:
    """Of one job type, at one moment, for a tenant.

    A prompt is long when it is likely to have more tokens than the `step` of its model's price.
    """

    tenant: Tenant
    kind: JobType
    now: datetime
    wanted: str = ""
    """The model that whoever asks has chosen; "" for that of the job type."""
    step: int | None = field(init=False)
    """None where the length of a prompt makes no difference, or no price is known."""
    other_model: str = field(init=False)
    """The model of long prompts, where the tenant wants another one for them."""
    _ratios: dict[tuple[str, str], Ratios] = field(init=False)

    def __post_init__(self) -> None:
        if self.wanted == self.kind.model:
            self.wanted = ""
        # Now, since jobs may be checked while the connection is busy with a COPY.
        self.other_model = settings.AIJOBS_MODEL_LONG_PROMPTS
        # Where each request names its model, any of them may be asked.
        named = pricing.models() if self.kind.passes_on else ()
        self._ratios = {
            (model, one): ratios.of(self.tenant, self.kind, one, self.now, model=model)
            for model in {"", self.wanted, self.other_model, *named}
            for one in KINDS
        }
        try:
            self.step = pricing.step(self.kind.model_of(self.wanted), on=self._today)
        except LookupError:
            self.step = None

    def ratios(self, expected: Estimate, model: str = "") -> Ratios:
        """How the tokens of such jobs compare with what was expected of them.

        Here and below, `model` is that of the job, as `model_of` told it.
        """
        of_any_model = self._ratios["", expected.kind]
        return self._ratios.get((model, expected.kind), of_any_model)

    def longest(self, document_kind: str) -> int | None:
        """Beyond so many expected tokens a prompt is long; None: none is."""
        if self.step is None:
            return None
        return int(self.step / self._ratios[self.wanted, document_kind].prompt.likely)

    def is_long(self, expected: Estimate) -> bool:
        """Whether such a prompt is likely to be beyond the step."""
        longest = self.longest(expected.kind)
        return longest is not None and expected.tokens > longest

    def model_of(self, expected: Estimate, *, field: str) -> str:
        """The model that such a job has for itself; "" where it is that of its type.

        That is the `wanted` one, unless the prompt is too long for it.

        Raises LongPrompt, about this field, where it is refused.
        """
        if self.tenant.long_prompts == LongPrompts.RUN or not self.is_long(expected):
            return self.wanted
        if self.tenant.long_prompts == LongPrompts.REFUSE:
            raise self.refusal(expected, field=field)
        return self.other_model

    def refusal(self, expected: Estimate, *, field: str, subject: str = "The prompt") -> LongPrompt:
        """How long it is, why that is refused, and where that is said."""
        likely = expected.tokens * self.ratios(expected).prompt.likely
        tokens = reader.count(1_000 * ceil(likely / 1_000))
        step, model = reader.count(self.step or 0), self.kind.model_of(self.wanted)
        return LongPrompt(
            field,
            f"{subject} would have about {tokens} tokens by our estimate. Above {step}, "
            f"{model} asks more for each of them, and this workspace refuses such "
            "prompts: see “Long prompts” in its settings.",
        )

    def charges(self, expected: Estimate, max_tokens: int, model: str = "") -> list[pricing.Charge]:
        """The lower end, what is likely, and the upper end. Raises UnknownModel or UnpricedDay.

        `max_tokens`: the most that the answer may have.
        """
        found = self.ratios(expected, model)
        return [
            self._charge(model, expected.tokens * prompt, max_tokens * answer)
            for prompt, answer in zip(found.prompt, found.answer, strict=True)
        ]

    def reserved(
        self, expected: Estimate, max_tokens: int, model: str = "", *, batch: bool
    ) -> Decimal:
        """What one job has to reserve: the upper end of its quote, in whole micro-dollars."""
        found = self.ratios(expected, model)
        try:
            charge = self._charge(
                model, expected.tokens * found.prompt.high, max_tokens * found.answer.high
            )
        except LookupError:
            return Decimal(0)
        usd = charge.cost_usd if batch else charge.sync_cost_usd
        return usd.quantize(_MICRO, ROUND_CEILING)

    @property
    def _today(self) -> date:
        return self.now.astimezone(UTC).date()

    def _charge(self, model: str, prompt: float, answer: float) -> pricing.Charge:
        usage = Usage(round(prompt), round(answer))
        return pricing.charge(self.kind.model_of(model), usage, batch=True, on=self._today)
