"""The forms of signing in and of one's account: allauth's, in the words of these pages."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
)
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as CodeAgainForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.http import HttpRequest

from citizenapp.tenants.names import username_of

_RULES = "At least 8 characters; not only digits, no common word, nothing like your name."
_NAME_LENGTH = 254
_PASSKEY_NAME_LENGTH = 60


def _in_our_words(form: forms.BaseForm, labels: dict[str, str]) -> None:
    """Labels of ours, and no placeholders: they vanish when one types."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
    for name, label in labels.items():
        form.fields[name].label = label


class SignIn(LoginForm):
    """A username or an e-mail address, and a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Passkeys are offered where one types the name.
        widget = forms.TextInput(
            attrs={"autocomplete": "username webauthn", "autocapitalize": "none", "dir": "auto"}
        )
        self.fields["login"] = forms.CharField(max_length=_NAME_LENGTH, widget=widget)
        _in_our_words(self, {"login": "E-mail or username", "password": "Password"})
        self.fields["password"].help_text = ""
        self.order_fields(["login", "password"])

    def add_prefix(self, field_name: str) -> str:
        """`username` is what programs and password managers have always filled in here."""
        return str(super().add_prefix("username" if field_name == "login" else field_name))

    def user_credentials(self) -> dict[str, str]:
        data = self.cleaned_data
        return {"username": username_of(data["login"]), "password": data["password"]}


class Forgotten(ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"email": "E-mail address"})

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """To an unknown address goes a mail as well: it is told there, and only there.

        So the page says the same, and takes as long, whoever is asked about.
        """
        from allauth.account.adapter import get_adapter  # noqa: PLC0415 - it imports these forms

        if self.users:
            return str(super().save(request, **kwargs))
        email = str(self.cleaned_data["email"])
        get_adapter(request).send_mail("unknown_account", email, {})
        return email


class NewPassword(ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"password1": "New password", "password2": "New password again"})
        self.fields["password1"].help_text = _RULES


class ChangePassword(ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(
            self,
            {
                "oldpassword": "Your password now",
                "password1": "New password",
                "password2": "New password again",
            },
        )
        self.fields["oldpassword"].help_text = ""
        self.fields["password1"].help_text = _RULES


class SetPassword(SetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"password1": "Password", "password2": "Password again"})
        self.fields["password1"].help_text = _RULES


class NewAddress(AddEmailForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"email": "New e-mail address"})


class ProveByPassword(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"password": "Password"})
        self.fields["password"].help_text = ""


_CODE = "Code"


class Code(AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"code": _CODE})
        self.fields[
            "code"
        ].help_text = "Six digits from your authenticator app, or a recovery code."


class ProveByCode(CodeAgainForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"code": _CODE})
        self.fields[
            "code"
        ].help_text = "Six digits from your authenticator app, or a recovery code."


class FirstCode(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _in_our_words(self, {"code": "Code that the app shows"})
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


@contextmanager
def _nonsense_refused() -> Iterator[None]:
    """What no passkey ever said makes the library raise all kinds of things."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, struct.error):
        raise forms.ValidationError("This is not what a passkey says.") from None


class _PasskeySays:
    """The answer of a passkey that is used."""

    def clean_credential(self) -> Any:
        with _nonsense_refused():
            return super().clean_credential()  # type: ignore[misc]


class ByPasskey(_PasskeySays, LoginWebAuthnForm):
    """Signing in by a passkey alone."""


class PasskeyAfterPassword(_PasskeySays, AuthenticateWebAuthnForm):
    """A passkey as the second factor."""


class ProveByPasskey(_PasskeySays, ReauthenticateWebAuthnForm):
    """It is still the same person."""


class NewPasskey(AddWebAuthnForm):
    """A passkey that lets its owner in alone: it checks a finger, a face or a PIN by itself."""

    passwordless = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].max_length = _PASSKEY_NAME_LENGTH
        self.fields["name"].widget.attrs["maxlength"] = _PASSKEY_NAME_LENGTH
        _in_our_words(self, {"name": "Name"})
        self.fields["name"].help_text = "Such as the device that keeps it: “Office laptop”."

    def clean(self) -> dict[str, Any]:
        self.cleaned_data["passwordless"] = True
        with _nonsense_refused():
            cleaned: dict[str, Any] = super().clean()
        return cleaned


class PasskeyName(EditWebAuthnForm):
    name = forms.CharField(max_length=_PASSKEY_NAME_LENGTH, label="Name")
