"""How people sign in: settings of django-axes and django-allauth, none of the environment's."""

from datetime import timedelta

AXES_HANDLER = "citizenapp.tenants.throttle.ThrottleHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], ["ip_address"], ["username"]]
# Wrong passwords by each of these within AXES_COOLOFF_TIME. The first limit is for a person who
# mistypes, the others for programs that try many names, or come from many addresses.
SIGN_IN_LIMITS = [5, 20, 50]
AXES_FAILURE_LIMIT = SIGN_IN_LIMITS[0]
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
# Who goes on trying does not prolong it: nobody is kept out for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "citizenapp.tenants.throttle.client_address"
AXES_LOCKOUT_CALLABLE = "citizenapp.tenants.throttle.too_many"
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False  # citizenapp/tenants/door_admin.py shows what staff need of it
AXES_VERBOSE = False

# allauth: signing in by e-mail, second factors, sessions. Nobody signs up: people are invited.
ACCOUNT_ADAPTER = "citizenapp.tenants.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# Signing in waits for none. A new address counts once it is confirmed, whatever this says.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_FORMS = {
    "login": "citizenapp.tenants.account_forms.SignIn",
    "reset_password": "citizenapp.tenants.account_forms.Forgotten",
    "reset_password_from_key": "citizenapp.tenants.account_forms.NewPassword",
    "change_password": "citizenapp.tenants.account_forms.ChangePassword",
    "set_password": "citizenapp.tenants.account_forms.SetPassword",
    "add_email": "citizenapp.tenants.account_forms.NewAddress",
    "reauthenticate": "citizenapp.tenants.account_forms.ProveByPassword",
}
# Wrong passwords are django-axes' matter (docs/decisions/0051-one-door.md), so "login" is none.
# "login_failed" counts wrong codes: those who send them knew the password.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "5/5m/key",
    "reset_password": "20/m/ip,5/h/key",
    "manage_email": "10/h/user",
}
MFA_ADAPTER = "citizenapp.tenants.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Clocks differ: the code before and the one after count as well.
MFA_TOTP_TOLERANCE = 1
MFA_TOTP_ISSUER = "CitizenApp"
# allauth's rule is against strangers who sign up with an address of somebody else's.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_RATE_LIMITS = {"webauthn_login": "30/m/ip"}
MFA_FORMS = {
    "authenticate": "citizenapp.tenants.account_forms.Code",
    "reauthenticate": "citizenapp.tenants.account_forms.ProveByCode",
    "activate_totp": "citizenapp.tenants.account_forms.FirstCode",
    "login_webauthn": "citizenapp.tenants.account_forms.ByPasskey",
    "authenticate_webauthn": "citizenapp.tenants.account_forms.PasskeyAfterPassword",
    "reauthenticate_webauthn": "citizenapp.tenants.account_forms.ProveByPasskey",
    "add_webauthn": "citizenapp.tenants.account_forms.NewPasskey",
    "edit_webauthn": "citizenapp.tenants.account_forms.PasskeyName",
}
USERSESSIONS_ADAPTER = "citizenapp.tenants.adapters.SessionsAdapter"
