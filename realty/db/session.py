"""Sessions, the only place beside the command line that opens one: request = transaction.

The tween stands outside the response-validation tween, so that an answer which breaks the
contract is never committed, and inside the request id and access log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from weakref import WeakKeyDictionary

from pony.orm import commit, db_session, rollback
from pyramid.config import Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid.tweens import EXCVIEW
from pyramid_retry import mark_error_retryable

from realty.db.audit import chain_gathered
from realty.db.database import db
from realty.db.failures import retryable
from realty.db.stamps import stamps, write_moved

Handler = Callable[[Request], Response]

MOST_QUERIES = 2_000
"""Far more than the program has; they are worked out again when they had to go."""

# Keyed by Pony's session, of which each transaction has its own.
_memos: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()


@contextmanager
def session() -> Iterator[None]:
    """A transaction outside of any request: committed at the end, rolled back by an exception."""
    with db_session:
        yield
        chain_gathered()
        write_moved()


def stamps_now(*project_ids: int) -> tuple[int, ...]:
    """The stamps of what the public reads (`realty.db.stamps`), in a session of their own."""
    with db_session:
        return stamps(*project_ids)


def memo() -> dict[str, Any]:
    """What the present transaction has read and need not read again: gone with its end."""
    return _memos.setdefault(db._get_cache(), {})


def session_tween_factory(handler: Handler, _registry: Registry) -> Handler:
    """Run each request in one transaction that its status decides.

    Below 400 it is committed. From 400 on it is rolled back, except that a 4xx answer of a request
    whose view set `request.keep_writes = True` is committed too: a failed login must be counted.
    An error that another run may avoid (optimistic clash, serialisation failure, deadlock) is
    marked for pyramid_retry, which then runs the whole request again; after the last run the
    answer of the error view stands.
    """

    def session_tween(request: Request) -> Response:
        # Pony keeps one entry per distinct statement and thread for ever, and one per distinct
        # query, of which each page of a list is another.
        db.local_stats.clear()
        if len(db._constructed_sql_cache) > MOST_QUERIES:
            db._constructed_sql_cache.clear()
        with db_session:
            response = handler(request)
            if _keeps(request, response):
                response = _committed(request, response)
            else:
                rollback()
        # The error view has made its answer already; pyramid_retry looks at the exception behind.
        failure = getattr(request, "exception", None)
        if failure is not None and retryable(failure):
            mark_error_retryable(failure)
        return response

    return session_tween


def _keeps(request: Request, response: Response) -> bool:
    status: int = response.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return False
    return status < HTTPStatus.BAD_REQUEST or bool(request.keep_writes)


def _committed(request: Request, response: Response) -> Response:
    """`response` once its writes are durable, or the answer to what prevented that."""
    try:
        chain_gathered()
        write_moved()
        commit()
        request.committed = True
    except Exception:  # noqa: BLE001 - the error view tells what it means, or raises it again
        rollback()
        return request.invoke_exception_view(reraise=True)
    return response


def includeme(config: Configurator) -> None:
    """Add the tween, `request.keep_writes`, `request.committed`, and retries (`retry.attempts`)."""
    config.include("pyramid_retry")
    # A reified attribute of the request, not of the environ: a retry starts without it.
    config.add_request_method(lambda _request: False, "keep_writes", reify=True)
    # For what is told of outside the database once, and only if, its row is durable.
    config.add_request_method(lambda _request: False, "committed", reify=True)
    config.add_tween(
        "realty.db.session.session_tween_factory",
        over=("pyramid_openapi3.tween.response_tween_factory", EXCVIEW),
    )
