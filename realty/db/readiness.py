"""Whether the database answers in time and has the schema of this program."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from realty.db.connection import SchemaError, check_migrated
from realty.db.failures import classify

log = logging.getLogger("realty.db")

# One thread with a connection of its own: a server that hangs holds it, and no request.
_prober = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")


def answers(within_seconds: float) -> bool:
    """Ask the database for its revision; False when it is late, gone, or at another revision."""
    probe = _prober.submit(_probe)
    try:
        return probe.result(timeout=within_seconds)
    except TimeoutError:
        probe.cancel()
        log.warning("the database did not answer within %.0f seconds", within_seconds)
        return False


def _probe() -> bool:
    try:
        check_migrated()
    except SchemaError as problem:
        log.warning("%s", problem)
        return False
    except Exception as failure:
        if classify(failure) is None:
            raise
        log.warning("the database does not answer: %s", type(failure).__name__)
        return False
    return True
