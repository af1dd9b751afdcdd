"""The contract compiled into one object that takes the place of both stock validators.

pyramid_openapi3 asks one object to unmarshal each request and another to find the errors of each
response. openapi-core walks the specification for both, every time; here everything that depends
on the specification alone is done once, at start, and a request costs what it sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from jsonschema_rs import Draft202012Validator, RegexOptions, Registry
from pyramid.exceptions import ConfigurationError
from pyramid.request import Request
from pyramid.response import Response
from pyramid_openapi3.wrappers import PyramidOpenAPIRequest, PyramidOpenAPIResponse

from realty.contract.document import FORM, METHODS, Contract, Schema
from realty.contract.problems import ContractProblem, describe
from realty.contract.values import (
    CASTS,
    REQUEST_FORMATS,
    UNSTORABLE_MESSAGE,
    Convert,
    converter,
    read_json,
    unstorable,
)
from realty.errors import (
    AuthenticationRequired,
    MalformedRequest,
    RealtyError,
    UnsupportedMediaType,
    ValidationFailed,
)

JSON = "application/json"
BODILESS_METHODS = {"GET", "HEAD", "DELETE"}
ROOT = "urn:contract"


@dataclass(slots=True)
class Parameters:
    """The declared parameters that a request gave or that have a default, cast and converted."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    cookie: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Validated:
    """`request.openapi_validated`, in the shape that openapi-core gives it."""

    errors: list[ContractProblem]
    parameters: Parameters
    body: Any = None
    security: None = None


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter, or one header of a response: its cast, its schema and its conversion."""

    name: str
    required: bool
    cast: Convert
    validator: Draft202012Validator
    convert: Convert | None
    error: type[RealtyError]

    def read(self, text: str, errors: list[ContractProblem]) -> Any:
        """The value of the text; what is wrong with it is appended to `errors`."""
        if unstorable(text):
            errors.append(ContractProblem(self.name, UNSTORABLE_MESSAGE))
            return None
        try:
            value = self.cast(text)
        except ValueError as error:
            errors.append(ContractProblem(self.name, str(error), self.error))
            return None
        if not self.validator.is_valid(value):
            errors += describe(self.validator.iter_errors(value), self.name, self.error)
            return None
        return value if self.convert is None else self.convert(value)


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """The parameters of one operation in one place: path, query or header."""

    by_name: Mapping[str, Parameter]
    defaults: Mapping[str, Any]
    required: tuple[str, ...]

    def read_all(
        self, sent: Iterable[tuple[str, str]], errors: list[ContractProblem]
    ) -> dict[str, Any]:
        """Path or query: every name that was sent must be declared, and sent once."""
        values: dict[str, Any] = {}
        for name, text in sent:
            parameter = self.by_name.get(name)
            if parameter is None:
                errors.append(ContractProblem(name, "is not a known parameter"))
            elif name in values:
                errors.append(ContractProblem(name, "is given more than once"))
            else:
                values[name] = parameter.read(text, errors)
        return self._completed(values, errors)

    def read_declared(
        self, get: Callable[[str], str | None], errors: list[ContractProblem]
    ) -> dict[str, Any]:
        """Headers: anybody may add some, only the declared ones are read."""
        values: dict[str, Any] = {}
        for name, parameter in self.by_name.items():
            text = get(name)
            if text is not None:
                values[name] = parameter.read(text, errors)
        return self._completed(values, errors)

    def _completed(self, values: dict[str, Any], errors: list[ContractProblem]) -> dict[str, Any]:
        errors += [
            ContractProblem(name, "is required") for name in self.required if name not in values
        ]
        for name, default in self.defaults.items():
            values.setdefault(name, default)
        return values


@dataclass(frozen=True, slots=True)
class Body:
    """The JSON body that an operation takes."""

    required: bool
    validator: Draft202012Validator
    convert: Convert | None


class Form:
    """A multipart form. Only that it is one is judged here: the view reads it as it comes in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: a validator (or None) per media type, and its headers by lower-case name."""

    content: Mapping[str, Draft202012Validator | None]
    headers: Mapping[str, Parameter]


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything to be checked for one operation."""

    secured: bool
    path: ParameterSet
    query: ParameterSet
    header: ParameterSet
    body: Body | Form | None
    answers: Mapping[int, Answer]


