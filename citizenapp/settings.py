"""Every setting of the project, read once from the environment.

With no environment at all the project runs in local mode: PostgreSQL and Valkey come from
wheels, Claude from the emulator. Each variable replaces one of those parts. The table of all
variables is in docs/settings.md; what contradicts itself is a system check (aijobs/checks.py).
"""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from citizenapp import mail_url
from citizenapp.local import postgres, secret_key, valkey
from citizenapp.sign_in_settings import *  # noqa: F403
from citizenapp.tenants.api_versions import NEWEST

BASE_DIR = Path(__file__).resolve().parent.parent


def _number(name: str, default: float) -> float:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    try:
        value = float(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a number, not {raw!r}.") from None
    if not 0 <= value < float("inf"):
        raise ImproperlyConfigured(f"{name} must be zero or more, not {raw!r}.")
    return value


def _switch(name: str, default: bool) -> bool:
    raw = os.environ.get(name, "").strip().lower()
    if raw in {"", "0", "1", "false", "true", "no", "yes", "off", "on"}:
        return raw in {"1", "true", "yes", "on"} if raw else default
    raise ImproperlyConfigured(f"{name} must be true or false, not {raw!r}.")


def _words(name: str) -> list[str]:
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


# --- Where things are -------------------------------------------------------------------

VAR = Path(os.environ.get("CITIZENAPP_VAR") or BASE_DIR / "var").resolve()
LOCAL = not os.environ.get("DATABASE_URL")

if LOCAL:
    DATABASES: dict[str, Any] = {"default": postgres.database(VAR)}
else:
    DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"])}
# Under ASGI every request has a thread of its own: a connection kept there is never used again.
DATABASES["default"] |= {
    "CONN_MAX_AGE": int(_number("CONN_MAX_AGE", 0)),
    "CONN_HEALTH_CHECKS": True,
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    # A host that swallows packets is noticed, not waited for.
    {
        "application_name": "citizenapp",
        "connect_timeout": 10,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        # Of our cursors, only those of citizenapp.database prepare statements.
        "prepare_threshold": 5,
    }
)

REDIS_URL = os.environ.get("REDIS_URL") or valkey.url(VAR)

# --- Claude -----------------------------------------------------------------------------

EMULATED = not (os.environ.get("ANTHROPIC_API_KEY") or os.environ.get("ANTHROPIC_BASE_URL"))
ANTHROPIC_API_KEY = os.environ.get("ANTHROPIC_API_KEY") or "emulator"
# It reads reports of usage and cost, which the key above may not. The emulator takes any.
ANTHROPIC_ADMIN_KEY = os.environ.get("ANTHROPIC_ADMIN_KEY") or (
    "sk-ant-admin-emulator" if EMULATED else ""
)
ANTHROPIC_WORKSPACE_ID = os.environ.get("ANTHROPIC_WORKSPACE_ID", "")
ANTHROPIC_BASE_URL = (
    os.environ.get("CITIZENAPP_EMULATOR_URL") or "http://127.0.0.1:8090"
    if EMULATED
    else os.environ.get("ANTHROPIC_BASE_URL") or "https://api.anthropic.com"
)

# By job type; where there is "", the job type's own.
AIJOBS_MODELS = {
    "summarize": os.environ.get("AIJOBS_MODEL_SUMMARIZE", ""),
    "classify": os.environ.get("AIJOBS_MODEL_CLASSIFY", ""),
    "analyze": os.environ.get("AIJOBS_MODEL_ANALYZE", ""),
}
# Of a job whose prompt is long for its own, where its tenant wants another one.
AIJOBS_MODEL_LONG_PROMPTS = os.environ.get("AIJOBS_MODEL_LONG_PROMPTS") or "claude-sonnet-5-5"
AIJOBS_PRICES = Path(os.environ["AIJOBS_PRICES"]) if os.environ.get("AIJOBS_PRICES") else None
# Of all tenants together; 0 is no limit.
AIJOBS_MONTHLY_LIMIT_USD = Decimal(str(_number("AIJOBS_MONTHLY_LIMIT_USD", 0))) or None

# --- The pipeline -----------------------------------------------------------------------

AIJOBS_SUBMIT_EVERY = _number("AIJOBS_SUBMIT_EVERY", 300)
AIJOBS_SUBMIT_WHEN = int(_number("AIJOBS_SUBMIT_WHEN", 1_000))
AIJOBS_POLL_EVERY = _number("AIJOBS_POLL_EVERY", 30)
AIJOBS_SEND_SECONDS = _number("AIJOBS_SEND_SECONDS", 600)
AIJOBS_ANSWER_SECONDS = _number("AIJOBS_ANSWER_SECONDS", 600)
AIJOBS_RECONCILE_GRACE = _number("AIJOBS_RECONCILE_GRACE", 600)
AIJOBS_BATCH_REQUESTS = int(_number("AIJOBS_BATCH_REQUESTS", 100_000))
AIJOBS_BATCH_BYTES = int(_number("AIJOBS_BATCH_BYTES", 250_000_000))
AIJOBS_QUEUE_SLOTS = int(_number("AIJOBS_QUEUE_SLOTS", 200_000))
AIJOBS_COLLECTION_ITEMS = int(_number("AIJOBS_COLLECTION_ITEMS", 100_000))
AIJOBS_MAX_ATTEMPTS = int(_number("AIJOBS_MAX_ATTEMPTS", 3))
AIJOBS_DELETE_REMOTE_DAYS = _number("AIJOBS_DELETE_REMOTE_DAYS", 7)
AIJOBS_KEEP_JOBS_DAYS = _number("AIJOBS_KEEP_JOBS_DAYS", 0)
AIJOBS_URGENT_AT_ONCE = int(_number("AIJOBS_URGENT_AT_ONCE", 50))
AIJOBS_STOP_GRACE = _number("AIJOBS_STOP_GRACE", 60)
AIJOBS_CLUSTER_PATIENCE = _number("AIJOBS_CLUSTER_PATIENCE", 30)
AIJOBS_CACHE = _switch("AIJOBS_CACHE", True)
AIJOBS_CACHE_CENTS = _number("AIJOBS_CACHE_CENTS", 1)
AIJOBS_SEED_SECONDS = _number("AIJOBS_SEED_SECONDS", 1_800)
# How long an export sees the rows of one moment.
AIJOBS_EXPORT_SECONDS = _number("AIJOBS_EXPORT_SECONDS", 300)
AIJOBS_UPLOAD_BYTES = int(_number("AIJOBS_UPLOAD_BYTES", 10_000_000))
AIJOBS_MOST_WAITING = int(_number("AIJOBS_MOST_WAITING", 1_000_000))
AIJOBS_API_RATE = _number("AIJOBS_API_RATE", 200)
AIJOBS_API_BURST = int(_number("AIJOBS_API_BURST", 2_000))
AIJOBS_API_KEY_PERCENT = int(_number("AIJOBS_API_KEY_PERCENT", 50))
AIJOBS_HELD_ANSWERS = int(_number("AIJOBS_HELD_ANSWERS", 1_000))

# --- Webhooks ---------------------------------------------------------------------------

# Networks and hosts that webhooks may go to although they are private.
AIJOBS_WEBHOOK_ALLOW = _words("AIJOBS_WEBHOOK_ALLOW") or (
    ["127.0.0.0/8", "::1/128"] if LOCAL else []
)
AIJOBS_WEBHOOK_PROXY = os.environ.get("AIJOBS_WEBHOOK_PROXY", "")
AIJOBS_KEEP_WEBHOOKS_DAYS = _number("AIJOBS_KEEP_WEBHOOKS_DAYS", 30)

# --- Django -----------------------------------------------------------------------------

DEBUG = _switch("DEBUG", False)
SECRET_KEY = os.environ.get("SECRET_KEY") or (secret_key.read(VAR) if LOCAL else "")
# Earlier ones, by which sessions and the secrets of second factors can still be read.
SECRET_KEY_FALLBACKS = _words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = _words("ALLOWED_HOSTS") or (["127.0.0.1", "localhost", "[::1]"] if LOCAL else [])
CSRF_TRUSTED_ORIGINS = _words("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "citizenapp.tenants.apps.TenantsConfig",
    "citizenapp.tenants.apps.ThrottleConfig",
    "citizenapp.tenants.apps.AddressesConfig",
    "citizenapp.tenants.apps.SecondFactorsConfig",
    "citizenapp.tenants.apps.SessionsConfig",
    "aijobs",
    "rest_framework",
    "drf_spectacular",
    "rest_framework_api_key",
    "channels",
    "django_q",
    # Whoever serves addresses imports what the admin shows; the pipeline does without.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below WhiteNoise, whose files are compressed on disk; above all that writes a response.
    "citizenapp.compression.CompressionMiddleware",
    "citizenapp.tenants.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "citizenapp.tenants.middleware.access",
    "citizenapp.tenants.middleware.reader",
    "citizenapp.tenants.middleware.once_a_page",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "citizenapp.tenants.sessions.seen",
    "citizenapp.tenants.second_factor.required_of_staff",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "citizenapp.urls"
ASGI_APPLICATION = "citizenapp.asgi.application"
WSGI_APPLICATION = "citizenapp.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # In the place of Django's {% csrf_token %}: it also says in which workspace.
            "builtins": ["aijobs.templatetags.workspace"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "citizenapp.tenants.context.product",
            ],
        },
    },
]

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = [
    # It lets nobody in: it keeps those out who have sent too many wrong passwords.
    "citizenapp.tenants.throttle.ThrottleBackend",
    "django.contrib.auth.backends.ModelBackend",
]
if LOCAL:
    # The demo sign-ins have no usable password: only this backend lets them in, and only here.
    AUTHENTICATION_BACKENDS.append("citizenapp.tenants.demo.DemoBackend")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "sign-in"
