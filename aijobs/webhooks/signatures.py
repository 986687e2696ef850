"""Secrets, and the headers by which a receiver knows that a body is ours (Standard Webhooks)."""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook as Signer

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """One that nobody guesses, as the libraries for receivers take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(
    message_id: str, body: bytes, signed_with: Sequence[str], now: datetime
) -> dict[str, str]:
    """The three headers of a body. With two secrets, it is signed twice: either one verifies it."""
    moment = now.astimezone(UTC)
    signatures = [Signer(one).sign(message_id, moment, body.decode()) for one in signed_with]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
