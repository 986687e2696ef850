"""What is known about the other side after a call that did not bring what it was made for."""

from datetime import timedelta

from aijobs.models import BlockReason, CircuitBreaker

TOO_LARGE = 413

# Anthropic has no room just now: https://docs.claude.com/en/api/errors.
BUSY = frozenset({429, 529})

# Refused for now, and said so by Anthropic itself: nothing was done, and later is soon enough.
WAITING_CODES = frozenset({"ramp_limit_exceeded"})


class GatewayError(Exception):
    """A call to Anthropic did not bring what it was made for."""


class NeverSent(GatewayError):
    """No connection, or only the beginning of a body: Anthropic knows nothing of the call."""


class InDoubt(GatewayError):
    """Sent, and no answer that can be trusted: it may have been done or not."""


class Unavailable(GatewayError):
    """A question that Anthropic did not answer; asking again costs nothing."""


class Refused(GatewayError):
    """Anthropic answered that it did not do it."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        error_type: str,
        error_code: str = "",
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error_type = error_type
        self.error_code = error_code
        self.retry_after = retry_after
        """For how long Anthropic asks to be left alone; None where it does not say."""

    @property
    def account_block(self) -> BlockReason | None:
        """Why the next call would be refused too: key, money, or account. Else None."""
        return CircuitBreaker.reason_of(self.error_type, self.error_code, str(self))

    @property
    def is_too_large(self) -> bool:
        """Less of it may be accepted."""
        return self.status == TOO_LARGE

    @property
    def is_busy(self) -> bool:
        """Nothing is wrong with it: Anthropic has no room for it now."""
        return self.status in BUSY

    @property
    def passes(self) -> bool:
        """Nothing is wrong with what was sent: it may come again later."""
        return self.error_code in WAITING_CODES
