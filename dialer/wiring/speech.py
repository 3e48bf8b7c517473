"""What hears and what speaks: recognizers, voices, and talkers that do both."""

from __future__ import annotations

from collections.abc import Mapping

from dialer.settings import Vendors
from dialer.speech.base import Recognizer, Voice
from dialer.speech2speech.base import Talker
from dialer.wiring import accounts
from dialer.wiring.choosing import Maker


def _deepgram(v: Vendors) -> Recognizer:
    from dialer.speech.deepgram import Deepgram

    return Deepgram(base_url=v.deepgram_base_url, api_key=v.deepgram_api_key.get_secret_value(), model=v.deepgram_model)


def _openai_recognizer(v: Vendors) -> Recognizer:
    from dialer.speech.openai import OpenAIRecognizer

    return OpenAIRecognizer(model=v.openai_transcription_model, **accounts.openai(v))


def _elevenlabs(v: Vendors) -> Voice:
    from dialer.speech.elevenlabs import ElevenLabs

    return ElevenLabs(
        base_url=v.elevenlabs_base_url,
        api_key=v.elevenlabs_api_key.get_secret_value(),
        model=v.elevenlabs_model,
        timed=v.elevenlabs_timed,
    )


def _openai_voice(v: Vendors) -> Voice:
    from dialer.speech.openai import OpenAIVoice

    return OpenAIVoice(model=v.openai_speech_model, **accounts.openai(v))


def _polly(v: Vendors) -> Voice:
    from dialer.speech.polly import Polly

    return Polly(
        region=v.aws_region,
        access_key_id=v.aws_access_key_id,
        secret_access_key=v.aws_secret_access_key.get_secret_value(),
        base_url=v.polly_base_url,
        engine=v.polly_engine,
    )


def _openai_talker(v: Vendors) -> Talker:
    from dialer.speech2speech.openai import OpenAITalker

    heard_by = v.openai_transcription_model
    return OpenAITalker(model=v.openai_realtime_model, transcription_model=heard_by, **accounts.openai(v))


def _gemini_talker(v: Vendors) -> Talker:
    from dialer.speech2speech.gemini import GeminiTalker

    return GeminiTalker(model=v.gemini_live_model, **accounts.gemini(v))


RECOGNIZERS: Mapping[str, Maker[Recognizer]] = {
    "deepgram": Maker(lambda v: v.deepgram_api_key, _deepgram),
    "openai": Maker(lambda v: v.openai_api_key, _openai_recognizer),
}
TALKERS: Mapping[str, Maker[Talker]] = {
    "openai": Maker(lambda v: v.openai_api_key, _openai_talker),
    "gemini": Maker(lambda v: v.gemini_api_key, _gemini_talker),
}
VOICES: Mapping[str, Maker[Voice]] = {
    "elevenlabs": Maker(lambda v: v.elevenlabs_api_key, _elevenlabs),
    "openai": Maker(lambda v: v.openai_api_key, _openai_voice),
    "polly": Maker(lambda v: v.aws_region, _polly),
}
