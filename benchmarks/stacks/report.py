"""The medians over the rounds, beside each other, with the ratios that matter."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.stacks.servers import SERVERS
from benchmarks.stacks.workloads import Workload

PACKAGES = (
    *("realty", "pyramid", "pyramid-openapi3", "pony", "waitress", "jsonschema-rs", "orjson"),
    *("psycopg2-binary", "PyJWT", "bcrypt", "fastapi", "starlette", "pydantic", "SQLAlchemy"),
    *("uvicorn", "uvloop", "httptools"),
)
REFERENCES = ("peer", "limit")
# What a workload of ours is held against, where the other has none of that name.
COMPARED_WITH = {"projects-304": "projects"}


@dataclass(frozen=True)
class Measured:
    """One server under one workload in one round: times in milliseconds, memory in MiB."""

    server: str
    workload: str
    round: int
    requests: int
    requests_per_second: float
    p50: float
    p99: float
    cpu: float
    database_cpu: float
    memory: float
    errors: int


@dataclass(frozen=True)
class Started:
    """One start of a server; memory when it had answered everything."""

    server: str
    round: int
    seconds: float
    memory: float


@dataclass(frozen=True)
class Run:
    """Everything that a run found out."""

    settings: Mapping[str, Any]
    rows: Mapping[str, int]
    postgresql: str
    workloads: Sequence[Workload]
    measured: Sequence[Measured]
    started: Sequence[Started]


_FIGURES = ("requests_per_second", "p50", "p99", "cpu", "database_cpu", "memory")


def medians(measured: Sequence[Measured]) -> dict[tuple[str, str], dict[str, float]]:
    """The median of each figure over the rounds, by workload and server."""
    groups: dict[tuple[str, str], list[Measured]] = {}
    for each in measured:
        groups.setdefault((each.workload, each.server), []).append(each)
    return {
        key: {name: statistics.median(getattr(each, name) for each in group) for name in _FIGURES}
        for key, group in groups.items()
    }


def markdown(run: Run) -> str:
    """The report as it is printed and kept."""
    return "\n".join(
        [
            "# The stacks compared",
            "",
            *_about(run),
            "",
            *_table(run),
            "",
            *_starts(run),
            "",
        ]
    )


def _about(run: Run) -> Iterator[str]:
    settings = run.settings
    yield (
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores of {_processor()}, PostgreSQL"
        f" {run.postgresql} on the same machine, Python {platform.python_version()}. Medians of"
        f" {settings['rounds']} alternating rounds of {settings['seconds']} s a workload,"
        f" {settings['connections']} connections, one process a server; load average before it"
        f" {settings['load_before']}."
    )
    yield ""
    yield "Rows: " + ", ".join(f"{number:,} {name}" for name, number in run.rows.items()) + "."
    yield ""
    yield ", ".join(f"{name} {version}" for name, version in versions().items()) + "."


def _table(run: Run) -> Iterator[str]:
    found = medians(run.measured)
    yield (
        "| Workload | Server | requests/s | p50 ms | p99 ms | CPU ms | database CPU ms | MiB"
        " | x peer | x limit |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for workload in run.workloads:
        label = workload.label
        for server in SERVERS:
            figures = found.get((workload.name, server))
            if figures is None:
                continue
            ratios = [_ratio(found, workload.name, figures, other) for other in REFERENCES]
            yield (
                f"| {label} | {server} | {figures['requests_per_second']:,.1f}"
                f" | {figures['p50']:.1f} | {figures['p99']:.1f} | {figures['cpu']:.2f}"
                f" | {figures['database_cpu']:.2f} | {figures['memory']:.0f}"
                f" | {ratios[0]} | {ratios[1]} |"
            )
            label = ""


def _ratio(
    found: Mapping[tuple[str, str], Mapping[str, float]],
    workload: str,
    figures: Mapping[str, float],
    other: str,
) -> str:
    reference = found.get((COMPARED_WITH.get(workload, workload), other))
    if reference is None:
        return ""
    return f"{figures['requests_per_second'] / reference['requests_per_second']:.2f}"


def _starts(run: Run) -> Iterator[str]:
    yield "| Server | start to first answer, s | MiB after all workloads | what it is |"
    yield "|---|--:|--:|---|"
    for name, server in SERVERS.items():
        starts = [each for each in run.started if each.server == name]
        if starts:
            seconds = statistics.median(each.seconds for each in starts)
            memory = statistics.median(each.memory for each in starts)
            yield f"| {name} | {seconds:.2f} | {memory:.0f} | {server.label} |"


def save(run: Run, folder: Path, name: str) -> None:
    """Keep the report as Markdown, and every single figure as JSON."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.md").write_text(markdown(run))
    kept = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": {"cores": os.cpu_count(), "processor": _processor()},
        "python": platform.python_version(),
        "postgresql": run.postgresql,
        "packages": versions(),
        "settings": run.settings,
        "rows": run.rows,
        "medians": [
            {"workload": workload, "server": server, **_rounded(figures)}
            for (workload, server), figures in medians(run.measured).items()
        ],
        "measured": [_rounded(asdict(each)) for each in run.measured],
        "started": [_rounded(asdict(each)) for each in run.started],
    }
    (folder / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")


def _rounded(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in figures.items()
    }


def versions() -> dict[str, str]:
    """The versions of what is compared."""
    return {name: metadata.version(name) for name in PACKAGES}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.machine())
