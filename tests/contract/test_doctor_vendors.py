"""`dialer doctor --live` uses each vendor of a call once, and says which setting is to blame."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from dialer import doctor_vendors
from dialer.doctor import Finding, Verdict
from dialer.settings import BrainServer, Settings, Vendors
from tests.sandbox_vendors import KEY, Sandbox, vendors


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("world")) as sandbox:
        yield sandbox


def examined(sandbox: Sandbox, *, server_key: str = KEY, **changes: Any) -> dict[str, Finding]:
    key, http = SecretStr(KEY), sandbox.http
    values: dict[str, Any] = {
        "deepgram_api_key": key, "deepgram_base_url": f"{http}/deepgram",
        "openai_api_key": key, "openai_base_url": f"{http}/openai/v1",
        "gemini_api_key": key, "gemini_base_url": f"{http}/gemini/v1beta",
        "elevenlabs_api_key": key, "elevenlabs_base_url": f"{http}/elevenlabs",
    }  # fmt: skip
    server = BrainServer(name="ours", base_url=f"{http}/openai/v1", api_key=SecretStr(server_key), model="some")
    settings = Settings(vendors=Vendors(**(values | changes)), brain_servers=(server,))
    return {finding.name: finding for finding in doctor_vendors.examine(settings)}


def test_every_vendor_of_every_role_is_used(sandbox: Sandbox) -> None:
    found = examined(sandbox)

    assert {finding.verdict for finding in found.values()} == {Verdict.OK}, found
    assert set(found) == {
        "speech recognition (deepgram)", "speech recognition (openai)",
        "language model (openai)", "language model (gemini)", "language model (ours)",
        "voice (elevenlabs)", "voice (openai)",
        "speech to speech (openai)", "speech to speech (gemini)",
        "embeddings (openai)",
    }  # fmt: skip


def test_a_refused_key_is_named_where_it_is_set(sandbox: Sandbox) -> None:
    found = examined(sandbox, gemini_api_key=SecretStr("wrong"), server_key="wrong")

    brain, talker = found["language model (gemini)"], found["speech to speech (gemini)"]
    assert (brain.verdict, brain.advice) == (Verdict.FAIL, "Check GEMINI_API_KEY and GEMINI_MODEL.")
    assert talker.verdict is Verdict.WARN  # calls go on without it
    assert "GEMINI_LIVE_MODEL" in talker.advice
    assert "the entry ours of DIALER_BRAIN_SERVERS" in found["language model (ours)"].advice
    assert found["language model (openai)"].verdict is Verdict.OK


def test_vendors_that_nobody_set_up_are_left_alone(sandbox: Sandbox) -> None:
    found = examined(sandbox, openai_api_key=SecretStr(""), gemini_api_key=SecretStr(""))

    assert not [name for name in found if "speech to speech" in name or "embeddings" in name]
    assert found["language model (ours)"].verdict is Verdict.OK