class CompiledContract:
    """Both validators of pyramid_openapi3: `unmarshal` requests, `iter_errors` of responses."""

    def __init__(self, contract: Contract) -> None:
        self._rules = _Compiler(contract).rules()

    def unmarshal(self, wrapped: PyramidOpenAPIRequest) -> Validated:
        """The request's parameters and body with all that is wrong with them."""
        request = wrapped.request
        rules = self._rules[request.matched_route.name, request.method]
        errors: list[ContractProblem] = []
        headers = request.headers
        if rules.secured and not headers.get("Authorization", "").lower().startswith("bearer "):
            errors.append(ContractProblem("Authorization", "is required", AuthenticationRequired))
            return Validated(errors, Parameters())
        parameters = Parameters(
            path=rules.path.read_all(request.matchdict.items(), errors),
            query=rules.query.read_all(request.GET.items(), errors),
            header=rules.header.read_declared(headers.get, errors),
        )
        try:
            body = _read_body(request, rules.body, errors)
        except ContractProblem as problem:
            errors.append(problem)
            body = None
        return Validated(errors, parameters, body)

    def iter_errors(
        self, request: PyramidOpenAPIRequest, response: PyramidOpenAPIResponse
    ) -> list[ContractProblem]:
        """What the response does that the contract does not say; HEAD is judged as its GET."""
        http_request, http_response = request.request, response.response
        rules = self._rules[http_request.matched_route.name, http_request.method]
        answer = rules.answers.get(http_response.status_code)
        if answer is None:
            status = str(http_response.status_code)
            return [ContractProblem("status", f"{status} is not in the contract")]
        errors: list[ContractProblem] = []
        sent = {name.lower(): value for name, value in http_response.headerlist}
        for name, header in answer.headers.items():
            text = sent.get(name)
            if text is not None:
                header.read(text, errors)
            elif header.required:
                errors.append(ContractProblem(header.name, "is required"))
        errors += _content_errors(answer, http_response, http_request.method)
        return errors


def _read_body(request: Request, rule: Body | Form | None, errors: list[ContractProblem]) -> Any:
    """The converted body; raises `ContractProblem` when it cannot be read at all."""
    if isinstance(rule, Form):
        _require_form(request.environ)
        return None
    if rule is None:
        # Clients that always send a JSON object are served; a field in it is a mistake.
        if request.method not in BODILESS_METHODS and request.body.strip() not in (b"", b"{}"):
            raise ContractProblem("body", "must be left out, this operation takes none")
        return None
    raw = request.body
    if not raw:
        if rule.required:
            raise ContractProblem("body", "must not be empty", MalformedRequest)
        return None
    _require_plain_json(request.environ)
    value = read_json(raw)
    if not rule.validator.is_valid(value):
        errors += describe(rule.validator.iter_errors(value))
        return None
    return value if rule.convert is None else rule.convert(value)


def _content_errors(answer: Answer, response: Response, method: str) -> list[ContractProblem]:
    if not answer.content:
        return [ContractProblem("body", "must be empty")] if response.body else []
    if response.content_type not in answer.content:
        return [ContractProblem("Content-Type", f"{response.content_type} is not declared")]
    validator = answer.content[response.content_type]
    if validator is None:
        # What is streamed is not read: that would take it into memory.
        empty = isinstance(response.app_iter, list) and not response.body and method != "HEAD"
        return [ContractProblem("body", "must not be empty")] if empty else []
    try:
        value = orjson.loads(response.body)
    except ValueError:
        return [ContractProblem("body", "is not valid JSON")]
    return [] if validator.is_valid(value) else describe(validator.iter_errors(value))


def _require_plain_json(environ: Mapping[str, str]) -> None:
    """The body must be declared as JSON in UTF-8 and not be compressed."""
    declared = environ.get("CONTENT_TYPE", "")
    if declared != JSON:
        media_type, *options = (part.strip().lower() for part in declared.split(";"))
        charsets = {
            each.removeprefix("charset=").strip('"') for each in options if "charset" in each
        }
        if media_type != JSON or charsets - {"utf-8"}:
            message = "must be application/json in UTF-8"
            raise ContractProblem("Content-Type", message, UnsupportedMediaType)
    _require_uncompressed(environ)


def _require_form(environ: Mapping[str, str]) -> None:
    """The body must be declared as a multipart form and not be compressed."""
    declared = environ.get("CONTENT_TYPE", "")
    if declared.partition(";")[0].strip().lower() != FORM:
        raise ContractProblem("Content-Type", f"must be {FORM}", UnsupportedMediaType)
    _require_uncompressed(environ)


