"""Django settings. Everything an operator may set is an environment variable named here."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF

from beforehand.config.home import home, secret

HOME = home()
SECRET_KEY = secret("django.key")
DEBUG = os.environ.get("BEFOREHAND_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("BEFOREHAND_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("BEFOREHAND_ORIGINS", "").split(",") if origin]

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",  # pages of the sign-in library use it
    "beforehand.web",  # before the sign-in library, whose pages it dresses
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "django_q",
    "template_partials",
    "django.forms",
    "beforehand.record",
    "beforehand.intake",
    "beforehand.lookahead",
    "beforehand.care.needs",
    "beforehand.doors.coordinator",
    "beforehand.doors.gate",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
    "beforehand.doors.gate.middleware.GateMiddleware",  # last: nothing stands between it and the pages
]

ROOT_URLCONF = "beforehand.config.urls"
WSGI_APPLICATION = "beforehand.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "beforehand.doors.coordinator.frame.frame",
            ],
        },
    }
]

# SQLite: readers never block the writer (WAL), a writer locks at the start (IMMEDIATE), a commit is on disk (FULL).
DATABASES = {"default": dj_database_url.config(default=f"sqlite:///{HOME / 'beforehand.db'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "cached_statements": 1024,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        " PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=268435456",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 600
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "record.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
PERSON_ROUTE = "person"

# Sign-in: accounts are made by an administrator, so there is no self-registration and no e-mail.
ACCOUNT_ADAPTER = "beforehand.doors.gate.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {"login_failed": False}  # counted by axes, in the database that all web processes share
MFA_ADAPTER = "beforehand.doors.gate.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Beforehand"
MFA_TOTP_TOLERANCE = 1
MFA_PASSKEY_LOGIN_ENABLED = False  # a passkey is a second factor here, not a way around the password
# For http://localhost; browsers refuse passkeys on any other address without TLS.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = os.environ.get("BEFOREHAND_HTTPS") != "1"
# Nobody sees a patient before setting up a second factor. "offered" or 0 only offers it: the demo, and nothing else.
REQUIRE_MFA = os.environ.get("BEFOREHAND_REQUIRE_MFA", "required") not in ("offered", "0")
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # a stranger elsewhere cannot lock a colleague out
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "beforehand.doors.gate.adapter.name_tried"
AXES_LOCKOUT_CALLABLE = "beforehand.doors.gate.adapter.answer_locked_out"
AXES_VERBOSE = False
AXES_SENSITIVE_PARAMETERS = ["password"]
AXES_IPWARE_PROXY_COUNT = int(os.environ.get("BEFOREHAND_PROXIES", "0"))
IDLE_MINUTES = int(os.environ.get("BEFOREHAND_IDLE_MINUTES", "15"))
LIVE_SECONDS = int(os.environ.get("BEFOREHAND_LIVE_SECONDS", "4"))  # how often an open list asks for news; 0: never
SESSION_COOKIE_AGE = 12 * 3600  # a shift; after it everybody signs in again
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

CSRF_FAILURE_VIEW = "beforehand.doors.coordinator.plain.forbidden"
FORM_RENDERER = "beforehand.web.forms.UswdsRenderer"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # never in a cookie

LANGUAGE_CODE = "en-us"
TIME_ZONE = os.environ.get("BEFOREHAND_ZONE", "America/New_York")
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)  # files are served from where they lie; the server only warns when it is missing
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("BEFOREHAND_HTTPS") == "1"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}

# Durable jobs in the same database. retry > timeout > the longest job, or a job would run twice.
Q_CLUSTER = {
    "name": "beforehand",
    "orm": "default",
    "workers": int(os.environ.get("BEFOREHAND_WORKERS", "1")),
    "timeout": 3300,
    "retry": 3600,
    "max_attempts": 5,
    "poll": 1,
    "catch_up": False,
    "ack_failures": False,
    "save_limit": 1000,
    "bulk": 1,
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": os.environ.get("BEFOREHAND_LOG", "WARNING")},
}

BLOBS: Path = HOME / "blobs"
COLUMNS: Path = Path(os.environ.get("BEFOREHAND_COLUMNS") or HOME / "columns")  # for Spark: a folder its workers share
SPARK_MASTER: str = os.environ.get("BEFOREHAND_SPARK_MASTER", "")  # empty: what spark-defaults.conf or spark-submit say
AUDIT_ANCHOR: Path = Path(os.environ.get("BEFOREHAND_AUDIT_ANCHOR") or HOME / "anchor" / "audit.jsonl")
AUDIT_KEY: str = secret("audit.key")  # seals the audit trail; outside the database, so its editors cannot reseal
WEBHOOK_KEY: str = secret("webhook.key")  # makes the secrets of those who post to us; in no database
SIGN_IN_KEY: str = secret("sign-in.key")  # encrypts second-factor secrets in the database
