"""The command line: `realty --help` is its documentation."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from realty.settings import Settings

DONE, FAILED, WRONG_USE, NO_DATABASE, WRONG_CONFIGURATION = range(5)
INTERRUPTED = 130

DESCRIPTION = """\
Realty: prepare the database, load demo data, make administrators, and do the timed work.

Start on a new machine:
  realty init-db                 make the database
  realty seed-demo               fill it with believable data and three logins
  pserve development.ini         serve it
  realty tick --loop 30          expire bookings, send mail, clean up, every 30 seconds
"""
EPILOG = """\
configuration:
  --config FILE is an ini file with [app:main]; without it $REALTY_CONFIG, else development.ini
  where there is one. Environment variables (REALTY_…, DATABASE_URL) win over the file.

exit status:
  0  done                        3  the database does not answer, or is not migrated
  1  failed; one line says why   4  the configuration is wrong
  2  wrong use                 130  interrupted
"""


class Failure(Exception):
    """A command that cannot go on: one line for the user, and the exit status."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit with its status."""
    options = _parser().parse_args(arguments)
    try:
        status = options.run(options)
    except Failure as failure:
        _say_failed(str(failure))
        status = failure.status
    except KeyboardInterrupt:
        _say_failed("interrupted")
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; the interpreter must not write to it while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = FAILED
    except Exception as error:  # noqa: BLE001 - the last resort: one line instead of a traceback
        status = _explain(error)
    sys.exit(status)


def _say_failed(message: str) -> None:
    print(f"realty: {' '.join(message.split())}", file=sys.stderr)


def _explain(error: Exception) -> int:
    """Say in one line what an exception means; gives the exit status."""
    from realty.db.connection import DatabaseNotReady
    from realty.db.failures import classify
    from realty.errors import RealtyError

    if isinstance(error, DatabaseNotReady):
        _say_failed(str(error))
        return NO_DATABASE
    if isinstance(error, RealtyError):
        _say_failed(" ".join([error.message, *(detail.message for detail in error.details)]))
        return FAILED
    known = classify(error)
    if known is not None and known.code == "service_unavailable":
        _say_failed(f"The database does not answer: {error}")
        return NO_DATABASE
    _say_failed(f"{type(error).__name__}: {error}")
    return FAILED


def _settings(options: argparse.Namespace) -> Settings:
    """The settings that the ini file and the environment give."""
    import plaster

    from realty.settings import Settings, SettingsError

    named = getattr(options, "config", None) or os.environ.get("REALTY_CONFIG")
    path = Path(named or "development.ini")
    if named and not path.is_file():
        raise Failure(f"There is no configuration file {path}.", WRONG_CONFIGURATION)
    try:
        ini = plaster.get_settings(str(path.absolute()), "app:main") if path.is_file() else {}
        return Settings.load(ini, os.environ)
    except SettingsError as problems:
        lines = "; ".join(str(problems).splitlines())
        raise Failure(lines, WRONG_CONFIGURATION) from problems
    except Exception as unreadable:
        raise Failure(f"{path} cannot be read: {unreadable}", WRONG_CONFIGURATION) from unreadable


def _connected(options: argparse.Namespace) -> Settings:
    """The settings, once the entities are bound to a database of the newest revision."""
    from realty.db.connection import check_migrated, connect

    settings = _settings(options)
    connect(settings.database_url)
    check_migrated()
    return settings


def _init_db(options: argparse.Namespace) -> int:
    from realty.db import migrate

    url = _settings(options).database_url
    try:
        migrate.create(url)
    except OSError as failure:
        raise Failure(f"The database file cannot be made: {failure}", NO_DATABASE) from failure
    return _upgrade(url)


def _migrate(options: argparse.Namespace) -> int:
    return _upgrade(_settings(options).database_url)


def _upgrade(database_url: str) -> int:
    from realty.db import migrate

    before = migrate.current(database_url)
    migrate.upgrade(database_url)
    head = migrate.head()
    was = f"was {before}" if before else "was empty"
    print(f"The database is at revision {head}" + (f" ({was})." if before != head else " already."))
    return DONE


