"""`dialer up --sandbox` on an operator's first day: a test call to one's own phone, and a person who calls back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil
import pytest

from dialer.sandbox.options import Options
from dialer.supervisor import local_world
from dialer.supervisor.programs import free_port

MY_PHONE = "+12125550177"
T = TypeVar("T")

pytestmark = [pytest.mark.timeout(300)]


@dataclass
class Running:
    """A running installation."""

    home: Path
    environment: dict[str, str]
    process: subprocess.Popen[str]
    key: str = ""

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.environment['DIALER_WEB_PORT']}"

    @property
    def world(self) -> str:
        return f"http://127.0.0.1:{self.environment['DIALER_SANDBOX_PORT']}/world"

    def dialer(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "dialer", *arguments, "--json"],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def calls(self, **wanted: str) -> list[dict[str, Any]]:
        listed = httpx.get(f"{self.web}/api/calls", headers={"Authorization": f"Bearer {self.key}"}, timeout=10)
        found: list[dict[str, Any]] = listed.raise_for_status().json()["items"]
        return [call for call in found if all(str(call.get(key)) == value for key, value in wanted.items())]

    def turns(self, call_id: str) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = httpx.get(f"{self.web}/api/calls/{call_id}", headers=headers, timeout=10).raise_for_status().json()
        turns: list[dict[str, Any]] = answer["detail"]["turns"]
        return turns

    def crms_with_a_task(self) -> set[str]:
        writes = httpx.get(f"{self.world}/ledger", params={"kind": "crm.write"}, timeout=10).raise_for_status().json()
        return {write["crm"] for write in writes if str(write.get("key", "")).startswith("task-")}


def until(look: Callable[[], T | None], *, within_s: float) -> T:
    """Wait until there is something to see."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except (httpx.HTTPError, KeyError):
            pass
        time.sleep(0.25)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    home = tmp_path_factory.mktemp("up")
    environment = dict(os.environ) | {
        "DIALER_DATA_DIR": str(home),
        "DIALER_WEB_PORT": str(free_port()),
        "DIALER_FLOWER_PORT": str(free_port()),
        "DIALER_SANDBOX_PORT": str(free_port()),
    }
    with (home / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "dialer", "up", "--sandbox", "--data-dir", str(home)],
            env=environment, stdout=said, stderr=said, text=True,
        )  # fmt: skip
    here = Running(home, environment, process)
    try:
        until(lambda: "Ctrl-C stops everything" in (home / "said").read_text() or None, within_s=240)
        world = Options(data_dir=home, public_url=here.world.removesuffix("/world"))
        environment |= local_world.environment(world)  # what an operator of real accounts has set anyway
        here.key = here.dialer("keys", "create", "test", "--role", "admin")["key"]
        yield here
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            process.kill()


def test_the_first_log_in_is_a_link(running: Running) -> None:
    said = (running.home / "said").read_text()

    assert f"{running.web}/login/link?token=" in said


def test_my_own_phone_is_called_by_the_agent(running: Running) -> None:
    httpx.put(f"{running.world}/people/{MY_PHONE}", json={"kind": "not_interested"}, timeout=10).raise_for_status()

    placed = running.dialer("call", MY_PHONE, "--agent", "Maya")
    over = until(
        lambda: next((call for call in running.calls(id=placed["id"]) if call["disposition"]), None), within_s=90
    )

    assert over["disposition"] == "not_interested"
    speakers = [turn["speaker"] for turn in running.turns(placed["id"])]
    assert "agent" in speakers
    assert "person" in speakers


def test_a_person_who_calls_back_is_answered_and_the_sales_team_told(running: Running) -> None:
    owned = "+12125550100"
    httpx.post(
        f"{running.world}/calls", json={"from": MY_PHONE, "to": owned, "kind": "interested"}, timeout=10
    ).raise_for_status()

    over = until(
        lambda: next((call for call in running.calls(direction="inbound") if call.get("disposition")), None),
        within_s=120,
    )
    said = " ".join(turn["text"] for turn in running.turns(over["id"]) if turn["speaker"] == "agent")

    assert "Thank you for calling back" in said
    until(lambda: running.crms_with_a_task() == {"hubspot", "salesforce"} or None, within_s=60)


def test_no_law_is_broken(running: Running) -> None:
    audit = running.dialer("audit", "--carrier")

    assert {name: count for name, count in audit["laws"].items() if count} == {}


def test_ctrl_c_leaves_nothing_running(running: Running) -> None:
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(60) == 0

    left = [
        process.info["cmdline"]
        for process in psutil.process_iter(["cmdline"])
        if str(running.home) in " ".join(process.info["cmdline"] or [])
    ]
    assert left == []
