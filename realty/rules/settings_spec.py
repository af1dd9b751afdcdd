"""How one setting is described, checked, stored as JSON, and read back as a typed value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeVar

from realty.errors import ValidationFailed
from realty.rules.money import HUNDRED, MOST, ZERO, money, money_text

SettingType = Literal["string", "number", "boolean", "json"]
FIELD = "setting_value"
"""The field that an error names: the column, and the property of the request that sets it."""

_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingSpec:
    """One row of `system_settings` as it may be: key, type, bounds and meaning.

    `name` is the field of `Policy`. `parse` turns the JSON value into the typed one or raises
    `ValidationFailed`; `dump` is its inverse. Only numbers have a `minimum` and a `maximum`.
    """

    name: str
    key: str
    setting_type: SettingType
    description: str
    is_public: bool
    default: Any
    parse: Callable[[object], object]
    dump: Callable[[Any], object]
    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None

    @property
    def category(self) -> str:
        """The part of the key before its dot; settings are grouped by it."""
        return self.key.partition(".")[0]

    @property
    def default_json(self) -> object:
        """The default as the database holds it."""
        return self.dump(self.default)


def refused(message: str) -> ValidationFailed:
    """The error of a value that a setting cannot take."""
    return ValidationFailed.at(FIELD, message)


def spec_of(policy_field: Field[Any]) -> SettingSpec:
    """The description that a field of `Policy` carries."""
    return SettingSpec(name=policy_field.name, **policy_field.metadata)


def _declare(default: _Value, **described: Any) -> _Value:
    """A dataclass field with its default; typed as its value, as `dataclasses.field` is."""
    return field(default=default, metadata={"default": default, **described})


def _unchanged(value: object) -> object:
    return value


def whole_number(value: object, least: int, most: int) -> int:
    """`value` if it is a JSON integer within the bounds, else `ValidationFailed`."""
    if type(value) is not int or not least <= value <= most:
        raise refused(f"It must be a whole number from {least} to {most}.")
    return value


def decimal_text(value: object, most: Decimal) -> Decimal:
    """The figure of a JSON text with two places, from 0 to `most`, else `ValidationFailed`."""
    try:
        figure = money(value, FIELD) if isinstance(value, str) else None
    except ValidationFailed:  # whose words name no bound
        figure = None
    if figure is None or figure > most:
        raise refused(f"It must be a text with two places, from 0.00 to {most}.")
    return figure


def whole(
    key: str, default: int, description: str, *, least: int, most: int, public: bool = False
) -> int:
    """A setting that counts or lasts: a JSON integer from `least` to `most`."""
    return _declare(
        default,
        key=key,
        setting_type="number",
        description=description,
        is_public=public,
        minimum=least,
        maximum=most,
        parse=lambda value: whole_number(value, least, most),
        dump=_unchanged,
    )


def figure(
    key: str, default: str, description: str, *, most: Decimal = MOST, public: bool = False
) -> Decimal:
    """A setting that is money or a measure: a JSON text with two places, from 0 to `most`."""
    return _declare(
        Decimal(default),
        key=key,
        setting_type="number",
        description=description,
        is_public=public,
        minimum=ZERO,
        maximum=most,
        parse=lambda value: decimal_text(value, most),
        dump=money_text,
    )


def percent(key: str, default: str, description: str, *, public: bool = False) -> Decimal:
    """A setting that is a percentage: a JSON text with two places, from 0 to 100."""
    return figure(key, default, description, most=HUNDRED, public=public)


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise refused("It must be true or false.")
    return value


def flag(key: str, description: str, *, default: bool, public: bool = False) -> bool:
    """A setting that is on or off: a JSON boolean."""
    return _declare(
        default,
        key=key,
        setting_type="boolean",
        description=description,
        is_public=public,
        parse=_flag,
        dump=_unchanged,
    )


def structure(
    key: str,
    default: _Value,
    description: str,
    *,
    parse: Callable[[object], _Value],
    dump: Callable[[_Value], object],
    public: bool = False,
) -> _Value:
    """A setting that is a table: JSON that `parse` reads and `dump` writes."""
    return _declare(
        default,
        key=key,
        setting_type="json",
        description=description,
        is_public=public,
        parse=parse,
        dump=dump,
    )
