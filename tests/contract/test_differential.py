"""The compiled validators against the stock ones, over a seeded corpus of the real contract.

Both must give the same verdict, and the same values where they accept, but for the differences
listed here. A difference that no case shows any more is stale and fails too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from jsonschema_path import SchemaPath
from pyramid.request import Request
from pyramid.response import Response
from pyramid_openapi3.exceptions import RequestValidationError
from pyramid_openapi3.wrappers import PyramidOpenAPIRequest, PyramidOpenAPIResponse

from realty.contract import CompiledContract, Contract, problems
from realty.contract.stock import StockContract
from realty.settings import Settings
from tests.contract.changes import IN_JSON, IN_REQUEST, in_json
from tests.contract.corpus import Corpus

SEED = 20_261_123
ROUNDS = 2
RESPONSES_OF_AN_OPERATION = 20
AT_LEAST = 1_500


@dataclass(frozen=True)
class Difference:
    """What the compiled validators answer with `status` and the stock ones do not, and why."""

    status: int
    what: str
    why: str


REQUEST_DIFFERENCES = {
    "unknown parameter": Difference(
        422,
        "a query parameter that is not declared",
        "a typo must never be silently ignored; the stock validators drop it",
    ),
    "repeated parameter": Difference(
        422,
        "a scalar query parameter given twice",
        "proxy and application may disagree which counts; stock takes the last",
    ),
    "lenient integer": Difference(
        422,
        "' 7', '1_0', '+7', '007' or '\u0663' as an integer",
        "stock calls int(), which reads Python's spellings; the contract knows one",
    ),
    "lenient boolean": Difference(
        422, "'yes', '1', 'on', 'True' or 'y' as a boolean", "true and false are documented"
    ),
    "U+0000 in the query": Difference(
        422, "U+0000 in a string of the query", "PostgreSQL cannot store it and would answer 500"
    ),
    "U+0000 in the body": Difference(
        422, "U+0000 in a string of the body", "PostgreSQL cannot store it and would answer 500"
    ),
    "lone surrogate": Difference(
        422,
        "half of a surrogate pair, written as an escape",
        "both refuse it; stock as JSON that cannot be read, ours names the field",
    ),
    "duplicate key": Difference(
        400,
        "an object with the same key twice",
        "readers disagree which counts, so one of them could be deceived",
    ),
    "other charset": Difference(
        415, "a charset other than UTF-8", "JSON is UTF-8 (RFC 8259); stock ignores the parameter"
    ),
    "compressed body": Difference(
        415, "a Content-Encoding", "a small body may unpack to gigabytes; stock ignores the header"
    ),
    "body that nobody asked for": Difference(
        422,
        "a body with fields where the operation takes none",
        "its sender expects an effect that it will not have",
    ),
    "odd e-mail": Difference(
        422,
        "an e-mail address that only has an @ in the right place",
        "stock looks for the @ alone; a mail server would refuse the rest",
    ),
    "odd URL": Difference(
        422, "a URL that is none (RFC 3986)", "stock does not know the format uri"
    ),
    "newline before the end": Difference(
        422,
        "a newline after the last character of a pattern that ends in $",
        "Python's $ lets it pass, JSON Schema's (ECMA-262) does not",
    ),
}
RESPONSE_DIFFERENCES = {
    "body where none is declared": Difference(
        500,
        "an answer with a body whose status declares none",
        "a client would not read it, so it is a mistake; stock does not look",
    ),
}


@dataclass(frozen=True)
class Both:
    """The two validators under comparison."""

    contract: Contract
    compiled: CompiledContract
    stock: StockContract


@pytest.fixture(scope="module")
def both() -> Both:
    contract = Contract.read(Path(Settings().contract))
    # The cache only saves time: openapi-core resolves each $ref anew without it.
    spec = SchemaPath.from_dict(contract.served_here(), resolved_cache_maxsize=100_000)
    return Both(contract, CompiledContract(contract), StockContract(spec))


@dataclass(frozen=True)
class Judged:
    """The status that a message gets; for an accepted request the values that it gives."""

    status: int
    values: Any = None


def judge_request(validators: Any, request: Request) -> Judged:
    """What the validators make of a request."""
    result = validators.unmarshal(PyramidOpenAPIRequest(request))
    if result.errors:
        return Judged(problems(RequestValidationError(errors=result.errors))[0])
    parameters = result.parameters
    return Judged(200, (parameters.path, parameters.query, parameters.header, result.body))


def judge_response(validators: Any, request: Request, response: Response) -> Judged:
    """Whether the response may be sent."""
    wrapped = PyramidOpenAPIRequest(request), PyramidOpenAPIResponse(response)
    return Judged(500 if list(validators.iter_errors(*wrapped)) else 200)


class Verdicts:
    """Collects where the validators disagree, and which listed differences were seen."""

    def __init__(self, differences: dict[str, Difference]) -> None:
        self.differences = differences
        self.cases: Counter[str] = Counter()
        self.seen: set[str] = set()
        self.wrong: list[str] = []

    def add(self, name: str, case: str, compiled: Judged, stock: Judged) -> None:
        """Compare two verdicts over a case that was changed by the rule `name`."""
        self.cases[name] += 1
        if name == "sound" and compiled.status != 200:
            self.wrong.append(f"a sound message is refused: {case}")
        elif compiled != stock:
            listed = self.differences.get(name)
            if listed and compiled.status == listed.status:
                self.seen.add(name)
            else:
                self.wrong.append(f"{name}: compiled {compiled}, stock {stock}: {case}")

    def require_agreement(self) -> None:
        """Fail with the first unlisted disagreements, or with what the corpus never showed."""
        assert not self.wrong, f"{len(self.wrong)} unlisted:\n" + "\n".join(self.wrong[:10])
        assert self.seen == set(self.differences), "a listed difference is stale"
        assert self.cases.total() >= AT_LEAST


def test_requests_are_judged_alike(both: Both) -> None:
    """Sound and spoilt requests get the same verdict, and sound ones the same values."""
    random = Random(SEED)
    corpus = Corpus(both.contract, random)
    verdicts = Verdicts(REQUEST_DIFFERENCES)
    names = ["sound"] * 6 + list(IN_JSON) + list(IN_REQUEST)
    for operation in corpus.operations():
        for name in names * ROUNDS:
            draft = corpus.draft(operation)
            if name in IN_JSON:
                applies = bool(draft.sites) and in_json(name)(random, draft.sites)
            else:
                applies = name == "sound" or IN_REQUEST[name](draft, random)
            if not applies:
                continue
            request = draft.request()
            case = f"{operation.id} {request.path_qs} {request.body[:200]!r}"
            compiled = judge_request(both.compiled, request)
            verdicts.add(name, case, compiled, judge_request(both.stock, request))
    verdicts.require_agreement()
    assert set(verdicts.cases) == set(names), "a change applies to no operation"


def _other_status(response: Response) -> None:
    response.status_int = 418


def _other_type(response: Response) -> None:
    response.content_type = "application/xml"


def _broken_json(response: Response) -> None:
    if response.body:
        response.body = response.body[:-1]


def _no_body(response: Response) -> None:
    response.body = b""


def _long_header(response: Response) -> None:
    response.headers["X-Request-ID"] = "x" * 1000


def _body_where_none(response: Response) -> None:
    response.body = response.body or b"{}"


IN_RESPONSE: dict[str, Callable[[Response], None]] = {
    "undeclared status": _other_status,
    "undeclared media type": _other_type,
    "broken JSON": _broken_json,
    "no body": _no_body,
    "header too long": _long_header,
    "body where none is declared": _body_where_none,
}


def test_responses_are_judged_alike(both: Both) -> None:
    """Answers with every declared status, sound and spoilt, get the same verdict."""
    random = Random(SEED)
    corpus = Corpus(both.contract, random)
    verdicts = Verdicts(RESPONSE_DIFFERENCES)
    names = ["sound", "sound", "sound", *IN_JSON, *IN_RESPONSE]
    for operation in corpus.operations():
        request = corpus.draft(operation).request()
        for _ in range(RESPONSES_OF_AN_OPERATION):
            name = random.choice(names)
            response = corpus.response(operation, in_json(name) if name in IN_JSON else None)
            if response is None:
                continue
            if name in IN_RESPONSE:
                IN_RESPONSE[name](response)
            case = f"{operation.id} {response.status} {response.body[:200]!r}"
            compiled = judge_response(both.compiled, request, response)
            verdicts.add(name, case, compiled, judge_response(both.stock, request, response))
    verdicts.require_agreement()
    assert set(IN_RESPONSE) <= set(verdicts.cases), "a change was never made"
