"""A deployment that would be unsafe does not start, and says everything that is wrong with it."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

import realty
from realty.settings import SAMPLE_SECRET, Settings, SettingsError, describe

SAFE = {
    "REALTY_ENVIRONMENT": "production",
    "REALTY_TOKEN_KEYS": "2026b:" + "b" * 32 + " 2026a:" + "a" * 32,
    "DATABASE_URL": "postgresql://realty:x@db/realty",
    "REALTY_CORS_ORIGINS": "https://app.realty.example https://builders.realty.example:8443",
    "REALTY_ALLOWED_HOSTS": "api.realty.example",
    "REALTY_PORTAL_URL": "https://app.realty.example",
}


def problems(**over: str | None) -> list[str]:
    """What a production deployment is refused for, with these variables other than safe."""
    environ = {name: value for name, value in {**SAFE, **over}.items() if value is not None}
    try:
        Settings.load({}, environ)
    except SettingsError as refused:
        return str(refused).splitlines()
    return []


def test_a_safe_production_starts() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("REALTY_TOKEN_KEYS", None, "sample secret"),
        ("REALTY_TOKEN_KEYS", f"a:{SAMPLE_SECRET}", "sample secret"),
        ("REALTY_TOKEN_KEYS", f"new:{'n' * 32} old:{SAMPLE_SECRET}", "sample secret"),
        ("REALTY_TOKEN_KEYS", "a:" + "x" * 31, "shorter than 32 bytes"),
        ("REALTY_TOKEN_KEYS", f"new:{'n' * 32} old:short", "'old' is shorter"),
        ("REALTY_TOKEN_KEYS", f"a:{'x' * 32} b:{'x' * 32}", "same secret"),
        ("REALTY_TOKEN_KEYS", f"a:{'x' * 32} a:{'y' * 32}", "kid twice"),
        ("REALTY_TOKEN_KEYS", "x" * 40, "list of kid:secret"),
        ("REALTY_TOKEN_KEYS", "", "at least one"),
        ("DATABASE_URL", None, "postgresql://"),
        ("DATABASE_URL", "sqlite:///realty.sqlite", "postgresql://"),
        ("REALTY_CORS_ORIGINS", "", "exact https:// origins"),
        ("REALTY_CORS_ORIGINS", None, "exact https:// origins"),
        ("REALTY_CORS_ORIGINS", "*", "not an exact origin"),
        ("REALTY_CORS_ORIGINS", "https://*.realty.example", "not an exact origin"),
        ("REALTY_CORS_ORIGINS", "null", "not an exact origin"),
        ("REALTY_CORS_ORIGINS", "https://app.realty.example/", "not an exact origin"),
        ("REALTY_CORS_ORIGINS", "app.realty.example", "not an exact origin"),
        ("REALTY_CORS_ORIGINS", "http://app.realty.example", "exact https:// origins"),
        ("REALTY_ALLOWED_HOSTS", None, "name the hosts"),
        ("REALTY_ALLOWED_HOSTS", "", "name the hosts"),
        ("REALTY_PORTAL_URL", None, "https:// address"),
        ("REALTY_BCRYPT_COST", "9", "at least 10"),
        ("REALTY_METRICS_TOKEN", "short", "shorter than 32 bytes"),
        ("REALTY_SERVER_TIMING", "true", "nobody how it works inside"),
    ],
)
def test_production_refuses(name: str, value: str | None, said: str) -> None:
    found = problems(**{name: value})

    assert len(found) == 1
    assert said in found[0]
    assert name.removeprefix("REALTY_") in found[0]


def test_all_problems_are_told_at_once() -> None:
    unsafe = {
        "REALTY_TOKEN_KEYS": "a:short",
        "DATABASE_URL": "sqlite:///x.sqlite",
        "REALTY_CORS_ORIGINS": "*",
        "REALTY_ALLOWED_HOSTS": None,
        "REALTY_PORTAL_URL": None,
        "REALTY_BCRYPT_COST": "4",
        "REALTY_ACCESS_TOKEN_MINUTES": "forever",
        "REALTY_DOCS_ENABLED": "perhaps",
        "REALTY_AUTH_LIMIT": "sometimes",
    }

    found = problems(**unsafe)

    for name in unsafe:
        assert any(name.removeprefix("REALTY_") in each for each in found), name


def test_a_problem_never_shows_a_secret() -> None:
    secret = "s3cr3t-and-short"

    (found,) = problems(REALTY_TOKEN_KEYS=f"a:{secret}")

    assert secret not in found
    assert secret not in repr(Settings.load({}, {**SAFE, "REALTY_TOKEN_KEYS": "a:" + secret * 3}))


def test_the_application_does_not_start_unsafe(database: str) -> None:
    """The refusal comes before the database is touched."""
    ini: dict[str, Any] = {"realty.environment": "production"}

    with pytest.raises(SettingsError, match="sample secret"):
        realty.main({}, **ini)


def test_a_misspelt_setting_is_told() -> None:
    with pytest.raises(SettingsError, match=r"realty\.tokn_keys: no such setting"):
        Settings.load({"realty.tokn_keys": "x"}, {})


def test_the_environment_wins() -> None:
    ini = {"realty.access_token_minutes": "5", "realty.database_url": "sqlite:///ini"}
    environ = {
        "REALTY_ACCESS_TOKEN_MINUTES": "7",
        "REALTY_DATABASE_URL": "sqlite:///variable",
        "DATABASE_URL": "sqlite:///short",
    }

    assert Settings.load(ini, {}).access_token_minutes == 5
    assert Settings.load(ini, environ).access_token_minutes == 7
    assert Settings.load(ini, environ).database_url == "sqlite:///short"


def test_every_setting_is_described() -> None:
    described = {row[0] for row in describe()}

    assert described == {f"REALTY_{item.name.upper()}" for item in fields(Settings)}
    assert not any(SAMPLE_SECRET in part for row in describe() for part in row)


def test_metrics_are_open_in_development_alone_and_only_without_a_token() -> None:
    assert Settings.load({}, {}).metrics_are_open
    assert not Settings.load({}, {"REALTY_METRICS_TOKEN": "t" * 32}).metrics_are_open
    assert not Settings.load({}, SAFE).metrics_are_open
