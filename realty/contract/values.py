"""Text and JSON as they arrive, made into checked values.

Numbers in a path or query have one spelling; JSON is UTF-8 with finite numbers, unique keys and
no U+0000 or lone surrogate, neither of which PostgreSQL can store.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from typing import Any

import orjson

from realty.contract.document import Contract, Schema
from realty.contract.problems import ContractProblem, field_name
from realty.errors import MalformedRequest

Convert = Callable[[Any], Any]
Path = tuple[str | int, ...]

# 19 digits hold every int64; a longer number would only cost time to convert.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
DEEPEST = 32
"""Levels of nesting in a JSON body; the contract's deepest has four. Parsers differ in theirs."""

UNSTORABLE_MESSAGE = "must not contain the character U+0000 or half of a surrogate pair"


def unstorable(text: str) -> bool:
    """Whether the text holds U+0000 or a lone surrogate."""
    return _UNSTORABLE.search(text) is not None


def to_integer(text: str) -> int:
    """`-?(0|[1-9][0-9]*)` in ASCII, at most 19 digits; else ValueError."""
    if not _INTEGER.fullmatch(text):
        raise ValueError("must be a whole number")
    return int(text)


def to_boolean(text: str) -> bool:
    """Exactly `true` or `false`; else ValueError."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"


CASTS: dict[str, Convert] = {"integer": to_integer, "boolean": to_boolean, "string": str}


def to_date(text: str) -> date:
    """`YYYY-MM-DD` and no other spelling of ISO 8601; else ValueError."""
    if not _DATE.fullmatch(text):
        raise ValueError("not a date")
    return date.fromisoformat(text)


def to_utc(text: str) -> datetime:
    """An RFC 3339 time as a naive datetime in UTC, as it is kept inside; else ValueError."""
    if not _DATE_TIME.fullmatch(text):
        raise ValueError("not a time")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC).replace(tzinfo=None)
    except OverflowError as error:
        raise ValueError("outside the calendar") from error


FORMATS: dict[str, Convert] = {"date": to_date, "date-time": to_utc}


def _checker(convert: Convert) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            convert(text)
        except ValueError:
            return False
        return True

    return check


# What passes in a request is what converts: nothing can fail after validation.
REQUEST_FORMATS = {name: _checker(convert) for name, convert in FORMATS.items()}


def read_json(raw: bytes) -> Any:
    """The value of a JSON body; raises `ContractProblem` for one that cannot be read or stored."""
    try:
        value = orjson.loads(raw)
        _refuse_deep(value, raw)
        if b"\\u0000" in raw:
            _refuse_unstorable(value)
        # orjson keeps the last of two equal keys, another reader the first: nobody may choose.
        json.loads(raw, object_pairs_hook=_unique_object)
    except (ValueError, RecursionError) as error:
        if b"\\u" in raw:
            _refuse_lone_surrogates(raw)
        message = str(error) if isinstance(error, _DuplicateKeyError) else "is not valid JSON"
        raise ContractProblem("body", message, MalformedRequest) from None
    return value


def _refuse_deep(value: Any, raw: bytes) -> None:
    """ValueError where lists and objects stand in each other more than `DEEPEST` levels deep."""
    if raw.count(b"[") + raw.count(b"{") <= DEEPEST:
        return
    level = [value]
    for _ in range(DEEPEST):
        level = [child for each in level for child in _children(each)]
    if any(isinstance(each, dict | list) for each in level):
        raise ValueError("is nested too deeply")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


class _DuplicateKeyError(ValueError):
    pass


def _unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _DuplicateKeyError("has an object with the same key twice")
    return value


def _refuse_lone_surrogates(raw: bytes) -> None:
    """orjson calls a lone surrogate bad JSON; find the field, so that the caller can."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return
    _refuse_unstorable(value)


def _refuse_unstorable(value: Any) -> None:
    for path, text in _strings(value, ()):
        if unstorable(text):
            raise ContractProblem(field_name(path), UNSTORABLE_MESSAGE)


def _strings(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """Every string in a JSON value, keys too, with the path to it; a key stands at its own."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key), key
            yield from _strings(item, (*path, key))


def converter(schema: Schema, contract: Contract) -> Convert | None:
    """A function that fills defaults and converts formats in a valid value, or None for no work.

    Dates become `date`, times naive UTC `datetime`, and an integer written `1.0` becomes 1. The
    value is changed in place. Only what the contract uses is understood: objects, lists, scalars,
    and `anyOf` of one of these with null.
    """
    schema = contract.resolve(schema)
    if "anyOf" in schema:
        branches = [contract.resolve(branch) for branch in schema["anyOf"]]
        inner = [converter(branch, contract) for branch in branches if branch.get("type") != "null"]
        return _unless_null(inner[0]) if inner[0] else None
    types = schema.get("type", ())
    types = {types} if isinstance(types, str) else set(types)
    convert: Convert | None = None
    if "integer" in types:
        convert = _whole
    elif "string" in types:
        convert = FORMATS.get(schema.get("format", ""))
    elif "object" in types:
        convert = _object_converter(schema, contract)
    elif "array" in types and (item := converter(schema["items"], contract)):
        convert = _list_converter(item)
    return _unless_null(convert) if convert and "null" in types else convert


def _whole(value: int | float) -> int:
    return int(value)


def _unless_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)


def _list_converter(convert: Convert) -> Convert:
    return lambda values: [convert(value) for value in values]


def _object_converter(schema: Schema, contract: Contract) -> Convert | None:
    properties = {
        name: contract.resolve(each) for name, each in schema.get("properties", {}).items()
    }
    defaults = {name: each["default"] for name, each in properties.items() if "default" in each}
    members = {
        name: convert
        for name, each in properties.items()
        if (convert := converter(each, contract)) is not None
    }
    if not defaults and not members:
        return None

    def convert_object(value: dict[str, Any]) -> dict[str, Any]:
        for name, default in defaults.items():
            if name not in value:
                value[name] = deepcopy(default)
        for name, convert in members.items():
            if name in value:
                value[name] = convert(value[name])
        return value

    return convert_object