# Whether staff see the admin only after a second factor.
STAFF_SECOND_FACTOR = _switch("STAFF_SECOND_FACTOR", not LOCAL)

# --- E-mail -----------------------------------------------------------------------------

EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = SERVER_EMAIL = (
    os.environ.get("EMAIL_FROM") or "CitizenApp <no-reply@localhost>"
)
# Local mode needs no mail server: a page shows what would have been sent.
MAILBOX = LOCAL and not os.environ.get("EMAIL_URL")
if MAILBOX:
    EMAIL_BACKEND = "citizenapp.tenants.mailbox.MailboxBackend"
elif os.environ.get("EMAIL_URL"):
    globals().update(mail_url.read(os.environ["EMAIL_URL"]))
else:
    EMAIL_BACKEND = "citizenapp.tenants.mail.NoServer"

# --- Django's own matters ---------------------------------------------------------------

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "citizenapp.static_files.HashedStaticFilesStorage"},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# A body holds a collection of documents; files are read in chunks and have a limit of their own.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
# As many as a form takes (aijobs/web/forms.py), and one more: the form then says so itself.
DATA_UPLOAD_MAX_NUMBER_FILES = 501

# How many proxies in front add to X-Forwarded-For. `make run` is asked directly.
TRUSTED_PROXIES = 0 if LOCAL else int(_number("TRUSTED_PROXIES", 1))

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if not LOCAL and not DEBUG:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = _switch("SECURE_SSL_REDIRECT", True)
    SECURE_HSTS_SECONDS = int(_number("SECURE_HSTS_SECONDS", 31_536_000))
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]

