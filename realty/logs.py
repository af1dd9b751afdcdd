"""Log lines for machines."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

import orjson

ECS_VERSION = "8.11"


class JsonFormatter(logging.Formatter):
    """One JSON object a line, named as the Elastic Common Schema names things, so nobody parses.

    Control characters arrive escaped: no value can begin a line of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line = {
            "@timestamp": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
            "ecs.version": ECS_VERSION,
        }
        if record.exc_info and record.exc_info[0]:
            line["error.type"] = record.exc_info[0].__name__
            line["error.stack_trace"] = self.formatException(record.exc_info)
        return orjson.dumps(line).decode()