def _require_uncompressed(environ: Mapping[str, str]) -> None:
    if environ.get("HTTP_CONTENT_ENCODING", "identity").lower() not in ("", "identity"):
        raise ContractProblem("Content-Encoding", "must be identity", UnsupportedMediaType)


class _Compiler:
    """Turns the document into `Rules`, sharing what operations share."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self.registry = Registry([(ROOT, contract.document)])
        self.validators: dict[tuple[bytes, bool], Draft202012Validator] = {}
        self.answers: dict[str, Answer] = {}

    def rules(self) -> dict[tuple[str, str], Rules]:
        table: dict[tuple[str, str], Rules] = {}
        for _, item in self.contract.path_items():
            for method in METHODS:
                if method in item:
                    rules = self.operation(item, method)
                    table[item["x-pyramid-route-name"], method.upper()] = rules
                    if method == "get":
                        table[item["x-pyramid-route-name"], "HEAD"] = rules
        return table

    def operation(self, item: Schema, method: str) -> Rules:
        operation = item[method]
        parameters = self.contract.parameters(item, method)
        sets = {
            place: self.parameter_set([each for each in parameters if each["in"] == place])
            for place in ("path", "query", "header")
        }
        security = operation.get("security", self.contract.document.get("security", []))
        return Rules(
            secured=bool(security) and all(security),
            path=sets["path"],
            query=sets["query"],
            header=sets["header"],
            body=self.body(operation.get("requestBody")),
            answers={int(code): self.answer(each) for code, each in operation["responses"].items()},
        )

    def parameter_set(self, parameters: list[Schema]) -> ParameterSet:
        compiled = [
            self.parameter(each["name"], each, request=True, in_header=each["in"] == "header")
            for each in parameters
        ]
        schemas = {each["name"]: self.contract.resolve(each["schema"]) for each in parameters}
        return ParameterSet(
            by_name={each.name: each for each in compiled},
            defaults={
                name: schema["default"] for name, schema in schemas.items() if "default" in schema
            },
            required=tuple(each.name for each in compiled if each.required),
        )

    def parameter(self, name: str, node: Schema, *, request: bool, in_header: bool) -> Parameter:
        schema = self.contract.resolve(node["schema"])
        cast = CASTS.get(str(schema.get("type")))
        if cast is None:
            raise ConfigurationError(
                f"The parameter {name} of the contract is neither string, integer nor boolean."
            )
        return Parameter(
            name=name,
            required=node.get("required", False),
            cast=cast,
            validator=self.validator(node["schema"], request=request),
            convert=converter(schema, self.contract) if schema["type"] == "string" else None,
            error=MalformedRequest if in_header else ValidationFailed,
        )

    def body(self, node: Schema | None) -> Body | Form | None:
        if node is None:
            return None
        body = self.contract.resolve(node)
        if FORM in body["content"]:
            return Form()
        schema = body["content"][JSON]["schema"]
        return Body(
            required=body.get("required", False),
            validator=self.validator(schema, request=True),
            convert=converter(schema, self.contract),
        )

    def answer(self, node: Schema) -> Answer:
        reference = node.get("$ref", "")
        if reference in self.answers:
            return self.answers[reference]
        response = self.contract.resolve(node)
        headers = {
            name: self.parameter(name, self.contract.resolve(each), request=False, in_header=True)
            for name, each in response.get("headers", {}).items()
        }
        answer = Answer(
            content={
                media_type: self.validator(each["schema"], request=False)
                if media_type == JSON
                else None
                for media_type, each in response.get("content", {}).items()
            },
            headers={name.lower(): header for name, header in headers.items()},
        )
        if reference:
            self.answers[reference] = answer
        return answer

    def validator(self, schema: Schema, *, request: bool) -> Draft202012Validator:
        """One validator per distinct schema.

        Requests use our format checks, which accept exactly what converts; responses the native
        ones, which cost no call into Python. Patterns run in linear time: no look-around.
        """
        key = orjson.dumps(schema), request
        if key not in self.validators:
            self.validators[key] = Draft202012Validator(
                _absolute(schema),
                registry=self.registry,
                validate_formats=True,
                formats=REQUEST_FORMATS if request else None,
                pattern_options=RegexOptions(),
            )
        return self.validators[key]


def _absolute(schema: Any) -> Any:
    """The schema with its local references pointed at the registered document."""
    if isinstance(schema, dict):
        return {
            key: ROOT + value if key == "$ref" else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(item) for item in schema]
    return schema