# --- The libraries ----------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "citizenapp.tenants.authentication.KeyAuthentication",
        "citizenapp.tenants.authentication.MemberAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["citizenapp.tenants.authentication.RolePermission"],
    "DEFAULT_THROTTLE_CLASSES": ["aijobs.api.rate_limits.RateLimits"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "aijobs.api.problems.as_problem",
    "UNAUTHENTICATED_USER": None,
    # Pure ASCII on the wire: the only form in which a lone surrogate survives JSON.
    "UNICODE_JSON": False,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "CitizenApp API",
    "DESCRIPTION": "Queue summaries, classifications and policy analyses; read results and costs."
    f"\n\nThis is version {NEWEST}. A key speaks the version that was the newest when it was made; "
    f"the header `CitizenApp-Version: {NEWEST}` asks for this one, or for an earlier one. Each "
    "answer names its version in the same header.",
    "VERSION": NEWEST,
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "WEBHOOKS": "aijobs.api.webhook_events.EVENTS",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "aijobs.api.openapi.finish",
        "aijobs.api.openapi_parts.tell_parts",
    ],
    "ENUM_NAME_OVERRIDES": {
        "OperationStatus": ["running", "completed", "failed"],
        "StatusEnum": ["queued", "submitted", "processing", "completed", "failed", "canceled"],
        # The names that these had alone.
        "StateEnum": ["waiting", "warm", "cold", "refused"],
        "WebhookStateEnum": ["on", "off", "failed"],
        "WebhookSwitchEnum": ["on", "off"],
        "DeliveryStatusEnum": ["pending", "delivered", "failed"],
        "JobEndEnum": ["completed", "failed", "canceled"],
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
}

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "citizenapp"},
    },
}

# Only allauth uses it: for its limits, and codes that were used. In PostgreSQL, since all processes
# must see the same, and signing in must not need Valkey.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "tenants_cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

# The longest task: dispatch begins its last batch AIJOBS_SEND_SECONDS after the first, and may wait
# as long as that to send it, and for the answer; expedite begins its last call then, which may take
# twice as long as an answer (gateway.longest_message). Then PostgreSQL may be away for minutes.
TASK_SECONDS = 300 + int(
    AIJOBS_SEND_SECONDS + AIJOBS_ANSWER_SECONDS + max(AIJOBS_SEND_SECONDS, AIJOBS_ANSWER_SECONDS)
)

Q_CLUSTER = {
    "name": "citizenapp",
    "label": "Task queue",
    "orm": "default",
    "broker_class": "aijobs.tasks.broker.Broker",
    "workers": 3,
    "queue_limit": 3,
    "bulk": 1,
    "poll": 0.25,
    "guard_cycle": 1,
    "timeout": TASK_SECONDS,
    # A task counts as lost only when no prefetching worker can still be at it:
    # timeout × (queue_limit / workers + 2).
    "retry": 4 * TASK_SECONDS,
    "max_attempts": 1,
    "ack_failures": True,
    "save_limit": -1,
    "catch_up": False,
    "log_level": "WARNING",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname:7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "aijobs": {"level": "INFO"},
        "citizenapp": {"level": "INFO"},
        # A traceback a second while Valkey is away; relay and hub say it in one line.
        "channels_redis": {"level": "CRITICAL"},
    },
}
