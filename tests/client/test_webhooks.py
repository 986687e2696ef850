"""Whether a webhook is genuine, by the vectors of Standard Webhooks."""

from datetime import UTC, datetime, timedelta

import pytest

from citizenapp_client.webhooks import NotGenuine, verify

# The example of the specification's reference libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"test": 2432232314}'
SENT = datetime.fromtimestamp(1614265330, UTC)
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "Webhook-Timestamp": "1614265330",
    "Webhook-Signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
OTHER = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


@pytest.mark.parametrize("body", [BODY, BODY.encode()])
def test_what_is_signed_is_genuine(body: str | bytes) -> None:
    assert verify(body, HEADERS, SECRET, now=SENT) == {"test": 2432232314}


@pytest.mark.parametrize("signature", ["{0} {1}", "{1} {0}", "v1a,x {0}"])
def test_one_of_several_signatures_is_enough(signature: str) -> None:
    several = signature.format(HEADERS["Webhook-Signature"], OTHER)

    assert verify(BODY, HEADERS | {"Webhook-Signature": several}, SECRET, now=SENT)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"Webhook-Signature": OTHER}, BODY),
        ({"Webhook-Signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, BODY),
        ({"Webhook-Signature": "é"}, BODY),
        ({"Webhook-Id": "msg_other"}, BODY),
        ({"Webhook-Timestamp": "1614265331"}, BODY),
        ({"Webhook-Timestamp": "yesterday"}, BODY),
        ({}, BODY + " "),
    ],
)
def test_what_was_changed_is_not(changed: dict[str, str], body: str) -> None:
    with pytest.raises(NotGenuine):
        verify(body, HEADERS | changed, SECRET, now=SENT)


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_is_missing_is_named(name: str) -> None:
    headers = {one: value for one, value in HEADERS.items() if one != name}
    with pytest.raises(NotGenuine, match=name.lower()):
        verify(BODY, headers, SECRET, now=SENT)


@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_is_older_than_five_minutes_may_be_a_recording(minutes: int) -> None:
    with pytest.raises(NotGenuine, match="five minutes"):
        verify(BODY, HEADERS, SECRET, now=SENT + timedelta(minutes=minutes))


def test_a_secret_that_is_none_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="whsec_"):
        verify(BODY, HEADERS, "whsec_?", now=SENT)
