"""The carrier's REST API for the account, its numbers, recordings and messages."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, JSONResponse

from dialer.sandbox.carrier_api import drop
from dialer.sandbox.carrier_errors import TwilioError
from dialer.sandbox.carrier_requests import form_of, page, require_account, world_of
from dialer.sandbox.sms import Texting
from dialer.sandbox.world import OwnNumber, World

router = APIRouter(prefix="/twilio/2010-04-01/Accounts", dependencies=[Depends(require_account)])


def texting_of(request: Request) -> Texting:
    """The message centre of this world."""
    texting = request.app.state.texting
    assert isinstance(texting, Texting)
    return texting


@router.get("/{account}.json")
async def account(account: str) -> dict[str, Any]:
    """The account."""
    return {
        "sid": account,
        "friendly_name": "Sandbox",
        "status": "active",
        "type": "Full",
        "owner_account_sid": account,
        "auth_token": None,
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
        "uri": f"/2010-04-01/Accounts/{account}.json",
        "subresource_uris": {},
    }


@router.get("/{account}/IncomingPhoneNumbers.json")
async def numbers(request: Request) -> dict[str, Any]:
    """The account's numbers."""
    world = world_of(request)
    wanted = request.query_params.get("PhoneNumber")
    shown = [own for own in world.numbers.values() if wanted in (None, own.number)]
    return page(request, "incoming_phone_numbers", shown, lambda own: _number(world, own))


@router.post("/{account}/IncomingPhoneNumbers/{sid}.json")
async def configure_number(request: Request, sid: str) -> dict[str, Any]:
    """Set what is asked when somebody calls or texts a number."""
    world = world_of(request)
    own = next((own for own in world.numbers.values() if own.sid == sid), None)
    if own is None:
        raise TwilioError(20404, f"IncomingPhoneNumbers/{sid}")
    form, _ = await form_of(request)
    own.voice_url = form.get("VoiceUrl", own.voice_url)
    own.sms_url = form.get("SmsUrl", own.sms_url)
    return _number(world, own)


@router.get("/{account}/OutgoingCallerIds.json")
async def caller_ids(request: Request) -> dict[str, Any]:
    """Numbers of others that the account may show: none."""
    return page(request, "outgoing_caller_ids", [], dict)


@router.get("/{account}/Recordings.json")
async def recordings(request: Request) -> dict[str, Any]:
    """All recordings."""
    return _recordings(request, request.query_params.get("CallSid"))


@router.get("/{account}/Calls/{call_sid}/Recordings.json")
async def call_recordings(request: Request, call_sid: str) -> dict[str, Any]:
    """The recordings of a call."""
    return _recordings(request, call_sid)


@router.get("/{account}/Recordings/{sid}.json")
async def recording(request: Request, sid: str) -> dict[str, Any]:
    """One recording."""
    kept = world_of(request).recordings
    found = kept.get(sid)
    if found is None:
        raise TwilioError(20404, f"Recordings/{sid}")
    return kept.resource(found)


@router.get("/{account}/Recordings/{name}")
async def recording_media(request: Request, name: str) -> FileResponse:
    """The audio of a recording, as mu-law WAV."""
    sid = name.removesuffix(".wav")
    kept = world_of(request).recordings
    if kept.get(sid) is None:
        raise TwilioError(20404, f"Recordings/{sid}")
    return FileResponse(kept.path(sid), media_type="audio/x-wav")


@router.post("/{account}/Messages.json", status_code=201)
async def send(request: Request) -> Response:
    """Send a text message. It is on disk before it is answered."""
    world = world_of(request)
    form, _ = await form_of(request)
    key = ("sms", form.get("To", ""), world.ledger.seq)
    message = await texting_of(request).take(form)
    if world.faults.hits("sms_error", *key):
        raise TwilioError(20500)
    if world.faults.hits("drop_reply", *key):
        return await drop(request)
    return JSONResponse(message.resource(world.options.account_sid), 201)


@router.get("/{account}/Messages.json")
async def messages(request: Request) -> dict[str, Any]:
    """List messages, newest first."""
    query = request.query_params
    found = texting_of(request).find(to=query.get("To"), from_=query.get("From"))
    account_sid = world_of(request).options.account_sid
    return page(request, "messages", found, lambda message: message.resource(account_sid))


@router.get("/{account}/Messages/{sid}.json")
async def message(request: Request, sid: str) -> dict[str, Any]:
    """One message."""
    found = texting_of(request).get(sid)
    if found is None:
        raise TwilioError(20404, f"Messages/{sid}")
    return found.resource(world_of(request).options.account_sid)


def _recordings(request: Request, call_sid: str | None) -> dict[str, Any]:
    kept = world_of(request).recordings
    return page(request, "recordings", kept.of(call_sid), kept.resource)


def _number(world: World, own: OwnNumber) -> dict[str, Any]:
    account_sid = world.options.account_sid
    return {
        "sid": own.sid,
        "account_sid": account_sid,
        "api_version": "2010-04-01",
        "phone_number": own.number,
        "friendly_name": own.number,
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "voice_url": own.voice_url,
        "voice_method": "POST",
        "sms_url": own.sms_url,
        "sms_method": "POST",
        "status": "in-use",
        "origin": "twilio",
        "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
        "date_updated": "Thu, 01 Jan 2026 00:00:00 +0000",
        "uri": f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers/{own.sid}.json",
    }