def _seed_demo(options: argparse.Namespace) -> int:
    from realty.db import utcnow

    if (options.projects is None) != (options.units_per_project is None):
        raise Failure("Give --projects and --units-per-project together.", WRONG_USE)
    settings = _connected(options)
    if settings.is_production and not options.force:
        raise Failure("This is production: demo accounts have a known password. (--force loads.)")

    from realty import demo
    from realty.commands.seed import seed

    if options.if_empty and not demo.is_empty():
        print("The database has data already; nothing was changed.")
        return DONE
    for line in seed(
        settings,
        now=utcnow(),
        projects=options.projects,
        units_per_project=options.units_per_project,
        payments=options.payments,
        bookings=options.bookings,
        quiet=options.quiet,
    ):
        print(line, flush=True)
    return DONE


def _create_admin(options: argparse.Namespace) -> int:
    from realty.db import utcnow
    from realty.db.session import session
    from realty.passwords import PasswordHasher
    from realty.services import admins

    settings = _connected(options)
    password = _password_from_stdin() if options.password_stdin else _password_from_prompt()
    hasher = PasswordHasher(cost=settings.bcrypt_cost, concurrency=1)
    with session():
        user = admins.create(
            email=options.email,
            full_name=options.name,
            password=password,
            hasher=hasher,
            now=utcnow(),
        )
        email = user.email
    print(f"{email} is an administrator.")
    return DONE


def _password_from_stdin() -> str:
    try:
        return sys.stdin.buffer.readline().decode().rstrip("\r\n")
    except UnicodeDecodeError as broken:
        raise Failure("The password is not valid UTF-8.") from broken


def _password_from_prompt() -> str:
    from getpass import getpass

    if not sys.stdin.isatty():
        raise Failure("Without a terminal, give the password with --password-stdin.", WRONG_USE)
    password = getpass("Password: ")
    if getpass("Once more: ") != password:
        raise Failure("The two passwords differ.")
    return password


