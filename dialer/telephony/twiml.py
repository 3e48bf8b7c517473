"""The markup that carriers understand (TwiML, and SignalWire's cXML), for each thing that we ever ask of a call."""

from __future__ import annotations

from twilio.twiml.voice_response import Connect, Dial, Gather, VoiceResponse


def connect(url: str, *, action: str) -> str:
    """Stream both ways to `url`; whenever the stream ends, ask `action` what to do next."""
    response = VoiceResponse()
    connect = Connect(action=action, method="POST")
    connect.stream(url=url)
    response.append(connect)
    return str(response)


def hang_up() -> str:
    """End the call without a word."""
    response = VoiceResponse()
    response.hangup()
    return str(response)


def nothing() -> str:
    """An empty answer."""
    return str(VoiceResponse())


def say_and_hang_up(text: str, *, language: str) -> str:
    """Speak with the carrier's own voice, then end the call."""
    response = VoiceResponse()
    if text:
        response.say(text, language=language)
    response.hangup()
    return str(response)


def transfer(number: str, *, caller_id: str, action: str = "", whisper: str = "") -> str:
    """Connect the person to a number of ours.

    Args:
        number: E.164.
        caller_id: what it shows.
        action: asked when that is over; empty: the call is over with it.
        whisper: asked what whoever picks up there hears before the two are connected; empty: nothing.
    """
    response = VoiceResponse()
    dial = Dial(caller_id=caller_id, timeout=25, action=action or None, method="POST" if action else None)
    dial.number(number, url=whisper or None, method="POST" if whisper else None)
    response.append(dial)
    return str(response)


def ask_digit(text: str, *, action: str, language: str) -> str:
    """Speak, take one digit, and ask `action` with it; without one, hang up."""
    response = VoiceResponse()
    gather = Gather(num_digits=1, action=action, method="POST", timeout=8)
    gather.say(text, language=language)
    response.append(gather)
    response.hangup()
    return str(response)


def ask(text: str, *, action: str, language: str, interruptible: bool) -> str:
    """Speak, and ask `action` with what the person says or the key that they press; also when neither comes."""
    response = VoiceResponse()
    gather = Gather(
        input="dtmf speech",
        num_digits=1,
        timeout=6,
        speech_timeout="auto",
        language=language,
        action=action,
        method="POST",
        action_on_empty_result=True,
        barge_in=interruptible,
    )
    if text:
        gather.say(text, language=language)
    response.append(gather)
    return str(response)


def redirect(url: str) -> str:
    """Ask `url` what to do next."""
    response = VoiceResponse()
    response.redirect(url, method="POST")
    return str(response)


def say_and_go_on(text: str, *, language: str, url: str) -> str:
    """Speak, then ask `url` what to do next."""
    response = VoiceResponse()
    if text:
        response.say(text, language=language)
    response.redirect(url, method="POST")
    return str(response)
