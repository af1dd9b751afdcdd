"""The validators that pyramid_openapi3 comes with, for `realty.contract_validators = stock`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
from jsonschema_path import SchemaPath
from openapi_core import V31ResponseValidator
from openapi_core.deserializing.media_types.exceptions import MediaTypeDeserializeError
from openapi_core.templating.media_types.exceptions import MediaTypeNotFound
from openapi_core.unmarshalling.request import V31RequestUnmarshaller
from openapi_core.validation.request.exceptions import (
    MissingRequiredParameter,
    MissingRequiredRequestBody,
    SecurityValidationError,
)
from pyramid_openapi3.wrappers import PyramidOpenAPIRequest, PyramidOpenAPIResponse

from realty.contract.problems import MAX_DETAILS, ContractProblem, field_name
from realty.contract.values import FORMATS
from realty.errors import (
    AuthenticationRequired,
    MalformedRequest,
    UnsupportedMediaType,
    ValidationFailed,
)


class _GetForHead(PyramidOpenAPIRequest):
    """HEAD is served by the view of GET; the contract never lists it."""

    @property
    def method(self) -> str:
        method = str(self.request.method).lower()
        return "get" if method == "head" else method


class StockContract:
    """openapi-core's two validators as one object with the interface of `CompiledContract`."""

    def __init__(self, spec: SchemaPath) -> None:
        # orjson refuses the deep nesting that ends the standard parser in a RecursionError.
        json: dict[str, Any] = {"application/json": lambda raw, **_: orjson.loads(raw)}
        self._requests = V31RequestUnmarshaller(
            spec, extra_format_unmarshallers=FORMATS, extra_media_type_deserializers=json
        )
        # Bytes pass as a string of as many characters, because to jsonschema they are no string.
        binary = dict.fromkeys(_binary_types(spec.read_value()), _characters)
        self._responses = V31ResponseValidator(spec, extra_media_type_deserializers=json | binary)

    def unmarshal(self, wrapped: PyramidOpenAPIRequest) -> Any:
        """openapi-core's result, its errors told as ours."""
        request: Any = _GetForHead(wrapped.request)
        result: Any = self._requests.unmarshal(request)
        result.errors = [each for error in result.errors for each in _problems(error)]
        return result

    def iter_errors(
        self, request: PyramidOpenAPIRequest, response: PyramidOpenAPIResponse
    ) -> Iterator[ContractProblem]:
        """What is wrong with the response, told as ours. One that is streamed is not read."""
        if not isinstance(response.response.app_iter, list):
            return
        judged: Any = _GetForHead(request.request)
        for error in self._responses.iter_errors(judged, response):
            yield from _problems(error)


def _binary_types(node: Any) -> Iterator[str]:
    """Every media type that the document gives a content, but for JSON."""
    if isinstance(node, dict):
        yield from (name for name in node.get("content", ()) if name != "application/json")
        node = list(node.values())
    if isinstance(node, list):
        for each in node:
            yield from _binary_types(each)


def _characters(raw: bytes, **_: Any) -> str:
    return raw.decode("latin-1")


def _problems(error: Exception) -> Iterator[ContractProblem]:
    """An error of openapi-core without the value, which its own text holds."""
    cause = error.__cause__
    name = getattr(error, "name", "")
    kind = MalformedRequest if getattr(error, "location", "") == "header" else ValidationFailed
    if isinstance(error, SecurityValidationError):
        yield ContractProblem("Authorization", "is required", AuthenticationRequired)
    elif isinstance(error, MissingRequiredRequestBody):
        yield ContractProblem("body", "must not be empty", MalformedRequest)
    elif isinstance(error, MissingRequiredParameter):
        yield ContractProblem(name, "is required")
    elif isinstance(cause, MediaTypeNotFound):
        yield ContractProblem("Content-Type", "must be application/json", UnsupportedMediaType)
    elif isinstance(cause, MediaTypeDeserializeError):
        yield ContractProblem("body", "is not valid JSON", MalformedRequest)
    elif schema_errors := getattr(cause, "schema_errors", ()):
        for each in islice(schema_errors, MAX_DETAILS):
            message = f"breaks the rule {each.validator}"
            yield ContractProblem(field_name(list(each.path), name), message, kind)
    else:
        yield ContractProblem(name or "body", f"is not valid ({type(error).__name__})", kind)
