"""The forms by which people come into a workspace, and get roles in it."""

import re
from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from citizenapp.tenants.invitations import LASTS_DAYS, MOST_AT_ONCE
from citizenapp.tenants.models import Role, User

_BETWEEN = re.compile(r"[\s,;]+")
LASTS = [(1, "1 day"), (LASTS_DAYS, "7 days"), (14, "14 days"), (30, "30 days")]


class NewRole(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class Invite(forms.Form):
    """Addresses, and the role that all of them are to have: the own one or one below it."""

    emails = forms.CharField(
        label="E-mail addresses",
        help_text=f"Up to {MOST_AT_ONCE}, with commas or each on a line of its own.",
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": "Give one address at least."},
    )
    role = forms.ChoiceField(label="Role")
    days = forms.TypedChoiceField(
        label="The link works for", choices=LASTS, coerce=int, initial=LASTS_DAYS
    )

    def __init__(self, own: Role, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(one.value, one.label) for one in own.up_to_it]
        field.initial = Role.MEMBER

    def clean_emails(self) -> list[str]:
        """Each once, in lower case. An error names the address that is none."""
        given = [one for one in _BETWEEN.split(self.cleaned_data["emails"]) if one]
        emails = list(dict.fromkeys(one.lower() for one in given))
        if len(emails) > MOST_AT_ONCE:
            raise ValidationError(f"These are {len(emails)}. Send {MOST_AT_ONCE} at once at most.")
        wrong = []
        for email in emails:
            try:
                validate_email(email)
            except ValidationError:
                wrong.append(email[:100])
        if wrong:
            raise ValidationError([f"“{one}” is no e-mail address." for one in wrong])
        return emails


class NewPerson(forms.Form):
    """Who comes by an invitation and has no account yet."""

    name = forms.CharField(
        label="Your name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        label="A password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Eight characters at least, not all of them digits, and none of the usual ones.",
    )

    def __init__(self, email: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._email = email

    def clean_name(self) -> str:
        return " ".join(self.cleaned_data["name"].split())

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        name = self.cleaned_data.get("name", "")
        person = User(username=self._email[:150], email=self._email, first_name=name)
        password_validation.validate_password(password, person)
        return password
