"""By which name somebody signs in: a username, or the e-mail address of one person."""

from allauth.account.models import EmailAddress

from citizenapp.tenants.models import User


def username_of(login: str) -> str:
    """The username of whom `login` means; itself where it means nobody, or more than one.

    So wrong passwords are counted by person, whichever of the two names they come with. A username
    goes before an address: nobody can take a person's place by an address that reads the same. An
    address counts that was confirmed, or that staff have written down, for one person alone.
    """
    if not login or "\0" in login or User.objects.filter(username=login).exists():
        return login
    address = login.lower()
    confirmed = EmailAddress.objects.filter(email=address, verified=True)
    found = list(confirmed.values_list("user__username", flat=True)[:2])
    if not found:
        users = User.objects.filter(email__iexact=address)
        found = list(users.values_list("username", flat=True)[:2])
    return found[0] if len(found) == 1 else login
