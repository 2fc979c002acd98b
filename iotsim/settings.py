"""Every setting of iotsim. Environments differ by variables only, each also read from a file (`NAME_FILE`).

Nothing set at all means *local*: the embedded PostgreSQL and Valkey (see `iotsim.embedded`), plain http on
this machine, a generated secret key. As soon as DATABASE_URL is set, everything is as strict as production
needs it. Wrong values are reported by `iotsim.checks`, all together and each with a hint.
"""

from typing import Any

from csp.constants import NONE, SELF, UNSAFE_INLINE

from iotsim import env, logs, places

BASE_DIR = places.BASE_DIR
DATA_DIR = places.data_folder()
_sockets = places.socket_folder(DATA_DIR)


def _kept(name: str) -> str:
    """A secret of this installation out of the data folder."""
    try:
        return places.secret(DATA_DIR, name)
    except OSError as error:
        hint = "Set DATA_DIR to a folder that this user may write to."
        env.refuse("DATA_DIR", f"The data folder {DATA_DIR} cannot be used: {error.strerror or error}.", hint)
        return ""


# --- What kind of installation this is ---
DEBUG = env.flag("DEBUG")
_database = env.database("DATABASE_URL")
LOCAL = not env.text("DATABASE_URL")
HTTPS = env.flag("HTTPS", default=not (LOCAL or DEBUG))
HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, minimum=1, maximum=65535)
SITE_URL = env.url("SITE_URL", ("http", "https"), f"http://127.0.0.1:{PORT}").rstrip("/")

# --- Security ---
SECRET_KEY = env.text("SECRET_KEY") or (_kept("secret-key") if LOCAL or DEBUG else "")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"] if LOCAL or DEBUG else [])
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY") else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_NAME = "iotsim_session"
CSRF_COOKIE_NAME = "iotsim_csrf"
X_FRAME_OPTIONS = "DENY"
# Whether subdomains speak https, and whether browsers preload that, is not for one application to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
OIDC_ISSUER = env.url("OIDC_ISSUER", ("http", "https")).rstrip("/")
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # Plotly and the quota bars write style attributes; style *elements* and scripts stay files of ours.
        "style-src-attr": [UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        # Browsers hold a form to this also where it is sent on, as the button of the single sign-on is.
        "form-action": [SELF, *filter(None, [env.origin(OIDC_ISSUER)])],
        "frame-ancestors": [NONE],
    }
}

# --- Applications ---
INSTALLED_APPS = [
    "iotsim",
    "iotsim.core",
    "sims",
    "analytics",
    "copilot",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "iotsim.backoffice.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "channels",
    "django_celery_beat",
    "django_htmx",
    "ninja",
    "template_partials",
]
MIDDLEWARE = [
    "iotsim.logs.RequestLog",
    "iotsim.metrics.Measured",
    "django.middleware.security.SecurityMiddleware",
    "iotsim.static.StaticFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "iotsim.accounts.sessions.LastSeen",
    "iotsim.web.Errors",
    "iotsim.api.Methods",
    "iotsim.web.Support",
]
ROOT_URLCONF = "iotsim.urls"
ASGI_APPLICATION = "iotsim.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "iotsim.frame.frame",
            ],
        },
    }
]

# --- The admin (django-unfold); its colours stand in static/admin.css ---
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "iotsim admin",
    "SITE_HEADER": "iotsim admin",
    "SITE_SUBHEADER": "iotsim.backoffice.navigation.subheader",
    "SITE_URL": "/",
    "SITE_ICON": "/static/logo.svg",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/logo.svg"}],
    "SITE_DROPDOWN": [
        {"icon": "domain", "title": "Choose an organisation", "link": "/admin/organization/"},
        {"icon": "arrow_back", "title": "Back to the product", "link": "/"},
    ],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "ENVIRONMENT": "iotsim.backoffice.navigation.environment",
    "STYLES": ["/static/admin.css"],
    "ACCOUNT": {"navigation": [{"title": "Change password", "link": "/accounts/password/change/"}]},
    "SIDEBAR": {"show_search": True, "navigation": "iotsim.backoffice.navigation.groups"},
}

# --- Database: the login owns the tables and migrates, the application works as a role that owns nothing ---
DATABASE_POOL_SIZE = env.number("DATABASE_POOL_SIZE", 8, minimum=0, maximum=500)
_embedded_database: dict[str, Any] = {
    "NAME": places.DATABASE_NAME,
    "USER": places.DATABASE_OWNER,
    "PASSWORD": _kept("database-password") if LOCAL else "",
    "HOST": str(_sockets),
    "PORT": "5432",
    "OPTIONS": {},
}
_connection = _database or _embedded_database
_options: dict[str, Any] = dict(_connection["OPTIONS"])
_options["options"] = f"{_options.get('options', '')} -c role={places.DATABASE_APPLICATION_ROLE}".strip()
if DATABASE_POOL_SIZE:
    _options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 20}
DATABASES: dict[str, Any] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **_connection,
        "OPTIONS": _options,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Valkey or Redis: cache, channel layer and broker share one database, kept apart by prefixes ---
