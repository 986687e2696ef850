"""By which name somebody signs in: a username, or the e-mail address of one person."""

from allauth.account.models import EmailAddress

from citizenapp.tenants.models import User


def username_of(login: str) -> str:
    """The username of whom `login` means; itself where it means nobody, or more than one.

    So wrong passwords are counted by person, whichever of the two names they come with. A username
    goes before an address: nobody can take a person's place by an address that reads the same. An
    address counts that was confirmed, or that staff have written down, for one person alone.
    """
    if not login or "\0" in login:
        return login
    # All three are asked of everybody: how long it takes says nothing.
    is_username = User.objects.filter(username=login).exists()
    confirmed = EmailAddress.objects.filter(email=login.lower(), verified=True)
    by_confirmed = list(confirmed.values_list("user__username", flat=True)[:2])
    written = User.objects.filter(email__iexact=login)
    by_written = list(written.values_list("username", flat=True)[:2])
    found = by_confirmed or by_written
    return login if is_username or len(found) != 1 else found[0]
