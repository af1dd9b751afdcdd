"""The shape of the code: imports point one way, and some things are done in one place only."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "realty"
LONGEST_MODULE = 420

# What each layer may import of ours. One that is not listed, such as the command line, is free.
ALLOWED = {
    "views": {
        "contract",
        "db.failures",
        "db.readiness",
        "errors",
        "metrics",
        "passwords",
        "permissions",
        "presenters",
        "resources",
        "rules",
        "security",
        "services",
        "settings",
        "views",
    },
    "presenters": {"db", "presenters", "rules", "security", "services", "settings"},
    "services": {
        "adapters",
        "db",
        "errors",
        "passwords",
        "rules",
        "security",
        "services",
        "settings",
    },
    "rules": {"errors", "rules"},
    "db": {"db", "errors", "rules", "security"},
    "adapters": {"adapters", "settings"},
    "contract": {"contract", "errors", "settings"},
    "errors": set(),
    "settings": set(),
}
# What each layer may not import of others.
FOREIGN = {
    "views": {"pony", "psycopg2", "sqlalchemy", "sqlite3"},
    "presenters": {"pony", "pyramid", "webob"},
    "services": {"pyramid", "pyramid_openapi3", "sqlalchemy", "webob"},
    "rules": {"pony", "psycopg2", "pyramid", "sqlalchemy", "sqlite3", "webob"},
    "adapters": {"pony", "pyramid"},
    "errors": {"pony", "pyramid", "webob"},
    "settings": {"pony", "pyramid", "webob"},
}
# Beside the command line: the session itself, and what is asked before any request.
SESSION_MODULES = {"db.session", "db.connection", "db.readiness"}
COMMAND_LINE = {"cli", "commands", "demo"}
SESSIONS = {"pony.orm.db_session", "pony.orm.core.db_session", "realty.db.session.session"}

ZONELESS = {"datetime.utcnow", "datetime.utcfromtimestamp", "date.today", "datetime.today"}


@dataclass(frozen=True)
class Module:
    """One file of the package by its dotted name below it, `services.bookings`."""

    name: str
    source: str

    @property
    def layer(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.source)

    def imports(self) -> Iterator[str]:
        """The dotted name of everything that it imports, but for the type checker alone."""
        blocks = [node for node in ast.walk(self.tree) if isinstance(node, ast.If)]
        for_types = [node for node in blocks if ast.unparse(node.test) == "TYPE_CHECKING"]
        hidden = {id(node) for block in for_types for node in ast.walk(block)}
        for node in ast.walk(self.tree):
            if id(node) in hidden:
                continue
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                origin = "." * node.level + (node.module or "")
                yield from (f"{origin}.{alias.name}" for alias in node.names)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """The source of every called function, `db.commit`, with the call."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), node


def below(name: str, prefix: str) -> bool:
    """Whether a dotted name is the prefix or stands below it."""
    return name == prefix or name.startswith(f"{prefix}.")


def imports_point_one_way(module: Module) -> Iterator[str]:
    """Views, services, rules and database; nothing inner knows what is outside of it."""
    forbidden = FOREIGN.get(module.layer, set())
    allowed = {f"realty.{inner}".rstrip(".") for inner in ALLOWED.get(module.layer, {""})}
    for name in module.imports():
        outside = name.startswith(".") or name.partition(".")[0] in forbidden
        outer = below(name, "realty") and not any(below(name, each) for each in allowed)
        if outside or outer:
            yield f"imports {name}"


def only_views_present(module: Module) -> Iterator[str]:
    """How a thing looks to a caller is no concern of services."""
    if module.layer not in {"views", "presenters"}:
        yield from (name for name in module.imports() if below(name, "realty.presenters"))


def sessions_are_opened_in_one_place(module: Module) -> Iterator[str]:
    """A request is one transaction, which its tween opens; the rest is the command line's."""
    if module.name not in SESSION_MODULES and module.layer not in COMMAND_LINE:
        yield from SESSIONS.intersection(module.imports())


def transactions_end_in_one_place(module: Module) -> Iterator[str]:
    """Services never commit: the status of the answer decides."""
    if module.layer != "db" and module.layer not in COMMAND_LINE:
        for name, _ in module.calls():
            if name.rpartition(".")[2] in {"commit", "rollback"} and name != "config.commit":
                yield f"calls {name}"


