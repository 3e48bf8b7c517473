"""What Deepgram says about a stream: when words, pauses and ends of utterances become messages.

Knows neither sockets nor clocks: all times are of the audio that arrived, as at the real one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialer.sandbox.faults import chance
from dialer.sandbox.heard import EarEvent, SpeechStarted, Tally, UnknownSpeech, WordHeard
from dialer.sandbox.hearing import Ear
from dialer.sandbox.registry import Registry
from dialer.sandbox.voices import FRAME_BYTES

Json = dict[str, Any]

_INTERIM_EVERY_S = 0.3
_FINAL_AFTER_S = 5.0
"""Of speech without a pause, or of nothing, after which a result is final although nobody has stopped."""
_DEFAULT_ENDPOINTING_MS = 10
_TIMES = 3  # decimals: milliseconds


class BadQuery(Exception):
    """A parameter that Deepgram refuses; the text says which."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """The query of a `/v1/listen`, as far as it matters here."""

    model: str = "nova-3"
    language: str = "en"
    interim_results: bool = False
    endpointing_ms: int | None = _DEFAULT_ENDPOINTING_MS
    """None: never `speech_final`."""
    utterance_end_ms: int | None = None
    vad_events: bool = False
    punctuate: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> ListenOptions:
        """Read a query.

        Raises:
            BadQuery: a value is of the wrong kind, or audio that this recognizer does not take.
        """
        audio = query.get("encoding"), query.get("sample_rate"), query.get("channels", "1")
        if audio != ("mulaw", "8000", "1"):
            raise BadQuery("Only encoding=mulaw, sample_rate=8000 and channels=1 are taken here.")
        interim = _flag(query, "interim_results")
        utterance_end_ms = _milliseconds(query, "utterance_end_ms", None)
        if utterance_end_ms is not None and (utterance_end_ms < 1000 or not interim):
            raise BadQuery("utterance_end_ms must be 1000 or more, with interim_results=true.")
        return cls(
            model=query.get("model", "base"),
            language=query.get("language", "en"),
            interim_results=interim,
            endpointing_ms=_milliseconds(query, "endpointing", _DEFAULT_ENDPOINTING_MS),
            utterance_end_ms=utterance_end_ms,
            vad_events=_flag(query, "vad_events"),
            punctuate=_flag(query, "punctuate") or _flag(query, "smart_format"),
        )


class Transcriber:
    """Turns one stream into Deepgram's messages. One per connection."""

    def __init__(self, registry: Registry, options: ListenOptions, request_id: str) -> None:
        self._ear = Ear(registry)
        self._options = options
        self._request_id = request_id
        self._digest = hashlib.sha256()
        self._words: list[WordHeard] = []
        self._start_s = 0.0
        """Where the present result begins."""
        self._interim_s = 0.0
        self._interim_words = 0
        self._last_word_end_s: float | None = None
        """Of speech whose end was not announced yet."""

    @property
    def heard(self) -> Tally:
        """What of the words that were sent arrived."""
        return self._ear.tally

    def feed(self, audio: bytes) -> list[Json]:
        """Listen to the next bytes; return what there is to say about them."""
        self._digest.update(audio)
        messages: list[Json] = []
        for at in range(0, len(audio), FRAME_BYTES):
            for event in self._ear.feed(audio[at : at + FRAME_BYTES]):
                messages += self._note(event)
            messages += self._judge()
        return messages

    def finalize(self) -> list[Json]:
        """Everything that was heard so far, as a final result, with words or without."""
        return [self._result(is_final=True, from_finalize=True)]

    def close(self, created: str) -> list[Json]:
        """The last result, if there are words left, and the metadata."""
        messages: list[Json] = []
        for event in self._ear.finish():
            messages += self._note(event)
        if self._words:
            messages.append(self._result(is_final=True))
        return [*messages, self._metadata(created)]

    def _note(self, event: EarEvent) -> list[Json]:
        if isinstance(event, SpeechStarted):
            if self._options.vad_events:
                return [{"type": "SpeechStarted", "channel": [0], "timestamp": round(event.at_s, _TIMES)}]
            return []
        word = WordHeard(event.text, event.start_s, event.end_s) if isinstance(event, UnknownSpeech) else event
        self._words.append(word)
        self._last_word_end_s = word.end_s
        return []

    def _judge(self) -> list[Json]:
        """What the audio so far calls for."""
        now_s, options = self._ear.heard_s, self._options
        if self._words and options.endpointing_ms is not None and self._ear.silent_ms >= options.endpointing_ms:
            return [self._result(is_final=True, speech_final=True)]
        if now_s - (self._words[0].start_s if self._words else self._start_s) >= _FINAL_AFTER_S:
            return [self._result(is_final=True)]
        if self._words and options.interim_results and now_s - self._interim_s >= _INTERIM_EVERY_S:
            self._interim_s = now_s
            if len(self._words) > self._interim_words:
                self._interim_words = len(self._words)
                return [self._result()]
        if options.utterance_end_ms is not None and self._last_word_end_s is not None:
            gap_s = min(now_s - self._last_word_end_s, self._ear.silent_ms / 1000)
            if gap_s * 1000 >= options.utterance_end_ms:
                ended_s, self._last_word_end_s = self._last_word_end_s, None
                return [{"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": round(ended_s, _TIMES)}]
        return []

    def _result(self, *, is_final: bool = False, speech_final: bool = False, from_finalize: bool = False) -> Json:
        now_s, start_s, words = self._ear.heard_s, self._start_s, [self._word(word) for word in self._words]
        if is_final:
            self._words.clear()
            self._start_s, self._interim_s, self._interim_words = now_s, now_s, 0
        spoken = "punctuated_word" if self._options.punctuate else "word"
        confidence = sum(word["confidence"] for word in words) / len(words) if words else 0.0
        alternative = {
            "transcript": " ".join(word[spoken] for word in words),
            "confidence": round(confidence, 4),
            "words": words,
        }
        if self._options.language == "multi":
            alternative["languages"] = _languages(words)
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(now_s - start_s, _TIMES),
            "start": round(start_s, _TIMES),
            "is_final": is_final,
            "speech_final": speech_final,
            "channel": {"alternatives": [alternative]},
            "metadata": {
                "request_id": self._request_id,
                "model_info": {"name": self._options.model, "version": "2026-01-01.0", "arch": "sandbox"},
                "model_uuid": "5a4d0b0c-0000-4000-8000-000000000001",
            },
            "from_finalize": from_finalize,
        }

    def _word(self, heard: WordHeard) -> Json:
        word: Json = {
            "word": heard.text if heard.text.startswith("[") else _plain(heard.text),
            "start": round(heard.start_s, _TIMES),
            "end": round(heard.end_s, _TIMES),
            "confidence": round(0.9 + 0.099 * chance("confidence", heard.text), 4),
        }
        if self._options.punctuate:
            word["punctuated_word"] = heard.text
        return word

    def _metadata(self, created: str) -> Json:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self._request_id,
            "sha256": self._digest.hexdigest(),
            "created": created,
            "duration": round(self._ear.heard_s, _TIMES),
            "channels": 1,
        }


def _languages(words: list[Json]) -> list[str]:
    """The languages of some words, that of most of them first."""
    hindi = sum(bool(re.search(r"[\u0900-\u097f]", word["word"])) for word in words)
    counts = {"hi": hindi, "en": len(words) - hindi}
    return sorted((code for code, count in counts.items() if count), key=lambda code: -counts[code])


def _plain(word: str) -> str:
    return word.strip(".,;:!?()\"'।-").lower() or word


def _flag(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "false").lower()
    if value not in ("true", "false"):
        raise BadQuery(f"{name} must be true or false.")
    return value == "true"


def _milliseconds(query: Mapping[str, str], name: str, default: int | None) -> int | None:
    value = query.get(name, "")
    if not value:
        return default
    if value == "false":
        return None
    if not value.isdecimal():
        raise BadQuery(f"{name} must be a number of milliseconds or false.")
    return int(value)
