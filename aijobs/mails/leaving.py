"""The link at the end of each e-mail that stops them, for whoever has the e-mail.

Nobody has to sign in for it, and nothing is stored for it: the key of a choice, signed.
"""

from django.core import signing

from aijobs.models import MailChoice

_SALT = "aijobs.mails.leaving"


def token_of(choice: MailChoice) -> str:
    """What stands in the link."""
    return signing.Signer(salt=_SALT).sign(str(choice.pk))


def is_ours(token: str) -> bool:
    """Whether it was made here, whatever became of the choice."""
    return _key(token) is not None


def choice_of(token: str) -> MailChoice | None:
    """None where the token is none of ours, or nothing is left to stop."""
    key = _key(token)
    if key is None:
        return None
    return MailChoice.objects.filter(pk=key).select_related("tenant", "user").first()


def _key(token: str) -> int | None:
    try:
        return int(signing.Signer(salt=_SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