def _tick(options: argparse.Namespace) -> int:
    import logging

    from realty.adapters.mail import mail_sender
    from realty.commands.tick import summary, tick
    from realty.db import utcnow

    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    settings = _connected(options)
    sender = mail_sender(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    while True:
        done = tick(now=utcnow(), settings=settings, sender=sender)
        print(f"tick: {summary(done)}", flush=True)
        if options.loop is None:
            return FAILED if done["errors"] else DONE
        if stop.wait(options.loop):
            return DONE


def _audit_verify(options: argparse.Namespace) -> int:
    from realty.commands.audit import verify

    heads = Path(options.heads) if options.heads else None
    if heads is not None and not heads.is_file():
        raise Failure(f"There is no file {heads}.", WRONG_USE)
    return DONE if verify(_connected(options).database_url, heads) else FAILED


def _openapi_check(options: argparse.Namespace) -> int:
    from realty.contract.checking import ContractError, check_contract, record
    from realty.contract.document import Contract

    path = Path(options.contract or _settings(options).contract)
    if not path.is_file():
        raise Failure(f"There is no contract at {path}.")
    try:
        contract = Contract.read(path)
    except Exception as unreadable:
        raise Failure(f"{path} cannot be read: {unreadable}") from unreadable
    try:
        check_contract(contract)
    except ContractError as error:
        problems = str(error).splitlines()
        print("\n".join(problems))
        raise Failure(f"{path} has {len(problems)} problems, listed above.") from error
    record(path)
    print(f"{path} is sound: {len(contract.operations)} operations.")
    return DONE


def _parser() -> argparse.ArgumentParser:
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument(
        "--config", metavar="FILE", default=argparse.SUPPRESS, help="ini file with [app:main]"
    )
    parser = argparse.ArgumentParser(
        prog="realty",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[config],
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        into: argparse._SubParsersAction[argparse.ArgumentParser],
        name: str,
        run: object,
        text: str,
        *examples: str,
    ) -> argparse.ArgumentParser:
        """A command whose help begins with `text` and ends with examples of its use."""
        added = into.add_parser(
            name,
            parents=[config],
            help=text.partition(".")[0].lower(),
            description=text,
            epilog="examples:\n" + "\n".join(f"  {example}" for example in examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        added.set_defaults(run=run)
        return added

    command(
        commands,
        "init-db",
        _init_db,
        "Make the database and its tables.\n\nAn SQLite file is made with its folder; a "
        "PostgreSQL database must exist.\nRunning it again only migrates.",
        "realty init-db",
        "DATABASE_URL=postgresql://realty:secret@localhost/realty realty init-db",
    )
    command(
        commands,
        "migrate",
        _migrate,
        "Bring the tables to the newest revision.\n\nOn a failure nothing has changed. A second "
        "migration at the same time waits for the first.",
        "realty migrate --config production.ini",
    )
    seed = command(
        commands,
        "seed-demo",
        _seed_demo,
        "Load demo data, once.\n\nThree builders, eight projects, twenty customers and bookings "
        "in every status; a second run\nchanges nothing. With --projects and "
        "--units-per-project there are that many more\nprojects besides, with --payments a builder "
        "whose sold homes have that many payments,\nwith --bookings a country's worth of both "
        "sides, for measuring; what is there is kept.",
        "realty seed-demo",
        "realty seed-demo --projects 5000 --units-per-project 40",
        "realty seed-demo --payments 100000",
    )
    seed.add_argument("--projects", type=_count(100_000), metavar="N", help="projects for volume")
    seed.add_argument(
        "--units-per-project", type=_count(10_000), metavar="M", help="units in each of them"
    )
    seed.add_argument(
        "--payments", type=_count(10_000_000), metavar="P", help="payments of one builder"
    )
    seed.add_argument(
        "--bookings", type=_count(10_000_000), metavar="B", help="bookings, and life around them"
    )
    seed.add_argument("--if-empty", action="store_true", help="only into a database without users")
    seed.add_argument("--force", action="store_true", help="in production too")
    seed.add_argument("--quiet", action="store_true", help="no progress bar")
    admin = command(
        commands,
        "create-admin",
        _create_admin,
        "Make an administrator.\n\nThe password is asked for on the terminal or read from "
        "standard input, never from an argument,\nwhich every user of the machine could see.",
        "realty create-admin --email asha@example.com --name 'Asha Rao'",
        "pass show realty | realty create-admin --email a@example.com --name A --password-stdin",
    )
    admin.add_argument("--email", required=True, help="the address to sign in with")
    admin.add_argument("--name", required=True, help="the full name")
    admin.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    timed = command(
        commands,
        "tick",
        _tick,
        "Do the timed work that is due.\n\nExpires bookings and reservations, sends mail, deletes "
        "old idempotency keys and links.\nIt may run as often as you like, and on several "
        "machines at once. The exit status is 1 when\nsomething failed that the next tick tries "
        "again; a mail server that is down is not a failure.",
        "realty tick",
        "realty tick --loop 30     every 30 seconds, until SIGTERM",
    )
    timed.add_argument(
        "--loop", type=_count(86_400), metavar="SECONDS", help="go on, with this pause between"
    )
    audit = commands.add_parser("audit", help="prove what happened")
    verified = command(
        audit.add_subparsers(title="commands", metavar="COMMAND", required=True),
        "verify",
        _audit_verify,
        "Check the audit chains, the money and the counters.\n\nEach is recomputed from the rows "
        "of one moment; nothing is changed and nobody waits. The first\nrow of each kind that does "
        "not fit is named, and the exit status is 1.",
        "realty audit verify",
        "realty audit verify --heads /var/log/realty/tick.log",
    )
    verified.add_argument(
        "--heads", metavar="FILE", help="a log of `realty tick`: no chain was cut since either"
    )
    openapi = commands.add_parser("openapi", help="work on the contract")
    contract = openapi.add_subparsers(title="commands", metavar="COMMAND", required=True)
    check = command(
        contract,
        "check",
        _openapi_check,
        "Check the contract.\n\nEvery problem is listed. What passes is recorded beside the file "
        "(openapi.yaml.sha256), and\nthe server then starts without checking it again.",
        "realty openapi check",
        "realty openapi check --contract openapi.yaml",
    )
    check.add_argument("--contract", metavar="FILE", help="instead of the one of the settings")
    return parser


class _count:  # noqa: N801 - argparse shows the name of a type
    """An argument that is a whole number from 1 to `most`."""

    def __init__(self, most: int) -> None:
        self._most = most

    def __call__(self, text: str) -> int:
        number = int(text) if text.isascii() and text.isdecimal() else 0
        if not 1 <= number <= self._most:
            raise argparse.ArgumentTypeError(f"must be a whole number from 1 to {self._most}")
        return number


if __name__ == "__main__":
    main()
