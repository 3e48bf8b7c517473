"""What comes of carriers' answers, and of requests in their name, that are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from twilio.http.response import Response

from dialer.errors import CarrierBusy
from dialer.telephony.signalwire import SignalWire
from dialer.telephony.twilio import Twilio


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Iterator[Twilio]:
    """An account in front of which somebody's proxy answers."""

    def proxy(*_: Any, **__: Any) -> Response:
        return Response(200, "<html>Back in a minute</html>")

    with closing(Twilio(account_sid="AC1", auth_token="token", base_url="http://127.0.0.1:9")) as carrier:
        monkeypatch.setattr(carrier._client.http_client, "request", proxy)
        yield carrier


def test_an_answer_that_cannot_be_read_is_asked_for_again(twilio: Twilio) -> None:
    with pytest.raises(CarrierBusy, match="cannot be read"):
        twilio.fetch("CA1")
    with pytest.raises(CarrierBusy, match="cannot be read"):
        twilio.hang_up("CA1")


def test_a_signature_that_is_no_text_is_no_signature() -> None:
    with closing(SignalWire(project_id="p", api_token="t", signing_key="k", space="acme")) as carrier:
        assert not carrier.verify("https://dialer.test/voice/status/1", "{}", {"x-signalwire-signature": "\xe9\xff"})
        assert not carrier.verify("https://dialer.test/voice/status/1", {}, {"x-signalwire-signature": "\xe9\xff"})
