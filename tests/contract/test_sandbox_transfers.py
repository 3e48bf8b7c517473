"""The sandbox's <Dial>: a second leg with a colleague who accepts, declines or does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.phone_sandbox import Hit, Phone, phone, until

PERSON, COLLEAGUE = "+12125550123", "+12125550199"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Phone]:
    with phone(Path(tmp_path_factory.mktemp("transfers")), media=False, talk_s=60.0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Phone) -> Phone:
    shared.reset()
    return shared


def hand_over(sandbox: Phone, kind: str) -> tuple[Hit, str]:
    """Hand a person over to a colleague of this kind; return what the action was told, and the leg's id."""
    httpx.put(f"{sandbox.url}/world/colleagues/{COLLEAGUE}", json={"kind": kind}, trust_env=False).raise_for_status()
    sandbox.pin(PERSON, "interested")
    number = f'<Number url="/voice/whisper/x">{COLLEAGUE}</Number>'
    gather = '<Gather numDigits="1" timeout="8" action="/voice/accept/x"><Say>Press one.</Say></Gather>'
    sandbox.application.answers["answer"] = f'<Response><Dial action="/voice/dialed/x">{number}</Dial></Response>'
    sandbox.application.answers["whisper"] = f"<Response>{gather}<Hangup/></Response>"
    sandbox.application.answers["dialed"] = "<Response><Hangup/></Response>"
    call = sandbox.call(PERSON)
    (dialed,) = until(lambda: sandbox.application.at("dialed"), 30)
    sandbox.over(call.sid)
    return dialed, call.sid


def test_a_colleague_who_accepts_is_connected(sandbox: Phone) -> None:
    sandbox.application.answers["accept"] = "<Response/>"

    dialed, parent = hand_over(sandbox, "accepts")

    (whisper,), (accept,) = sandbox.application.at("whisper"), sandbox.application.at("accept")
    assert whisper.signed
    assert (whisper.form["To"], whisper.form["ParentCallSid"]) == (COLLEAGUE, parent)
    assert accept.form["Digits"] == "1"
    assert (dialed.form["DialCallStatus"], dialed.form["DialBridged"]) == ("completed", "true")
    assert dialed.form["CallSid"] == parent
    leg = sandbox.client.calls(dialed.form["DialCallSid"]).fetch()
    assert (leg.direction, leg.parent_call_sid, leg.status) == ("outbound-dial", parent, "completed")


@pytest.mark.parametrize("kind", ["declines", "says_nothing", "hangs_up"])
def test_a_colleague_who_does_not_accept_is_not_connected(sandbox: Phone, kind: str) -> None:
    sandbox.application.answers["accept"] = "<Response><Hangup/></Response>"

    dialed, _ = hand_over(sandbox, kind)

    assert dialed.form["DialBridged"] == "false"
    assert len(sandbox.application.at("accept")) == (1 if kind == "declines" else 0)


@pytest.mark.parametrize(("kind", "status"), [("no_answer", "no-answer"), ("busy", "busy")])
def test_a_colleague_who_cannot_be_reached_hears_nothing(sandbox: Phone, kind: str, status: str) -> None:
    dialed, _ = hand_over(sandbox, kind)

    assert (dialed.form["DialCallStatus"], dialed.form["DialBridged"]) == (status, "false")
    assert sandbox.application.at("whisper") == []


def test_the_ledger_tells_of_each_leg(sandbox: Phone) -> None:
    sandbox.application.answers["accept"] = "<Response/>"
    dialed, parent = hand_over(sandbox, "accepts")

    told = [line for line in sandbox.ledger("call.status") if line.get("leg") == dialed.form["DialCallSid"]]

    assert [(line["status"], line["to"], line["carrier_id"]) for line in told] == [
        ("ringing", COLLEAGUE, parent),
        ("answered", COLLEAGUE, parent),
        ("completed", COLLEAGUE, parent),
    ]