REDIS_URL = env.url("REDIS_URL", ("redis", "rediss", "unix"), f"unix://{_sockets}/valkey.sock")
REDIS_PREFIX = env.text("REDIS_PREFIX", "iotsim")
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}:cache",
    }
}
CHANNEL_LAYERS: dict[str, Any] = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {
            # redis-py's own timeout of 5 s equals the layer's blocking pop: idle sockets would die with 1011.
            "hosts": [{"address": REDIS_URL, "socket_timeout": None}],
            "prefix": f"{REDIS_PREFIX}:live",
        },
    }
}

# --- Jobs ---
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600, "global_keyprefix": f"{REDIS_PREFIX}:jobs:"}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "iotsim"
CELERY_TASK_IGNORE_RESULT = True  # a job's result stands in its Job row
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.number("WORKER_CONCURRENCY", 2, minimum=1, maximum=256)
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 3.0
CELERY_BEAT_SCHEDULER = "iotsim.beat:KeepingScheduler"  # what is set in the admin wins over what stands here
CELERY_BEAT_SCHEDULE: dict[str, Any] = {
    "send lost jobs again": {"task": "iotsim.sweep_jobs", "schedule": 30.0},
    "end late approvals": {"task": "iotsim.expire_approvals", "schedule": 60.0},
    "go on after decisions": {"task": "copilot.follow_decisions", "schedule": 60.0},
    "forget idempotency keys": {"task": "iotsim.forget_idempotency_keys", "schedule": 3600.0},
    "end support sessions": {"task": "iotsim.end_impersonations", "schedule": 60.0},
    "keep usage partitions": {"task": "sims.keep_partitions", "schedule": 6 * 3600.0},
    "forget old reports": {"task": "sims.forget_reports", "schedule": 3600.0},
    "look into watched folders": {"task": "sims.look_into_folders", "schedule": 10.0},
    "begin billing cycles": {"task": "sims.roll_cycles", "schedule": 600.0},
    "watch for silence": {"task": "sims.watch_silence", "schedule": 600.0},
    "nightly checks": {"task": "sims.start_nights", "schedule": 900.0, "kwargs": {"hour": 2}},
    "look at the last hour": {"task": "analytics.look_at_last_hour", "schedule": 3600.0},
    "analytics nights": {"task": "analytics.start_nights", "schedule": 900.0, "kwargs": {"hour": 3}},
    "forget attachments": {"task": "copilot.forget_attachments", "schedule": 3600.0},
    "train models": {"task": "analytics.start_trainings", "schedule": 6 * 3600.0},
}
CELERY_TIMEZONE = "UTC"

# --- People ---
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SIGNUP_OPEN = env.flag("SIGNUP_OPEN")
ACCOUNT_ADAPTER = "iotsim.accounts.adapters.Accounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SIGNUP_OPEN else "none"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 1  # an address added but not confirmed must never catch somebody else's single sign-on
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_ON_GET = False
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
# Behind a proxy the address of whoever signs in stands in X-Forwarded-For; the limits go by it.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if SECURE_PROXY_SSL_HEADER else 0
INVITATION_DAYS = env.number("INVITATION_DAYS", 7, minimum=1, maximum=60)

# --- Second factors: codes of an authenticator app, security keys, recovery codes ---
MFA_ADAPTER = "iotsim.accounts.adapters.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "iotsim"
MFA_TOTP_TOLERANCE = 1  # a clock may be half a minute wrong
MFA_ALLOW_UNVERIFIED_EMAIL = True  # people come by invitation; who signs up themselves confirms the address first
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers themselves allow it on localhost only

# --- Single sign-on at one OpenID Connect provider ---
OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET")
OIDC_NAME = env.text("OIDC_NAME", "single sign-on")
SOCIALACCOUNT_ADAPTER = "iotsim.accounts.adapters.SingleSignOn"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # the operator names the provider, so its confirmed addresses are trusted
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": env.oidc(OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET)}
}

