"""Typed settings of a deployment: the environment wins over the ini file, which wins over defaults.

Figures of law and commerce are not here: those are rows of `system_settings`, see
`realty.rules.policy`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from limits import parse

SAMPLE_SECRET = "development-only-secret-change-me-please"  # noqa: S105 - refused in production
MINIMUM_SECRET_BYTES = 32
LEAST_COST_IN_PRODUCTION = 10
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")


class SettingsError(ValueError):
    """Every problem of a configuration, one a line, each naming its setting."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """One HS256 key: `kid` travels in the header of a token, `secret` never travels."""

    kid: str
    secret: str = field(repr=False)


def _boolean(text: str) -> bool:
    lowered = text.strip().lower()
    if lowered not in {"true", "false"}:
        raise ValueError("must be true or false")
    return lowered == "true"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.replace(",", " ").split())


def _token_keys(text: str) -> tuple[TokenKey, ...]:
    keys = []
    for word in _words(text):
        kid, separator, secret = word.partition(":")
        if not (kid and separator and secret):
            raise ValueError("must be a list of kid:secret")
        keys.append(TokenKey(kid, secret))
    if len({key.kid for key in keys}) < len(keys):
        raise ValueError("names a kid twice")
    if len({key.secret for key in keys}) < len(keys):
        raise ValueError("gives two kids the same secret")
    if not keys:
        raise ValueError("must name at least one kid:secret")
    return tuple(keys)


def _origins(text: str) -> tuple[str, ...]:
    """Exact origins as a browser sends them: lower case, no path; neither `*` nor `null`."""
    origins = _words(text)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise ValueError(
                f"{origin!r} is not an exact origin such as https://app.realty.example"
            )
    return origins


def _rate(text: str) -> str:
    if text:
        parse(text)
    return text


def _choice(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return text

    return parse


def _between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text) if text.strip().lstrip("-").isdecimal() else None
        if number is None or not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return parse


def _setting(default: Any, parse: Callable[[str], Any], doc: str) -> Any:
    return field(default=default, metadata={"parse": parse, "doc": doc})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a deployment may choose. Each field reads `REALTY_<NAME>`, then `realty.<name>`."""

    environment: str = _setting(
        "development",
        _choice("development", "test", "production"),
        "`production` refuses sample secrets, SQLite and open CORS.",
    )
    database_url: str = _setting(
        "sqlite:///var/realty.sqlite",
        str,
        "`sqlite:///path` or `postgresql://user:password@host:port/name`; `DATABASE_URL` too.",
    )
    token_keys: tuple[TokenKey, ...] = _setting(
        (TokenKey("sample", SAMPLE_SECRET),),
        _token_keys,
        "Signing keys as `kid:secret`, of at least 32 bytes each: the first signs, all verify.",
    )
    token_issuer: str = _setting("realty", str, "`iss` of access tokens.")
    token_audience: str = _setting("realty-api", str, "`aud` of access tokens.")
    access_token_minutes: int = _setting(15, _between(1, 60), "Life of an access token.")
    refresh_token_days: int = _setting(30, _between(1, 365), "Life of a refresh token.")
    refresh_grace_seconds: int = _setting(
        10, _between(0, 60), "How long a spent refresh token still serves a second browser tab."
    )
    sessions_per_user: int = _setting(
        20, _between(1, 1000), "The oldest session ends when one user opens more."
    )
    bcrypt_cost: int = _setting(12, _between(4, 16), "log2 of the bcrypt rounds.")
    bcrypt_concurrency: int = _setting(
        4, _between(1, 64), "Password hashes at once in one process; more are answered 429."
    )
    auth_limit: str = _setting(
        "60/minute",
        _rate,
        "Requests of one address to the public sign-in operations, and of one account to those that"
        " ask for its password, invite or export, per process; empty for none.",
    )
    cache_backend: str = _setting(
        "memory",
        _choice("memory", "none"),
        "Where answers that everybody may read are kept ready: memory, in each process, or none.",
    )
    cache_mb: int = _setting(
        16, _between(1, 4096), "How many MiB of answers one process keeps in its memory."
    )
    contract: str = _setting(
        str(Path(__file__).resolve().parent.parent / "openapi.yaml"),
        str,
        "The contract file.",
    )
    contract_validators: str = _setting(
        "compiled",
        _choice("compiled", "stock"),
        "`compiled` is ours; `stock` is pyramid_openapi3's own, slower and looser.",
    )
    cors_origins: tuple[str, ...] = _setting(
        ("http://localhost:3000", "http://127.0.0.1:3000"),
        _origins,
        "Exact origins of the portals.",
    )
    allowed_hosts: tuple[str, ...] = _setting(
        (), _words, "Host names that are answered; empty for any. Required in production."
    )
    max_body_bytes: int = _setting(
        1_048_576, _between(1024, 16_777_216), "The largest request body."
    )
    metrics_token: str = _setting(
        "",
        str,
        "Whoever reads /metrics sends it as bearer token. Empty: open in development and test,"
        " closed in production.",
    )
    docs_enabled: bool = _setting(True, _boolean, "Whether /docs/ is served.")
    server_timing: bool = _setting(
        False,
        _boolean,
        "Whether each answer tells in Server-Timing how many statements it sent to the database and"
        " how long they took. Production refuses it.",
    )
    portal_url: str = _setting(
        "http://localhost:3000", str, "Where links in mail lead: the front end."
    )
    storage_backend: str = _setting(
        "folder",
        _choice("folder", "s3"),
        "Where files are kept: `folder`, which all processes share, or a bucket of `s3`.",
    )
    storage_folder: str = _setting("var/files", str, "Where the `folder` backend keeps files.")
    s3_endpoint: str = _setting(
        "", str, "Address of an S3-compatible store; empty for that of Amazon."
    )
    s3_region: str = _setting("us-east-1", str, "Region of the bucket.")
    s3_bucket: str = _setting("", str, "The bucket, which must exist and be private.")
    s3_access_key: str = _setting(
        "", str, "Access key; empty for the one that the machine was given."
    )
    s3_secret_key: str = _setting("", str, "The secret of the access key.")
    mail_backend: str = _setting(
        "folder", _choice("folder", "smtp"), "`folder` writes mail to files, `smtp` sends it."
    )
    mail_folder: str = _setting("var/mail", str, "Where the `folder` backend writes.")
    mail_from: str = _setting("Realty <no-reply@realty.example>", str, "The sender of every mail.")
    smtp_host: str = _setting("localhost", str, "SMTP server.")
    smtp_port: int = _setting(587, _between(1, 65535), "SMTP port.")
    smtp_user: str = _setting("", str, "SMTP user; empty for none.")
    smtp_password: str = _setting("", str, "SMTP password.")
    smtp_starttls: bool = _setting(True, _boolean, "Whether SMTP is upgraded to TLS.")

    @property
    def is_production(self) -> bool:
        """Whether sample values are refused."""
        return self.environment == "production"

    @property
    def metrics_are_open(self) -> bool:
        """Whether anybody may read /metrics."""
        return not (self.metrics_token or self.is_production)

    @classmethod
    def load(cls, ini: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
        """Read every field; raise one `SettingsError` that names all problems at once."""
        values: dict[str, Any] = {}
        problems: list[str] = []
        unread: set[str] = set()
        known = {f"realty.{item.name}" for item in fields(cls)} | {"realty.clock"}
        problems += [
            f"{key}: no such setting"
            for key in ini
            if key.startswith("realty.") and key not in known
        ]
        for item in fields(cls):
            variable = f"REALTY_{item.name.upper()}"
            raw = environ.get(variable, ini.get(f"realty.{item.name}"))
            if item.name == "database_url":
                raw = environ.get("DATABASE_URL") or raw
            if raw is None:
                continue
            try:
                values[item.name] = item.metadata["parse"](str(raw))
            except ValueError as error:
                problems.append(f"{variable} (realty.{item.name}): {error}")
                unread.add(variable)
        # A default that stands in for what could not be read is not to be complained of as well.
        refusals = cls(**values)._refusals()
        problems += [each for each in refusals if each.partition(":")[0] not in unread]
        if problems:
            raise SettingsError("\n".join(problems))
        return cls(**values)

    def _refusals(self) -> list[str]:
        short = [
            key.kid for key in self.token_keys if len(key.secret.encode()) < MINIMUM_SECRET_BYTES
        ]
        problems = [
            f"REALTY_TOKEN_KEYS: the secret of {kid!r} is shorter than {MINIMUM_SECRET_BYTES} bytes"
            for kid in short
        ]
        if self.storage_backend == "s3" and not self.s3_bucket:
            problems.append("REALTY_S3_BUCKET: name the bucket that files are kept in")
        if self.metrics_token and len(self.metrics_token.encode()) < MINIMUM_SECRET_BYTES:
            problems.append(
                f"REALTY_METRICS_TOKEN: is shorter than {MINIMUM_SECRET_BYTES} bytes; take a random"
                " one, or none"
            )
        if not self.is_production:
            return problems
        if any(key.secret == SAMPLE_SECRET for key in self.token_keys):
            problems.append(
                "REALTY_TOKEN_KEYS: production refuses the sample secret; "
                "set kid:secret with a random secret, for example from `openssl rand -hex 32`"
            )
        if self.server_timing:
            problems.append("REALTY_SERVER_TIMING: production tells nobody how it works inside")
        if self.database_url.startswith("sqlite:"):
            problems.append("DATABASE_URL: production needs a postgresql:// database")
        if not self.cors_origins or any(o.startswith("http:") for o in self.cors_origins):
            problems.append("REALTY_CORS_ORIGINS: name the exact https:// origins of the portals")
        if not self.portal_url.startswith("https://"):
            problems.append("REALTY_PORTAL_URL: links in mail need the portal's https:// address")
        if not self.allowed_hosts:
            problems.append("REALTY_ALLOWED_HOSTS: name the hosts that this service answers")
        if self.bcrypt_cost < LEAST_COST_IN_PRODUCTION:
            problems.append(
                f"REALTY_BCRYPT_COST: production needs at least {LEAST_COST_IN_PRODUCTION}"
            )
        return problems


def describe() -> list[tuple[str, str, str, str]]:
    """(environment variable, type, default, meaning) of each setting, for the documentation."""
    hints = get_type_hints(Settings)
    rows = []
    for item in fields(Settings):
        default = item.default
        if item.name == "token_keys":
            default = "(a sample that production refuses)"
        elif item.name == "contract":
            default = "openapi.yaml beside the package"
        elif isinstance(default, tuple):
            default = " ".join(default)
        name = getattr(hints[item.name], "__name__", "list")
        rows.append((f"REALTY_{item.name.upper()}", name, str(default), str(item.metadata["doc"])))
    return rows
