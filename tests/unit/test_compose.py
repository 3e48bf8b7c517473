"""docker-compose.yml and nginx.conf name only what the code has: no engine is needed to see that."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_viz.spec.compose_spec import ComposeSpecification
from pydantic import SecretStr

from dialer import settings as configuration
from dialer.cli.main import COMMANDS
from dialer.messages import WORKERS
from dialer.sandbox.app import create_app as create_world
from dialer.sandbox.options import Options
from dialer.settings import Settings, Vendors
from dialer.supervisor import local_world

ROOT = Path(__file__).parents[2]
OURS = {"migrate", "web", "beat", "campaigns", "leads", "calls-1", "calls-2", "results", "flower", "sandbox"}
ENV_FILES = ("config/compose.env", "config/compose.sandbox.env")
OF_COMPOSE = {"POSTGRES_PASSWORD", "DIALER_ENV_FILE", "DIALER_HTTP_PORT"}
"""Variables that only the compose file reads."""
OF_CONTAINERS = {
    "DATABASE_URL", "REDIS_URL", "DIALER_DATA_DIR", "DIALER_FLOWER_HOST", "DIALER_FLOWER_PORT", "DIALER_MEDIA_HOST",
    "DIALER_MEDIA_PORT", "DIALER_SANDBOX_PORT", "DIALER_SANDBOX_SMTP_PORT", "DIALER_WEB_HOST", "DIALER_WEB_PORT",
    "DIALER_WORKER_EVENTS", "DIALER_WORKER_NAME",
}  # fmt: skip
"""Variables that the compose file or its commands settle."""
MADE_FOR_A_RUN = {"GOOGLE_CALENDAR_BASE_URL", "GOOGLE_CALENDAR_CREDENTIALS", "GOOGLE_CALENDAR_ID"}
"""Of the sandbox: a service account's key is not kept in a file."""


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


@pytest.fixture(scope="module")
def nginx() -> str:
    return (ROOT / "config" / "nginx.conf").read_text()


def defaults() -> dict[str, Any]:
    """Every environment variable that the settings read, and what it is if nobody sets it."""
    ours = {
        str(field.validation_alias or f"DIALER_{name.upper()}"): field
        for name, field in Settings.model_fields.items()
        if name != "vendors"
    }
    theirs = {name.upper(): field for name, field in Vendors.model_fields.items()}
    return {name: field.get_default(call_default_factory=True) for name, field in (ours | theirs).items()}


def variables() -> set[str]:
    return set(defaults())


def written(default: Any) -> str:
    """A default as an env file writes it."""
    match default:
        case SecretStr():
            return default.get_secret_value()
        case bool():
            return str(default).lower()
        case tuple() | dict():
            body: Any = list(default) if isinstance(default, tuple) else default
            return json.dumps(body, separators=(",", ":"))
    return "" if default is None else str(default)


def offered() -> dict[str, str]:
    """What the env file to copy shows as defaults, variable by variable."""
    lines = (ROOT / "config/compose.env").read_text().splitlines()
    return dict(line[1:].split("=", 1) for line in lines if re.match(r"#[A-Z_]+=", line))


def option(command: list[str], name: str) -> str:
    return command[command.index(name) + 1]


def test_it_is_a_compose_file(compose: dict[str, Any]) -> None:
    known = {key: value for key, value in compose.items() if not key.startswith("x-")}

    assert set(ComposeSpecification.model_validate(known).services or {}) == OURS | {"postgres", "redis", "nginx"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_exists(compose: dict[str, Any], name: str) -> None:
    command, *rest = compose["services"][name]["command"]

    assert command in COMMANDS
    if command == "worker":
        assert rest[0] in WORKERS


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_option_exists(compose: dict[str, Any], name: str) -> None:
    from typer.main import get_command

    from dialer.cli.main import app

    command, *rest = compose["services"][name]["command"]
    found = get_command(app).get_command(None, command)  # type: ignore[attr-defined, arg-type]
    known = {flag for parameter in found.params for flag in (*parameter.opts, *parameter.secondary_opts)}

    assert {word for word in rest if word.startswith("--")} <= known


def test_each_kind_of_worker_has_a_service(compose: dict[str, Any]) -> None:
    commands = [service.get("command", [""]) for service in compose["services"].values()]
    served = [command[1] for command in commands if command[0] == "worker"]

    assert set(served) == set(WORKERS)
    assert served.count("calls") == 2


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_a_setting(compose: dict[str, Any], name: str) -> None:
    assert set(compose["services"][name]["environment"]) <= variables()


@pytest.mark.parametrize("path", ENV_FILES)
def test_every_line_of_the_env_files_is_read(path: str) -> None:
    lines = [line for line in (ROOT / path).read_text().splitlines() if line and not line.startswith("#")]

    assert {line.partition("=")[0] for line in lines} <= variables() | OF_COMPOSE


def test_the_env_file_names_every_setting() -> None:
    lines = (ROOT / "config/compose.env").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if re.match(r"[A-Z_]+=", line)} | set(offered())

    assert variables() - OF_CONTAINERS == named - OF_COMPOSE


