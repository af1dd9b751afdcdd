"""What the service refuses to start with: one line that says what to do, and no traceback."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pyramid.exceptions import ConfigurationError

import realty
from realty.contract import record
from realty.db.database import is_postgres
from realty.settings import SAMPLE_SECRET, SettingsError
from tests.cli.running import SECONDS, environment
from tests.client import CONTRACT
from tests.database import outside
from tests.deployment import INI, deploy
from tests.postgres_server import free_port

ROOT = Path(__file__).parent.parent
Document = dict[str, Any]
Edit = Callable[[Document], Any]


class Deployment:
    """A copy of what is deployed: the ini file, the contract, and views beside ours."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.ini = folder / "development.ini"
        self.views = folder / "views"
        self.contract = folder / "openapi.yaml"
        self.variables = {"DATABASE_URL": database_url, "REALTY_CONTRACT": str(self.contract)}
        self.views.mkdir()
        shutil.copy(ROOT / "development.ini", self.ini)
        shutil.copy(CONTRACT, self.contract)
        record(self.contract)

    def edit_contract(self, edit: Edit) -> None:
        """Change the contract of this deployment, and let the change count as checked."""
        document = yaml.load(self.contract.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        edit(document)
        self.contract.write_text(yaml.dump(document, sort_keys=False), encoding="utf-8")
        record(self.contract)

    def refusal(self) -> str:
        """The one line with which `pserve` ends; fails when it serves, or says more."""
        start = (
            f"import realty.views; realty.views.__path__.append({str(self.views)!r});"
            "from pyramid.scripts.pserve import main; main()"
        )
        ended = subprocess.run(
            [
                *(sys.executable, "-W", "ignore", "-c", start),
                *(str(self.ini), f"http_port={free_port()}"),
            ],
            cwd=self.ini.parent,
            env=environment(**self.variables),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 1
        assert ended.stderr.startswith("realty: "), ended.stderr
        (line,) = ended.stderr.splitlines()
        return line


@pytest.fixture
def deployment(tmp_path: Path, database: str) -> Deployment:
    """A deployment that would start, on the database under test."""
    return Deployment(tmp_path, database)


def add_operation(document: Document) -> None:
    """`GET /api/weather`, which nobody implements."""
    health = document["paths"]["/health"]
    weather = {**health["get"], "operationId": "getWeather"}
    document["paths"]["/api/weather"] = {
        **health,
        "x-pyramid-route-name": "weather",
        "get": weather,
    }


def test_an_operation_without_a_view(deployment: Deployment) -> None:
    deployment.edit_contract(add_operation)
    line = deployment.refusal()
    assert "without a view: getWeather" in line
    assert '@operation("getWeather", permission=P.' in line


def test_a_view_without_a_permission(deployment: Deployment) -> None:
    deployment.edit_contract(add_operation)
    source = (
        "from realty.contract import operation\n"
        '@operation("getWeather")\n'
        "def get_weather(context, request):\n"
        '    return {"status": "ok"}\n'
    )
    (deployment.views / "weather.py").write_text(source, encoding="utf-8")
    assert '@operation("getWeather") names no permission: add permission=P.' in deployment.refusal()


def test_a_view_of_an_unknown_operation(deployment: Deployment) -> None:
    source = (
        "from pyramid.security import NO_PERMISSION_REQUIRED\n"
        "from realty.contract import operation\n"
        '@operation("getWeather", permission=NO_PERMISSION_REQUIRED)\n'
        "def get_weather(context, request):\n"
        '    return {"status": "ok"}\n'
    )
    (deployment.views / "weather.py").write_text(source, encoding="utf-8")
    line = deployment.refusal()
    assert '"getWeather") is not in the contract: correct the id or add' in line


def test_production_with_the_sample_secret(deployment: Deployment) -> None:
    deployment.variables |= {
        "REALTY_ENVIRONMENT": "production",
        "REALTY_TOKEN_KEYS": f"first:{SAMPLE_SECRET}",
    }
    line = deployment.refusal()
    assert "REALTY_TOKEN_KEYS: production refuses the sample secret" in line
    assert "openssl rand -hex 32" in line
    assert SAMPLE_SECRET not in line


@pytest.mark.parametrize("secret", ["short", "x" * 31])
def test_a_short_secret_anywhere(secret: str) -> None:
    with pytest.raises(SettingsError, match="shorter than 32 bytes") as refused:
        realty.main({}, **{**INI, "realty.token_keys": f"first:{secret}"})
    assert secret not in str(refused.value).replace("shorter", "")


def test_a_setting_that_nobody_knows(deployment: Deployment) -> None:
    text = deployment.ini.read_text(encoding="utf-8")
    text = text.replace("[app:main]", "[app:main]\nrealty.databse_url = sqlite:///x.sqlite")
    deployment.ini.write_text(text, encoding="utf-8")
    assert deployment.refusal() == "realty: realty.databse_url: no such setting"


@pytest.fixture
def empty_database(database: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of the same kind without a table."""
    if not is_postgres():
        path = tmp_path / "empty.sqlite"
        path.touch()
        yield f"sqlite:///{path}"
        return
    with outside(database) as cursor:
        cursor.execute("CREATE DATABASE realty_empty")
        yield named(database, "realty_empty")
        cursor.execute("DROP DATABASE realty_empty")


def named(database_url: str, name: str) -> str:
    """The URL of another database on the same server."""
    server, _, rest = database_url.rpartition("/")
    _, question, options = rest.partition("?")
    return f"{server}/{name}{question}{options}"


def test_a_database_that_is_not_migrated(deployment: Deployment, empty_database: str) -> None:
    deployment.variables["DATABASE_URL"] = empty_database
    line = deployment.refusal()
    assert "The database is empty" in line
    assert line.endswith("run: realty migrate")


def test_a_database_that_is_not_there(
    deployment: Deployment, tmp_path: Path, database: str
) -> None:
    postgres = is_postgres()
    deployment.variables["DATABASE_URL"] = (
        named(database, "realty_nowhere") if postgres else f"sqlite:///{tmp_path}/nowhere.sqlite"
    )
    line = deployment.refusal()
    if postgres:
        assert 'database "realty_nowhere" does not exist' in line
    else:
        assert line.endswith("nowhere.sqlite; run: realty init-db")


def test_a_server_that_does_not_answer(deployment: Deployment) -> None:
    url = f"postgresql://realty:secret-of-the-database@127.0.0.1:{free_port()}/realty"
    deployment.variables["DATABASE_URL"] = url
    line = deployment.refusal()
    assert "PostgreSQL does not answer" in line
    assert "secret-of-the-database" not in line


def test_who_embeds_the_application_gets_an_exception(deployment: Deployment) -> None:
    """Only the command exits; `main` tells a program what is wrong."""
    deployment.edit_contract(add_operation)
    with pytest.raises(ConfigurationError, match="without a view: getWeather"):
        deploy(deployment.variables["DATABASE_URL"], contract=str(deployment.contract))
