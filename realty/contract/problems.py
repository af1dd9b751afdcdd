"""What is wrong with a request or a response, in words for its sender.

A message never holds the offending value: it may be a password, and messages are logged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import cast

from jsonschema_rs import ValidationError, ValidationErrorKind
from pyramid_openapi3.exceptions import RequestValidationError, ResponseValidationError

from realty.errors import (
    AuthenticationRequired,
    Detail,
    MalformedRequest,
    RealtyError,
    UnsupportedMediaType,
    ValidationFailed,
)

MAX_DETAILS = 20
MAX_FIELD = 200
MAX_MESSAGE = 500

# Where several things are wrong at once, the first of these decides the status.
PRECEDENCE: tuple[type[RealtyError], ...] = (
    AuthenticationRequired,
    UnsupportedMediaType,
    MalformedRequest,
    ValidationFailed,
)

TYPES = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
SENTENCES = {
    "minLength": "must be at least {} characters",
    "maxLength": "must be at most {} characters",
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "minProperties": "must have at least {} field(s)",
    "maxProperties": "must have at most {} fields",
    "uniqueItems": "must not have the same item twice",
    "pattern": "does not have the right form",
    "falseSchema": "must be left out",
}
FORMATS = {
    "date": "a date, YYYY-MM-DD",
    "date-time": "a time with its offset, like 2026-11-23T09:30:00Z",
    "email": "an e-mail address",
    "uri": "a full URL",
}


class ContractProblem(Exception):
    """One breach of the contract; `error` is the domain error that owns its status and code."""

    def __init__(
        self, field: str, message: str, error: type[RealtyError] = ValidationFailed
    ) -> None:
        self.field = _printable(field)[:MAX_FIELD]
        self.message = message[:MAX_MESSAGE]
        self.error = error
        super().__init__(f"{self.field}: {self.message}")


def problems(exc: Exception) -> tuple[int, str, list[Detail]]:
    """Status, code and details with which to answer a failed validation, compiled or stock.

    A response that breaks the contract is ours to log (`str(exc)`) and nothing to tell a caller.
    A `UnicodeDecodeError` comes from a path or query that is not UTF-8.
    """
    if isinstance(exc, ResponseValidationError):
        return RealtyError.status, RealtyError.code, []
    found: list[ContractProblem]
    if isinstance(exc, RequestValidationError):
        found = cast("list[ContractProblem]", exc.errors)
    elif isinstance(exc, UnicodeDecodeError):
        found = [ContractProblem("url", "is not valid UTF-8", MalformedRequest)]
    else:
        raise TypeError(f"{type(exc).__name__} is not a failed validation")
    worst = min((each.error for each in found), key=PRECEDENCE.index)
    details = [Detail(each.field, each.message) for each in found[:MAX_DETAILS]]
    return worst.status, worst.code, details


def describe(
    errors: Iterable[ValidationError],
    base: str = "",
    error: type[RealtyError] = ValidationFailed,
) -> list[ContractProblem]:
    """The schema errors as problems, at most `MAX_DETAILS`; `base` names a parameter or header."""
    return [
        ContractProblem(field, message, error)
        for field, message in islice(_sentences(errors, base), MAX_DETAILS)
    ]


def field_name(path: Sequence[str | int], base: str = "") -> str:
    """`["stack", 2, "price"]` as `stack[2].price`; the whole body is `body`."""
    name = base
    for part in path:
        if isinstance(part, int):
            name += f"[{part}]"
        else:
            name += f".{part}" if name else part
    return name or "body"


def _printable(field: str) -> str:
    """Unknown fields are named by the caller: nothing that breaks a log line or a terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in field)


def _sentences(errors: Iterable[ValidationError], base: str) -> Iterator[tuple[str, str]]:
    for error in errors:
        path = list(error.instance_path)
        match error.kind:
            case ValidationErrorKind.Required(name):
                yield field_name([*path, name], base), "is required"
            case ValidationErrorKind.AdditionalProperties(names):
                for name in names:
                    yield field_name([*path, name], base), "is not a known field"
            case ValidationErrorKind.AnyOf(branches):
                # Of "this or null" the news is what is wrong with "this"; of two bodies, what is
                # wrong with the one that knows the fields.
                expected = [_expected_types(branch, path) for branch in branches]
                if all(expected):
                    yield field_name(path, base), _must_be(chain.from_iterable(expected))
                else:
                    judged = zip(branches, expected, strict=True)
                    fitting = (branch for branch, types in judged if not types)
                    yield from _sentences(min(fitting, key=_unknown_fields), base)
            case kind:
                yield field_name(path, base), _sentence(kind)


def _expected_types(branch: Sequence[ValidationError], path: list[str | int]) -> list[str]:
    """The types that a branch wants in place of the value's own; none when the type is right."""
    return [
        name
        for error in branch
        if isinstance(error.kind, ValidationErrorKind.Type) and list(error.instance_path) == path
        for name in error.kind.types
    ]


def _unknown_fields(branch: Iterable[ValidationError]) -> int:
    return sum(
        len(error.kind.unexpected)
        for error in branch
        if isinstance(error.kind, ValidationErrorKind.AdditionalProperties)
    )


def _must_be(types: Iterable[str]) -> str:
    return "must be " + " or ".join(TYPES[name] for name in types)


def _sentence(kind: ValidationErrorKind) -> str:
    match kind:
        case ValidationErrorKind.Type(types):
            return _must_be(types)
        case ValidationErrorKind.Enum(options):
            return "is not one of: " + ", ".join("null" if o is None else str(o) for o in options)
        case ValidationErrorKind.Format(name):
            return f"must be {FORMATS.get(name, name)}"
        case ValidationErrorKind.MinLength(1) | ValidationErrorKind.MinItems(1):
            return "must not be empty"
        case _:
            return SENTENCES.get(kind.name, "breaks the rule " + kind.name).format(kind.value)