def errors_are_written_in_one_place(module: Module) -> Iterator[str]:
    """Everybody else raises an error of `realty.errors`."""
    if module.name == "views.errors":
        return
    yield from (name for name in module.imports() if below(name, "pyramid.httpexceptions"))
    for node in ast.walk(module.tree):
        keys = node.keys if isinstance(node, ast.Dict) else []
        if any(isinstance(key, ast.Constant) and key.value == "error" for key in keys):
            yield f"writes an error in line {node.lineno}"


def time_is_told_with_its_zone(module: Module) -> Iterator[str]:
    """`datetime.now()` is the wall clock of whatever machine this is."""
    zoned = {"datetime.now": 1, "datetime.fromtimestamp": 2}
    for name, call in module.calls():
        last = ".".join(name.split(".")[-2:])
        given = len(call.args) + len(call.keywords)
        if last in ZONELESS or given < zoned.get(last, 0):
            yield f"calls {name} in line {call.lineno}"


def rules_and_services_are_told_the_time(module: Module) -> Iterator[str]:
    """One request has one `now`, and a test can choose it."""
    if module.layer in {"presenters", "rules", "services"}:
        for name, call in module.calls():
            if name.rpartition(".")[2] in {"now", "utcnow", "time"}:
                yield f"calls {name} in line {call.lineno}"


def modules_are_short(module: Module) -> Iterator[str]:
    """What is longer is two modules."""
    lines = module.source.count("\n")
    if lines > LONGEST_MODULE:
        yield f"has {lines} lines"


def no_exception_is_swallowed(module: Module) -> Iterator[str]:
    """`except: pass` hides what happened."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and all(isinstance(n, ast.Pass) for n in node.body):
            yield f"swallows an exception in line {node.lineno}"


Rule = Callable[[Module], Iterator[str]]
# Each rule with a module that breaks it.
RULES: list[tuple[Rule, Module]] = [
    (imports_point_one_way, Module("rules.money", "from pony.orm import select")),
    (imports_point_one_way, Module("services.units", "import pyramid.request")),
    (imports_point_one_way, Module("services.units", "from realty.views import units")),
    (imports_point_one_way, Module("db.sales", "from realty.services.units import create")),
    (imports_point_one_way, Module("views.units", "from realty.db import Unit")),
    (only_views_present, Module("tweens", "from realty.presenters.cards import unit_card")),
    (sessions_are_opened_in_one_place, Module("views.units", "from pony.orm import db_session")),
    (
        sessions_are_opened_in_one_place,
        Module("services.units", "from realty.db.session import session"),
    ),
    (transactions_end_in_one_place, Module("services.units", "db.commit()")),
    (transactions_end_in_one_place, Module("tweens", "rollback()")),
    (errors_are_written_in_one_place, Module("views.units", 'x = {"success": 0, "error": 1}')),
    (
        errors_are_written_in_one_place,
        Module("resources", "from pyramid.httpexceptions import HTTPNotFound"),
    ),
    (time_is_told_with_its_zone, Module("tweens", "datetime.now()")),
    (time_is_told_with_its_zone, Module("tweens", "datetime.datetime.utcnow()")),
    (time_is_told_with_its_zone, Module("tweens", "date.today()")),
    (time_is_told_with_its_zone, Module("tweens", "datetime.fromtimestamp(5)")),
    (rules_and_services_are_told_the_time, Module("rules.money", "datetime.now(UTC)")),
    (modules_are_short, Module("tweens", "\n" * (LONGEST_MODULE + 1))),
    (no_exception_is_swallowed, Module("tweens", "try: x()\nexcept ValueError: pass")),
]


def package() -> Iterator[Module]:
    """Every module of the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(part for part in parts if part != "__init__")
        yield Module(name, path.read_text(encoding="utf-8"))


MODULES = list(package())


@pytest.mark.parametrize("rule", dict(RULES), ids=lambda rule: rule.__name__)
def test_every_module_keeps(rule: Rule) -> None:
    broken = [f"{module.name} {problem}" for module in MODULES for problem in rule(module)]
    assert broken == []


@pytest.mark.parametrize(("rule", "module"), RULES, ids=range(len(RULES)))
def test_a_rule_notices(rule: Rule, module: Module) -> None:
    assert list(rule(module))


def test_every_layer_is_there() -> None:
    assert set(ALLOWED) | set(FOREIGN) <= {module.layer for module in MODULES}
    assert {module.name for module in MODULES} >= SESSION_MODULES
