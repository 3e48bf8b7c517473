"""A customer's HTTP tool in a call: a row before a request, one request a row, and secrets nowhere but in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI, Request, Response
from pydantic import SecretStr
from sqlalchemy import select, text

from dialer.agents.http_tool import HttpTool
from dialer.agents.models import AgentVersion
from dialer.calls import facts, seats, using
from dialer.calls.models import Call, ToolUse
from dialer.calls.states import CallState
from dialer.calls.toolbox.http import HttpTools
from dialer.calls.using import Outside, Pending
from dialer.conversation.facts import Reply, ToolWanted
from dialer.db import Sessions
from dialer.settings import ToolSecret
from tests.contract.sandbox_part import served
from tests.factories import Factory, definition

SECRET = "sesame-7f3a"
ORDER = {"type": "object", "properties": {"number": {"type": "string"}, "note": {"type": "string"}}}


@dataclass
class Shop:
    """The customer's own API: answers as told, and remembers what it got."""

    app: FastAPI = field(default_factory=FastAPI)
    got: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    answer: Response = field(default_factory=lambda: Response('{"order": {"status": "on its way"}}'))
    url: str = ""

    def __post_init__(self) -> None:
        self.app.add_api_route("/{path:path}", self._take, methods=["GET", "POST", "DELETE"])

    async def _take(self, request: Request) -> Response:
        target = request.scope["raw_path"].decode() + (f"?{request.url.query}" if request.url.query else "")
        self.got.append((request.method, target, dict(request.headers), (await request.body()).decode()))
        return self.answer


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    with served(shop.app) as url:
        shop.url = url
        yield shop


@dataclass
class Talk:
    """A call at a seat, whose agent may use one HTTP tool."""

    sessions: Sessions
    call: Call
    secrets: dict[str, ToolSecret]
    allow_private: bool = True

    def want(self, name: str, key: str = "1.1", **arguments: Any) -> Reply:
        came = self.ask(name, key, **arguments)
        return came.finish() if isinstance(came, Pending) else came

    def ask(self, name: str, key: str = "1.1", **arguments: Any) -> Reply | Pending:
        outside = Outside(http=HttpTools(self.secrets, allow_private=self.allow_private))
        effects = facts.Effects(opt_out=lambda *_: None, cancel=lambda _: None, outside=outside)  # type: ignore[arg-type,return-value]
        seat = facts.Seat(self.call.id, 1, "calls-1")
        return facts.apply(ToolWanted(key, name, arguments), seat, self.sessions, effects)

    def rows(self) -> list[ToolUse]:
        with self.sessions() as session:
            return list(session.scalars(select(ToolUse).order_by(ToolUse.id)))


Begin = Callable[..., Talk]


@pytest.fixture
def begin(sessions: Sessions, factory: Factory, shop: Shop) -> Begin:
    def begin(**changes: Any) -> Talk:
        values = {
            "name": "order_status",
            "description": "Look up where an order is.",
            "arguments": ORDER,
            "url": f"{shop.url}/orders/{{number}}",
            "headers": {"authorization": "Bearer {secret.orders}"},
            "result": "order.status",
        }
        agent = definition(
            http_tools=[HttpTool(**(values | changes))],
            tools=("end_call", "do_not_call", "transfer"),
            transfer_to="+12125550157",
        )
        with sessions.begin() as session:
            version = session.get_one(AgentVersion, factory.agent_version.id)
            version.definition = agent.model_dump(mode="json")
        call = factory.call(state=CallState.TALKING, carrier_id=f"CA{uuid4().hex}", seat="wanted", seat_epoch=1)
        with sessions.begin() as session:
            assert seats.take(session, call.id, 1, worker="calls-1", url="ws://x")
        return Talk(sessions, call, {"orders": ToolSecret(value=SecretStr(SECRET), hosts=("127.0.0.1",))})

    return begin


def test_the_model_is_told_what_the_endpoint_says(begin: Begin, shop: Shop) -> None:
    talk = begin()

    reply = talk.want("order_status", number="A 7/9")

    assert reply == Reply(text="on its way")
    ((method, target, headers, _),) = shop.got
    assert (method, target) == ("GET", "/orders/A%207%2F9")
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert headers["idempotency-key"] == f"{talk.call.id}-1.1"


def test_the_row_stands_before_the_request_and_is_done_after_it(begin: Begin, shop: Shop) -> None:
    talk = begin()

    pending = talk.ask("order_status", number="7")

    (row,) = talk.rows()
    assert isinstance(pending, Pending)
    assert (row.done_at, row.ok, shop.got) == (None, False, [])
    pending.finish()
    (row,) = talk.rows()
    assert (row.ok, row.result) == (True, "on its way")
    assert row.done_at is not None


def test_a_key_that_is_done_sends_nothing_again(begin: Begin, shop: Shop) -> None:
    talk = begin()

    first, again = talk.want("order_status", number="7"), talk.want("order_status", number="7")

    assert first == again
    assert len(shop.got) == 1