def test_the_env_file_shows_the_defaults() -> None:
    known = defaults()

    assert offered() == {name: written(known[name]) for name in offered()}


def test_lines_that_may_stay_empty_may_be_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (ROOT / "config/compose.env").read_text().splitlines():
        if re.fullmatch(r"[A-Z_]+=", line):
            monkeypatch.setenv(line[:-1], "")

    assert configuration.load().model_fields_set


def test_the_sandboxs_env_file_leads_to_all_of_it(tmp_path: Path) -> None:
    lines = (ROOT / "config/compose.sandbox.env").read_text().splitlines()
    wanted = set(local_world.environment(Options(data_dir=tmp_path)))

    assert wanted - {line.partition("=")[0] for line in lines} == MADE_FOR_A_RUN


def test_the_docs_name_every_setting_and_its_default() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)

    assert len(rows) == len(dict(rows))
    assert dict(rows) == {name: f"`{told}`" if (told := written(value)) else "" for name, value in defaults().items()}


def test_every_variable_that_compose_substitutes_is_in_the_env_file() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text()))

    for path in ENV_FILES:
        assert asked <= {line.partition("=")[0] for line in (ROOT / path).read_text().splitlines()}


def test_health_checks_ask_paths_that_exist(compose: dict[str, Any], tmp_path: Path) -> None:
    from dialer.web.app import create_app

    web = create_app(Settings(data_dir=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none"))
    paths = {"web": web, "sandbox": create_world(Options(data_dir=tmp_path))}
    for name, app in paths.items():
        port, path = re.search(r":(\d+)(/[a-z/]+)'", compose["services"][name]["healthcheck"]["test"][-1]).groups()  # type: ignore[union-attr]
        assert port == option(compose["services"][name]["command"], "--port")
        assert path in {getattr(route, "path", "") for route in _routes(app)}


def _routes(app: Any) -> list[Any]:
    found: list[Any] = []
    for route in app.routes:
        found += [route, *getattr(getattr(route, "original_router", None), "routes", [])]
    return found


def test_nginx_leads_to_the_web_service(compose: dict[str, Any], nginx: str) -> None:
    port = option(compose["services"]["web"]["command"], "--port")

    assert f"proxy_pass http://$web:{port};" in nginx
    assert compose["services"]["nginx"]["ports"][0].endswith(":8080")
    assert "listen 8080;" in nginx


def test_nginx_leads_media_to_call_workers_only(compose: dict[str, Any], nginx: str) -> None:
    pattern = re.search(r'location ~ "(.+)"', nginx).group(1).replace("(?<", "(?P<")  # type: ignore[union-attr]
    call = "0a1b2c3d-0000-4000-8000-000000000000"
    for name, service in compose["services"].items():
        matched = re.match(pattern, f"/media/{name}/{call}/abcdefghijklmnopqrstuvwxyz012345")
        assert bool(matched) == (service.get("command", [])[:2] == ["worker", "calls"])
        if matched:
            assert service["environment"]["DIALER_WORKER_NAME"] == matched["worker"] == name
            assert f"proxy_pass http://$worker:{service['environment']['DIALER_MEDIA_PORT']};" in nginx
    assert re.match(pattern, f"/media/127.0.0.1:22/{call}/abcdefghijklmnopqrstuvwxyz012345") is None


def test_nginx_writes_no_token_down(nginx: str) -> None:
    masked = re.search(r'"~(\^\(\?<head>.+?)" "\$head<token>"', nginx).group(1).replace("(?<", "(?P<")  # type: ignore[union-attr]

    assert re.match(masked, "/media/calls-1/some-call/secret").group("head") == "/media/calls-1/some-call/"  # type: ignore[union-attr]
    assert "$request " not in nginx
