from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dialer.cli.main import COMMANDS


def dialer(*arguments: str, data_dir: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a shell would."""
    return subprocess.run(
        [sys.executable, "-m", "dialer", *arguments],
        env=dict(os.environ) | {"DIALER_DATA_DIR": str(data_dir)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def refused(result: subprocess.CompletedProcess[str], *words: str) -> bool:
    """Whether it said what is wrong in so many words, without a traceback, and with the exit code of bad input."""
    said = result.stderr
    return result.returncode == 2 and all(word in said for word in words) and "Traceback" not in said + result.stdout


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_every_command_has_help(home: Path) -> None:
    result = dialer("--help", data_dir=home)

    assert result.returncode == 0, result.stderr
    assert [name for name in COMMANDS if name not in result.stdout] == []


def test_an_unknown_command_is_bad_input(home: Path) -> None:
    assert refused(dialer("dail", data_dir=home), "dail")


def test_a_command_without_a_database_says_how_to_get_one(home: Path) -> None:
    result = dialer("campaign", "status", "Spring", data_dir=home)

    assert refused(result, "dialer migrate", "DATABASE_URL")
    assert not home.exists()


def test_up_without_a_public_url_starts_nothing(home: Path) -> None:
    result = dialer("up", data_dir=home)

    assert refused(result, "DIALER_PUBLIC_URL", "--sandbox")
    assert not home.exists()


def test_up_without_credentials_names_those_that_are_missing(home: Path) -> None:
    result = dialer("up", data_dir=home, DIALER_PUBLIC_URL="https://dialer.example.com", TWILIO_ACCOUNT_SID="AC1")

    assert refused(result, "TWILIO_AUTH_TOKEN", "TWILIO_CALLER_ID")
    assert "TWILIO_ACCOUNT_SID" not in result.stderr


def test_a_setting_of_the_wrong_kind_is_named(home: Path) -> None:
    assert refused(dialer("up", data_dir=home, DIALER_SEATS="many"), "seats")


def test_a_port_in_use_is_named_with_its_setting(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = dialer("up", "--sandbox", data_dir=home, DIALER_SANDBOX_PORT=port)

    assert refused(result, port, "DIALER_SANDBOX_PORT")


def test_a_data_directory_of_another_version_is_left_alone(home: Path) -> None:
    (home / "postgres").mkdir(parents=True)
    (home / "postgres" / "PG_VERSION").write_text("15\n")

    result = dialer("migrate", data_dir=home)

    assert refused(result, "PostgreSQL 15", "18")
    assert [path.name for path in (home / "postgres").iterdir()] == ["PG_VERSION"]


def test_a_data_directory_that_cannot_be_made_is_bad_input(home: Path) -> None:
    home.write_text("a file")

    assert refused(dialer("migrate", data_dir=home), str(home))


def test_a_server_that_cannot_be_reached_is_no_traceback(home: Path) -> None:
    result = dialer(
        "migrate", data_dir=home, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none", REDIS_URL="redis://127.0.0.1:1"
    )

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "127.0.0.1" in result.stderr


def test_a_demo_does_not_clear_a_directory_that_is_not_its_own(home: Path) -> None:
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")

    result = dialer("demo", "--data-dir", str(home), data_dir=home)

    assert refused(result, str(home))
    assert (home / "thesis.txt").read_text() == "years of work"


@pytest.mark.parametrize("leads", ["0", "100000", "many"])
def test_a_demo_of_an_impossible_size_is_bad_input(leads: str, home: Path) -> None:
    assert refused(dialer("demo", "--leads", leads, data_dir=home), "leads")


def test_doctor_prints_one_json_object(home: Path) -> None:
    result = dialer("doctor", "--json", data_dir=home)

    report = json.loads(result.stdout)
    assert {finding["verdict"] for finding in report["findings"]} <= {"ok", "warn", "fail"}
    assert report["ok"] is (result.returncode == 0)


@pytest.mark.parametrize("retry", ["busy", "busy=soon:2", "busy=900"])
def test_a_retry_rule_that_cannot_be_read_is_bad_input(retry: str, home: Path) -> None:
    result = dialer("campaign", "create", "Spring", "--agent", "Ava", "--retry", retry, data_dir=home)

    assert refused(result, retry)
