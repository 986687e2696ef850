"""Whether a webhook comes from CitizenApp: the signature that Standard Webhooks describes."""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from citizenapp_client.errors import CitizenAppError

PREFIX = "whsec_"
# Clocks differ, and a delivery may be repeated a little later; what is older was recorded.
TOLERANCE_SECONDS = 5 * 60


class NotGenuine(CitizenAppError):
    """The signature does not fit, or the message is too old. Answer 400, and do nothing else."""


def verify(
    body: str | bytes,
    headers: Mapping[str, str],
    secret: str,
    *,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The event in a request, once its signature was checked. Raises NotGenuine.

    `body` is what was received, byte for byte; `secret` begins with `whsec_`. After a rotation the
    new and the old secret both verify for a while. `webhook-id` stays the same when a delivery is
    repeated: keep it to do nothing twice.
    """
    content = body.encode() if isinstance(body, str) else body
    lower = {name.lower(): value for name, value in headers.items()}
    try:
        id_, sent, signatures = (
            lower[f"webhook-{name}"] for name in ("id", "timestamp", "signature")
        )
    except KeyError as error:
        raise NotGenuine(f"The header {error.args[0]} is missing.") from None
    moment = (now or datetime.now(UTC)).timestamp()
    if not (sent.isascii() and sent.isdecimal()) or abs(moment - int(sent)) > TOLERANCE_SECONDS:
        raise NotGenuine("It was not sent within the last five minutes.")
    signed = hmac.new(_key(secret), f"{id_}.{sent}.".encode() + content, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(signed).decode()
    if not any(hmac.compare_digest(wanted.encode(), one.encode()) for one in signatures.split(" ")):
        raise NotGenuine("No signature fits this secret.")
    event = json.loads(content)
    if not isinstance(event, dict):
        raise NotGenuine("It is no event.")
    return event


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("A secret is base64, after whsec_.") from None