# --- Mail: files in the data folder until a server is named ---
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
globals().update(env.email("EMAIL_URL"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("EMAIL_FROM", "iotsim@localhost")

# --- Words, times, files ---
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = DATA_DIR / "uploads"
STORAGES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": MEDIA_ROOT, "base_url": None},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
UPLOAD_MAX_BYTES = env.number("UPLOAD_MAX_BYTES", 2_000_000_000, minimum=1)
REPORT_DAYS = env.number("REPORT_DAYS", 30, minimum=1, maximum=3650)  # how long the files of reports are kept
DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000_000  # of a body in JSON or a form: 10,000 usage records fit
WATCH_DIR = env.text("WATCH_DIR", str(DATA_DIR / "watch"))  # a folder for each organisation, named by its slug
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700

# --- The demo organisation, made in an empty database ---
SEED_DEMO = env.flag("SEED_DEMO", default=True)

# --- How long usage is kept, in days; 0 is for ever (see docs/retention.md) ---
RECORDS_KEPT_DAYS = env.number("RECORDS_KEPT_DAYS", 0)
HOURS_KEPT_DAYS = env.number("HOURS_KEPT_DAYS", 400)
DAYS_KEPT_DAYS = env.number("DAYS_KEPT_DAYS", 0)

# --- Approvals ---
APPROVAL_HOURS = env.number("APPROVAL_HOURS", 168, minimum=1)  # how long a machine's call waits for a person

# --- Copilot: without a model the built-in offline planner answers ---
COPILOT_MODEL = env.text("COPILOT_MODEL")
COPILOT_MODELS = env.words("COPILOT_MODELS")  # what organisations may choose beside COPILOT_MODEL and the planner
COPILOT_OFFER_HOURS = env.number("COPILOT_OFFER_HOURS", 24, minimum=1)  # how long "yes" takes what was offered
COPILOT_FALLBACK_MODELS = env.words("COPILOT_FALLBACK_MODELS")
COPILOT_INSIDE_HOSTS = env.words("COPILOT_INSIDE_HOSTS")  # hosts of models that are ours, beside this machine
COPILOT_VISION_MODELS = env.words("COPILOT_VISION_MODELS")  # that can see, beside those of which litellm knows it
COPILOT_PRICES = env.prices("COPILOT_PRICES")  # provider/model=dollars in/dollars out, for a million tokens
COPILOT_PROVIDER_KEYS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "azure": "AZURE_API_KEY",
    "cohere": "COHERE_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "groq": "GROQ_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "together_ai": "TOGETHERAI_API_KEY",
    "xai": "XAI_API_KEY",
}
for _key in COPILOT_PROVIDER_KEYS.values():
    env.share(_key)
COPILOT_API_BASE = env.url("COPILOT_API_BASE", ("http", "https"))
COPILOT_QUESTIONS_PER_MINUTE = env.number("COPILOT_QUESTIONS_PER_MINUTE", 10, minimum=1)
COPILOT_MAX_MESSAGE_CHARS = env.number("COPILOT_MAX_MESSAGE_CHARS", 4000, minimum=1)
COPILOT_MAX_STEPS = env.number("COPILOT_MAX_STEPS", 8, minimum=1, maximum=50)  # model calls in one run
COPILOT_MAX_CALLS = env.number("COPILOT_MAX_CALLS", 20, minimum=1)  # tool calls in one run
COPILOT_MAX_TOKENS = env.number("COPILOT_MAX_TOKENS", 400_000, minimum=1000)  # in one run of eight steps
COPILOT_MAX_OUTPUT_TOKENS = env.number("COPILOT_MAX_OUTPUT_TOKENS", 4096, minimum=64)  # in one answer of the model
COPILOT_MAX_SECONDS = env.number("COPILOT_MAX_SECONDS", 120, minimum=1)
COPILOT_SILENCE_SECONDS = env.number("COPILOT_SILENCE_SECONDS", 30, minimum=1)  # of the model
COPILOT_HISTORY_TOKENS = env.number("COPILOT_HISTORY_TOKENS", 12_000, minimum=500)
COPILOT_ATTACHMENT_BYTES = env.number("COPILOT_ATTACHMENT_BYTES", 10_000_000, minimum=1000)  # of a file given to it
COPILOT_ATTACHMENT_DAYS = env.number("COPILOT_ATTACHMENT_DAYS", 30, minimum=1, maximum=3650)  # how long it is kept
COPILOT_RUNS_AT_ONCE = env.number("COPILOT_RUNS_AT_ONCE", 50, minimum=1)

# --- Traces of the copilot: sent by OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_ENDPOINT; see docs/evaluation.md)
TRACE_CONTENT = env.flag("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT")  # questions, answers, tool results
env.share("OTEL_EXPORTER_OTLP_HEADERS")

# --- Where trainings are noted beside our own table: our database, or an MLflow server ---
MLFLOW_TRACKING_URI = env.text("MLFLOW_TRACKING_URI")

# --- Figures for Prometheus, at /metrics ---
METRICS_TOKEN = env.text("METRICS_TOKEN")

# --- API ---
API_REQUESTS_PER_MINUTE = env.number("API_REQUESTS_PER_MINUTE", 1200, minimum=0)  # of a key's owner; 0: no limit
EVENTS_BEAT_SECONDS = env.number("EVENTS_BEAT_SECONDS", 15, minimum=1)  # of silence, then a sign of life
EVENTS_RECHECK_SECONDS = env.number("EVENTS_RECHECK_SECONDS", 30, minimum=1)  # whether a reader may still read
EVENTS_UNREAD_SECONDS = env.number("EVENTS_UNREAD_SECONDS", 60, minimum=1)  # how long a reader may read nothing

# --- Logs ---
LOG_FORMAT = env.one_of("LOG_FORMAT", ("console", "json"), "console" if LOCAL or DEBUG else "json")
LOG_LEVEL = env.one_of("LOG_LEVEL", ("debug", "info", "warning", "error"), "info").upper()
LOGGING = logs.settings(log_format=LOG_FORMAT, level=LOG_LEVEL)
