"""The addresses of signing in and of accounts. Those that allauth looks for bear its names too."""

from allauth.account import views as account
from allauth.mfa.recovery_codes import views as recovery_codes
from django.urls import path
from django.views.generic import RedirectView

from aijobs.web import accounts, entrance, passkeys

_SIGN_IN = entrance.SignIn.as_view()

urlpatterns = [
    path("sign-in", _SIGN_IN, name="sign-in"),
    path("sign-in", _SIGN_IN, name="account_login"),
    path("sign-in/code", entrance.SecondStep.as_view(), name="mfa_authenticate"),
    path("sign-in/passkey", passkeys.SignInByPasskey.as_view(), name="mfa_login_webauthn"),
    path("sign-in/closed", account.account_inactive, name="account_inactive"),
    path("sign-in/forgotten", entrance.Forgotten.as_view(), name="account_reset_password"),
    path("sign-in/sent", account.password_reset_done, name="account_reset_password_done"),
    path(
        "sign-in/new-password/<str:uidb36>/<str:key>",
        entrance.NewPassword.as_view(),
        name="account_reset_password_from_key",
    ),
    path(
        "sign-in/new-password",
        RedirectView.as_view(pattern_name="sign-in"),
        name="account_reset_password_from_key_done",
    ),
    path("sign-in/again", entrance.AgainByPassword.as_view(), name="account_reauthenticate"),
    path("sign-in/again/code", entrance.AgainByCode.as_view(), name="mfa_reauthenticate"),
    path(
        "sign-in/again/passkey",
        passkeys.AgainByPasskey.as_view(),
        name="mfa_reauthenticate_webauthn",
    ),
    path("sign-out", entrance.sign_out, name="sign-out"),
    path("sign-out", entrance.sign_out, name="account_logout"),
    path("confirm/<str:key>", accounts.ConfirmedAddress.as_view(), name="account_confirm_email"),
    path("settings/security", accounts.security, name="security"),
    path("settings/security", accounts.security, name="mfa_index"),
    path("settings/security/address", accounts.Address.as_view(), name="account_email"),
    path("settings/security/password", accounts.Password.as_view(), name="account_change_password"),
    path(
        "settings/security/first-password",
        accounts.FirstPassword.as_view(),
        name="account_set_password",
    ),
    path("settings/security/app", accounts.App.as_view(), name="mfa_activate_totp"),
    path("settings/security/app/remove", accounts.WithoutApp.as_view(), name="mfa_deactivate_totp"),
    path("settings/security/passkeys", passkeys.NewPasskey.as_view(), name="mfa_add_webauthn"),
    path(
        "settings/security/passkeys/<int:pk>",
        passkeys.PasskeyName.as_view(),
        name="mfa_edit_webauthn",
    ),
    path(
        "settings/security/passkeys/<int:pk>/remove",
        passkeys.WithoutPasskey.as_view(),
        name="mfa_remove_webauthn",
    ),
    path(
        "settings/security/codes",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "settings/security/codes/new",
        accounts.NewCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "settings/security/codes/download",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("settings/sessions", accounts.where_signed_in, name="sessions"),
    path("settings/sessions/end", accounts.end_sessions, name="end-sessions"),
    path("settings/sessions/<int:session_id>/end", accounts.end_session, name="end-session"),
    path("mailbox", accounts.mails, name="mailbox"),
]
