"""Every command of `realty`, run as a process: what it does, and how each failure is told."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from realty.cli import main
from realty.db import OutgoingMail, User, utcnow
from realty.db.connection import head_revision
from realty.db.session import session
from realty.errors import RealtyError
from realty.passwords import PasswordHasher
from realty.services import admins, mail
from tests.cli.running import realty, running
from tests.client import Api
from tests.factories import make_admin
from tests.postgres_server import free_port

ROOT = Path(__file__).parents[2]
DONE, FAILED, WRONG_USE, NO_DATABASE, WRONG_CONFIGURATION = range(5)
NOBODY_LISTENS = f"postgresql://realty:secret-word@127.0.0.1:{free_port()}/realty"

# Help


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["init-db", "migrate", "seed-demo", "create-admin", "tick", "openapi", "exit status"]),
        (["init-db"], ["examples:", "SQLite"]),
        (["migrate"], ["examples:", "--config production.ini"]),
        (["seed-demo"], ["examples:", "--projects 5000 --units-per-project 40", "--if-empty"]),
        (["create-admin"], ["examples:", "--password-stdin", "--email"]),
        (["tick"], ["examples:", "--loop 30"]),
        (["openapi", "check"], ["examples:", "openapi.yaml.sha256"]),
    ],
)
def test_help_teaches(
    arguments: list[str], words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--help"])
    assert ended.value.code == DONE
    shown = capsys.readouterr().out
    for word in words:
        assert word in shown


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["conquer"],
        ["tick", "--loop", "0"],
        ["tick", "--loop", "soon"],
        ["seed-demo", "--projects", "-1", "--units-per-project", "4"],
        ["create-admin", "--email", "a@example.in"],
        ["create-admin", "--email", "a@example.in", "--name", "A", "--password", "on-the-line"],
    ],
)
def test_wrong_use_is_status_2_and_shows_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == WRONG_USE
    assert capsys.readouterr().err.startswith("usage: realty")


def test_help_needs_neither_the_database_nor_the_web_framework(tmp_path: Path) -> None:
    shown = realty("--help", folder=tmp_path, PYTHONPROFILEIMPORTTIME="1")
    assert shown.status == DONE
    imported = {line.rpartition("|")[2].strip() for line in shown.errors.splitlines()}
    assert "realty" in imported
    assert not imported & {"pyramid", "pony", "psycopg2", "sqlalchemy", "realty.db"}


# Configuration


def test_the_ini_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "development.ini").write_text(
        "[app:main]\nuse = egg:realty\nrealty.database_url = sqlite:///%(here)s/of-file.sqlite\n"
    )
    assert realty("init-db", folder=tmp_path).status == DONE
    assert (tmp_path / "of-file.sqlite").is_file()
    other = f"sqlite:///{tmp_path}/of-environment.sqlite"
    assert realty("init-db", folder=tmp_path, DATABASE_URL=other).status == DONE
    assert (tmp_path / "of-environment.sqlite").is_file()


@pytest.mark.parametrize("place", ["before", "after", "variable"])
def test_the_ini_file_may_be_named(place: str, tmp_path: Path) -> None:
    (tmp_path / "my.ini").write_text(
        "[app:main]\nrealty.database_url = sqlite:///%(here)s/my.sqlite\n"
    )
    if place == "variable":
        ended = realty("init-db", folder=tmp_path, REALTY_CONFIG="my.ini")
    else:
        words = ["--config", "my.ini", "init-db"]
        ended = realty(*(words if place == "before" else words[2:] + words[:2]), folder=tmp_path)
    assert ended.status == DONE
    assert (tmp_path / "my.sqlite").is_file()


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused = realty("--config", "absent.ini", "tick", folder=tmp_path)
    assert refused.status == WRONG_CONFIGURATION
    assert refused.complaint == "There is no configuration file absent.ini."


def test_a_file_that_is_no_ini_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "odd.ini").write_text("[app:main]\nrealty.portal_url = %(x)s\n")
    refused = realty("--config", "odd.ini", "tick", folder=tmp_path)
    assert refused.status == WRONG_CONFIGURATION
    assert refused.complaint.startswith("odd.ini cannot be read: ")


def test_every_wrong_setting_is_told_at_once(tmp_path: Path) -> None:
    refused = realty("tick", folder=tmp_path, REALTY_BCRYPT_COST="99", REALTY_SMTP_PORT="mail")
    assert refused.status == WRONG_CONFIGURATION
    assert "REALTY_BCRYPT_COST" in refused.complaint
    assert "REALTY_SMTP_PORT" in refused.complaint


# The database


@pytest.mark.parametrize(
    "arguments",
    [
        ["init-db"],
        ["migrate"],
        ["tick"],
        ["seed-demo"],
        ["create-admin", "--email", "a@example.in", "--name", "A", "--password-stdin"],
    ],
)
def test_a_server_that_does_not_answer_is_status_3(arguments: list[str], tmp_path: Path) -> None:
    refused = realty(*arguments, folder=tmp_path, DATABASE_URL=NOBODY_LISTENS)
    assert refused.status == NO_DATABASE
    assert "refused" in refused.complaint
    assert "secret-word" not in refused.errors


@pytest.mark.parametrize("command", ["migrate", "tick"])
def test_a_database_that_is_not_there_is_status_3(command: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/absent.sqlite"
    refused = realty(command, folder=tmp_path, DATABASE_URL=url)
    assert refused.status == NO_DATABASE
    assert refused.complaint.endswith("run: realty init-db")
    assert not (tmp_path / "absent.sqlite").exists()


def test_a_database_without_tables_is_status_3(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/empty.sqlite"
    sqlite3.connect(tmp_path / "empty.sqlite").close()
    refused = realty("tick", folder=tmp_path, DATABASE_URL=url)
    assert refused.status == NO_DATABASE
    assert refused.complaint.endswith("run: realty migrate")


def test_an_unknown_kind_of_database_is_told(tmp_path: Path) -> None:
    refused = realty("init-db", folder=tmp_path, DATABASE_URL="mysql://localhost/realty")
    assert refused.status == NO_DATABASE
    assert "sqlite:////path/to/file or postgresql://" in refused.complaint


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.sqlite").write_text("this is no database, " * 100)
    refused = realty("tick", folder=tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/text.sqlite")
    assert refused.status == NO_DATABASE
    assert "not a database" in refused.complaint


def test_init_db_makes_folder_file_and_tables_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/var/new/realty.sqlite"
    made = realty("init-db", folder=tmp_path, DATABASE_URL=url)
    assert made.status == DONE
    assert made.output == f"The database is at revision {head_revision()} (was empty).\n"
    again = realty("init-db", folder=tmp_path, DATABASE_URL=url)
    assert again.output == f"The database is at revision {head_revision()} already.\n"
    with closing(sqlite3.connect(tmp_path / "var/new/realty.sqlite")) as plain:
        assert plain.execute("SELECT count(*) FROM users").fetchone() == (0,)


def test_init_db_where_no_folder_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    url = f"sqlite:///{tmp_path}/file/realty.sqlite"
    refused = realty("init-db", folder=tmp_path, DATABASE_URL=url)
    assert refused.status == NO_DATABASE
    assert refused.complaint.startswith("The database file cannot be made: ")


def test_migrate_on_the_database_under_test(database: str, tmp_path: Path) -> None:
    ended = realty("migrate", folder=tmp_path, DATABASE_URL=database)
    assert ended.status == DONE
    assert ended.output == f"The database is at revision {head_revision()} already.\n"


# Administrators


def test_create_admin_makes_one_who_can_sign_in(database: str, tmp_path: Path, api: Api) -> None:
    made = realty(
        "create-admin",
        "--email=Meenakshi.Iyer@example.in",
        "--name=Meenakshi  Iyer",
        "--password-stdin",
        folder=tmp_path,
        input="Päßwort-42-ok\n",
        DATABASE_URL=database,
    )
    assert made.status == DONE, made.errors
    assert made.output == "meenakshi.iyer@example.in is an administrator.\n"
    answer = api.post(
        "/api/auth/login", {"email": "meenakshi.iyer@example.in", "password": "Päßwort-42-ok"}
    )
    user = answer.data["user"]
    assert (user["user_type"], user["full_name"]) == ("admin", "Meenakshi Iyer")
    with session():
        stored = User.get(email="meenakshi.iyer@example.in").password_hash
    assert not PasswordHasher(cost=4, concurrency=1).needs_rehash(stored)


def test_create_admin_refuses_in_one_line(database: str, tmp_path: Path) -> None:
    refused = realty(
        "create-admin",
        "--email=a@example.in",
        "--name=A",
        "--password-stdin",
        folder=tmp_path,
        input="short\n",
        DATABASE_URL=database,
    )
    assert refused.status == FAILED
    assert refused.complaint == "This password cannot be used. It needs at least 8 characters."
    with session():
        assert User.select().count() == 0


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("email", "name", "password"),
    [
        ("no address", "A", "Ganga-Yamuna-42"),
        ("a@example.in", " ", "Ganga-Yamuna-42"),
        ("a@example.in", "A", "é" * 40),
        ("a@example.in", "A", ""),
    ],
)
def test_nobody_becomes_an_administrator_without(email: str, name: str, password: str) -> None:
    hasher = PasswordHasher(cost=4, concurrency=1)
    with pytest.raises(RealtyError), session():
        admins.create(email=email, full_name=name, password=password, hasher=hasher, now=utcnow())
    with session():
        assert User.select().count() == 0


def test_create_admin_refuses_a_taken_address(database: str, tmp_path: Path) -> None:
    admin = make_admin()
    refused = realty(
        "create-admin",
        f"--email={admin.email.upper()}",
        "--name=A",
        "--password-stdin",
        folder=tmp_path,
        input="Ganga-Yamuna-42\n",
        DATABASE_URL=database,
    )
    assert refused.status == FAILED
    assert refused.complaint == "An account with this e-mail address exists."


def test_create_admin_without_a_terminal_asks_for_password_stdin(
    database: str, tmp_path: Path
) -> None:
    refused = realty(
        "create-admin",
        "--email=a@example.in",
        "--name=A",
        folder=tmp_path,
        input="Ganga-Yamuna-42\n",
        DATABASE_URL=database,
    )
    assert refused.status == WRONG_USE
    assert "--password-stdin" in refused.complaint


# Timed work


def queue_mail() -> None:
    with session():
        mail.queue("asha@example.in", subject="Hello", text="Hello", now=utcnow())


def test_tick_does_what_is_due_and_says_so_in_one_line(database: str, tmp_path: Path) -> None:
    queue_mail()
    first = realty("tick", folder=tmp_path, DATABASE_URL=database)
    assert (first.status, first.output) == (DONE, "tick: mails sent: 1\n")
    assert "mail to asha@example.in: Hello" in first.errors
    assert len(list((tmp_path / "var" / "mail").iterdir())) == 1
    second = realty("tick", folder=tmp_path, DATABASE_URL=database)
    assert (second.status, second.output) == (DONE, "tick: nothing was due\n")


def test_tick_with_a_dead_mail_server_is_no_failure(database: str, tmp_path: Path) -> None:
    queue_mail()
    ended = realty(
        "tick",
        folder=tmp_path,
        DATABASE_URL=database,
        REALTY_MAIL_BACKEND="smtp",
        REALTY_SMTP_HOST="localhost",
        REALTY_SMTP_PORT=str(free_port()),
    )
    assert (ended.status, ended.output) == (DONE, "tick: mails put off: 1\n")
    assert "Traceback" not in ended.errors
    with session():
        assert [row.status for row in OutgoingMail.select()] == ["queued"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_tick_loops_until_it_is_told_to_stop(
    number: signal.Signals, database: str, tmp_path: Path
) -> None:
    with running("tick", "--loop", "1", folder=tmp_path, DATABASE_URL=database) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "tick: nothing was due\n"
        queue_mail()
        while (line := process.stdout.readline()) == "tick: nothing was due\n":
            pass
        assert line == "tick: mails sent: 1\n"
        process.send_signal(number)
        _, errors = process.communicate(timeout=15)
        assert process.returncode == DONE
        assert "Traceback" not in errors


# The contract


def test_openapi_check_passes_ours_and_records_it(tmp_path: Path) -> None:
    copy = tmp_path / "openapi.yaml"
    shutil.copy(ROOT / "openapi.yaml", copy)
    passed = realty("openapi", "check", "--contract", str(copy), folder=tmp_path)
    assert passed.status == DONE, passed.output
    assert passed.output.startswith(f"{copy} is sound: ")
    assert (tmp_path / "openapi.yaml.sha256").read_text().endswith("  openapi.yaml\n")


def test_openapi_check_lists_every_problem(tmp_path: Path) -> None:
    text = (ROOT / "openapi.yaml").read_text()
    copy = tmp_path / "openapi.yaml"
    copy.write_text(text.replace("x-pyramid-route-name: health", "").replace("[public]", "[all]"))
    refused = realty("openapi", "check", "--contract", str(copy), folder=tmp_path)
    assert refused.status == FAILED
    assert "/health: has no x-pyramid-route-name" in refused.output
    assert "x-roles must name some of" in refused.output
    assert refused.complaint.endswith("problems, listed above.")
    assert not (tmp_path / "openapi.yaml.sha256").exists()


@pytest.mark.parametrize("text", [None, "- a list", "\x00\xff"])
def test_openapi_check_of_what_is_no_contract(text: str | None, tmp_path: Path) -> None:
    file = tmp_path / "other.yaml"
    if text is not None:
        file.write_bytes(text.encode("latin-1"))
    refused = realty("openapi", "check", "--contract", str(file), folder=tmp_path)
    assert refused.status == FAILED
    assert str(file) in refused.complaint
