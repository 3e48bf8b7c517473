"""Who is who, by the settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialer import settings, wiring
from dialer.followups.twilio_sms import TwilioSms
from dialer.wiring.destinations import everywhere


def test_texts_go_through_the_carrier_that_calls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIALER_CARRIER", "signalwire")
    monkeypatch.setenv("SIGNALWIRE_PROJECT_ID", "0b7e7f60-0000-4000-8000-000000000001")
    monkeypatch.setenv("SIGNALWIRE_SPACE", "acme")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)

    sms = wiring.messengers(settings.load(data_dir=tmp_path))["sms"]

    assert isinstance(sms, TwilioSms)
    assert sms.account == (
        "https://acme.signalwire.com/api/laml/2010-04-01/Accounts/0b7e7f60-0000-4000-8000-000000000001"
    )
    sms.close()


def test_the_sweep_knows_everything_that_rows_are_sent_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUBSPOT_ACCESS_TOKEN", "pat-1")
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC" + "0" * 32)
    monkeypatch.setenv("SMTP_HOST", "mail.example.com")
    monkeypatch.setenv("CALDAV_URL", "https://calendar.example.com/sales")
    given = settings.load(data_dir=tmp_path)
    texts = wiring.messengers(given)

    assert set(everywhere(given)) == {"hubspot", "caldav", "builtin", "sms", "email"}
    assert set(everywhere(given)) == {*wiring.crms(given), *texts}
    texts["sms"].close()  # type: ignore[attr-defined]