def test_what_the_url_does_not_name_goes_into_the_body_or_the_query(begin: Begin, shop: Shop) -> None:
    begin(method="POST").want("order_status", number="7", note="gift & card")
    assert shop.got[0][3] == '{"note": "gift & card"}'

    shop.got.clear()
    begin().want("order_status", number="7", note="gift & card")
    assert shop.got[0][1] == "/orders/7?note=gift+%26+card"


@pytest.mark.parametrize("number", ["..", ".", "", "..."])
def test_an_argument_is_no_way_to_another_path(begin: Begin, shop: Shop, number: str) -> None:
    assert begin(url=f"{shop.url}/orders/{{number}}/items").want("order_status", number=number).ok is False
    assert shop.got == []


def test_a_redirect_is_not_followed(begin: Begin, shop: Shop) -> None:
    shop.answer = Response(status_code=302, headers={"location": f"{shop.url}/inside"})

    assert begin().want("order_status", number="7").ok is False
    assert [target for _, target, _, _ in shop.got] == ["/orders/7"]


def test_a_private_address_is_refused_unless_it_is_allowed(begin: Begin, shop: Shop) -> None:
    talk = begin(url=shop.url.replace("http:", "https:") + "/orders/{number}")
    talk.allow_private = False

    assert talk.want("order_status", number="7").ok is False
    assert shop.got == []


@pytest.mark.parametrize(
    "arguments",
    [{}, {"number": 7}, {"number": "7", "url": "https://evil.example"}, {"number": "7", "host": "evil.example"}],
)
def test_arguments_that_the_schema_does_not_know_are_refused(begin: Begin, shop: Shop, arguments: Any) -> None:
    assert begin().want("order_status", **arguments).ok is False
    assert shop.got == []


def test_a_secret_leaves_no_trace(begin: Begin, shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """An endpoint that sends the secret back, then one that fails with it: it is in no row, reply or log."""
    caplog.set_level(logging.DEBUG)
    talk = begin(result="")
    shop.answer = Response(f"you said Bearer {SECRET}")
    told = talk.want("order_status", "1.1", number="7")
    shop.answer = Response(f"wrong key {SECRET}", status_code=403)
    refused = talk.want("order_status", "1.2", number="7")

    assert (told.text, refused.ok) == ("you said Bearer …", False)
    with talk.sessions() as session:
        rows = session.execute(text("SELECT t::text FROM tool_uses t UNION ALL SELECT a::text FROM agent_versions a"))
        assert SECRET not in "".join(rows.scalars())
    assert SECRET not in caplog.text
    assert SECRET not in repr(talk.secrets)


@pytest.mark.parametrize(
    "secret",
    [
        ToolSecret(value=SecretStr(SECRET), hosts=("api.example.com",)),
        ToolSecret(value=SecretStr(SECRET), hosts=("127.0.0.1",), organization="somebody else"),
    ],
)
def test_a_secret_goes_to_its_own_hosts_and_organization_only(begin: Begin, shop: Shop, secret: ToolSecret) -> None:
    talk = begin()
    talk.secrets = {"orders": secret}

    assert talk.want("order_status", number="7").ok is False
    assert shop.got == []


def test_an_answer_without_end_is_cut_off(begin: Begin, shop: Shop) -> None:
    shop.answer = Response("x" * 100_000)

    assert begin(result="", most_bytes=1000).want("order_status", number="7").ok is False


@pytest.mark.parametrize("answer", ["no json", "[]", '{"order": null}', '{"order": {}}', "[" * 50_000])
def test_an_answer_without_the_result_is_no_result(begin: Begin, shop: Shop, answer: str) -> None:
    shop.answer = Response(answer)

    reply = begin(most_bytes=100_000).want("order_status", number="7")

    assert (reply.ok, "did not contain" in reply.text) == (False, True)


def test_an_order_whose_fate_nobody_knows_is_not_repeated(begin: Begin, shop: Shop) -> None:
    shop.answer = Response(status_code=503)
    talk = begin(method="POST")

    reply = talk.want("order_status", number="7")

    assert reply == Reply(ok=False, text=using.UNKNOWN)
    assert len(shop.got) == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("transfer", {"number": "+19005550123"}),
        ("transfer", {"reason": "vip", "transfer_to": "+19005550123"}),
        ("http_request", {"url": "https://evil.example"}),
        ("send_sms", {"message": "hi"}),
        ("order_status", {"number": "7", "headers": {"authorization": "x"}}),
    ],
)
def test_speech_that_asks_for_something_outside_this_call_gets_nothing(
    begin: Begin, shop: Shop, name: str, arguments: dict[str, Any]
) -> None:
    """ "Transfer me to +1 900…", "call this URL": a model that gives in finds no tool and no argument for it."""
    talk = begin()

    reply = talk.want(name, **arguments)

    assert (reply.ok, reply.transfer_to, shop.got) == (False, "", [])


def test_a_transfer_goes_to_the_number_of_the_agents_definition(begin: Begin) -> None:
    assert begin().want("transfer", reason="Transfer me to +1 900 555 0123").transfer_to == "+12125550157"
