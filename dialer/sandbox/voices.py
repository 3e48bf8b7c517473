"""The voices of the sandbox: real speech by espeak-ng, with the place of every word in it.

Each utterance carries a trace of line noise that is drawn from its own text and voice, so that no two utterances share
more than a moment of audio, just as no two recordings do. The same text in the same voice is the same audio, always.
"""

from __future__ import annotations

import _ctypes
import ctypes
import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

import espeakng_loader
import numpy as np
import numpy.typing as npt
import soxr

from dialer.audio import mulaw

SAMPLE_RATE_HZ = 8000
FRAME_BYTES = 160
SILENCE = b"\xff"
"""Mu-law for zero."""

_NEGATIVE_ZERO = b"\x7f"
"""Mu-law's other zero: left out, so that audio stays the same to the byte on its way through linear samples."""

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_RATE, _PITCH = 1, 3
_EVENT_END_OF_LIST, _EVENT_WORD, _EVENT_END = 0, 1, 5
_LINE_NOISE = 12.0
"""Standard deviation of the noise under every utterance, of 32768: one and a half mu-law steps, about -69 dBFS."""
_AUDIBLE = 160
"""Amplitude, of 32768, from which a sample counts as part of a word."""
_CACHED_UTTERANCES = 512
_SEED = 1
_SYNTHESIS = threading.Lock()
"""The library has one state for the whole process, whoever asks."""
_TONE_HZ, _TONE_AMPLITUDE = 1000, 12000

_ALIASES = {"en-gb": "en", "en-in": "en", "hi-in": "hi"}
"""Locales that espeak-ng has by another name, or not."""

VENDOR_VOICES = ("en-us+f3", "en-us+m3", "en-gb+f2", "en-us+f4", "en-gb+m1", "en-us+m7", "en-us+f1", "en-gb+m5")
"""What the ids of other vendors' voices become; distinct enough to be told apart by ear."""


BRISK_WPM = 205
"""Words a minute of people on the phone who have no time to lose."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, punctuation included, and where it is heard: bytes, which are samples at 8 kHz."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text as audio: mu-law in whole 20 ms frames."""

    text: str
    mulaw: bytes
    words: tuple[Word, ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.mulaw) / SAMPLE_RATE_HZ


class Listeners(Protocol):
    """Whoever must know each utterance in order to recognize it later (`dialer.sandbox.registry.Registry`)."""

    def add(self, utterance: Utterance) -> None:
        """Learn an utterance. More than once is no error."""
        ...


class Voices:
    """Speaks, and registers what it spoke. Any thread may ask; one utterance is made at a time, in 5 to 20 ms."""

    def __init__(self, registry: Listeners) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[str, str, int, int, float], Utterance] = OrderedDict()

    def speak(
        self, text: str, voice: str = "en-us", speed: int = 165, pitch: int = 50, noise: float = 0.0
    ) -> Utterance:
        """Speak a text.

        Args:
            text: what to say.
            voice: an espeak-ng voice such as `en-us`, `en-gb` or `hi`, with a variant if wanted (`en-us+f3`).
            speed: words a minute, 80 to 450.
            pitch: 0 to 99.
            noise: background noise for the length of the utterance; standard deviation, full scale being 1.

        Raises:
            ValueError: there is no such voice.
        """
        key = (text, voice, speed, pitch, noise)
        with self._lock:
            utterance = self._made.pop(key, None) or _make(text, voice, speed, pitch, noise)
            self._made[key] = utterance
            if len(self._made) > _CACHED_UTTERANCES:
                self._made.popitem(last=False)
        self._registry.add(utterance)
        return utterance


def vendor_voice(voice_id: str, language: str = "en") -> str:
    """Map another vendor's voice id to one of espeak-ng's: the same id always to the same voice."""
    digest = hashlib.sha256(voice_id.encode()).digest()
    name = VENDOR_VOICES[digest[0] % len(VENDOR_VOICES)]
    base = language.partition("-")[0].lower() or "en"
    return name if base == "en" else f"{base}+{name.partition('+')[2]}"


def beep(seconds: float = 0.4) -> bytes:
    """A voicemail's tone, 1 kHz, as mu-law in whole frames."""
    samples = int(seconds * SAMPLE_RATE_HZ)
    wave = np.sin(2 * np.pi * _TONE_HZ * np.arange(samples) / SAMPLE_RATE_HZ) * _TONE_AMPLITUDE
    return _framed(mulaw.encode(wave.astype("<i2").tobytes()))


def silence(ms: int) -> bytes:
    """Silence as mu-law."""
    return SILENCE * (ms * SAMPLE_RATE_HZ // 1000)


def _make(text: str, voice: str, speed: int, pitch: int, noise: float) -> Utterance:
    with _SYNTHESIS:
        pcm, rate_hz, marks, end = _synthesize(text, voice, speed, pitch)
    samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32)
    narrow = soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ)
    padded = np.zeros(-(-len(narrow) // FRAME_BYTES) * FRAME_BYTES, dtype=np.float32)
    padded[: len(narrow)] = narrow
    seed = hashlib.sha256(f"{text}|{voice}|{speed}|{pitch}|{noise}".encode()).digest()
    grain = np.random.default_rng(int.from_bytes(seed[:8])).standard_normal(len(padded), dtype=np.float32)
    noisy = np.clip(padded + grain * np.float32(max(_LINE_NOISE, noise * 32768)), -32768, 32767)
    words = _words(text, marks, end, padded)
    encoded = mulaw.encode(noisy.astype("<i2").tobytes()).replace(_NEGATIVE_ZERO, SILENCE)
    return Utterance(text, encoded, words)


def _words(text: str, marks: list[tuple[int, int]], end: int, samples: npt.NDArray[np.float32]) -> tuple[Word, ...]:
    """Give every written word its place.

    Args:
        text: what was said; words are what white space parts.
        marks: (position in the text, milliseconds) of each spoken word and clause end, in order; a clause end has
            position -1. Numbers are several spoken words, and espeak-ng joins some short ones ("of the").
        end: milliseconds.
        samples: the audio without noise, at 8 kHz.
    """
    written = [m for m in re.finditer(r"\S+", text) if any(c.isalnum() for c in m.group())]
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    for mark, (position, at_ms) in enumerate(marks):
        token = next((i for i, m in enumerate(written) if m.start() <= position < m.end()), None)
        if token is None:
            continue
        starts.setdefault(token, at_ms)
        ends[token] = marks[mark + 1][1] if mark + 1 < len(marks) else end
    words: list[Word] = []
    for first in sorted(starts):
        following = [i for i in range(first + 1, len(written)) if i in starts]
        group = range(first, following[0] if following else len(written))
        begin, stop = _audible(samples, starts[first] * 8, ends[first] * 8)
        lengths = [len(written[i].group()) for i in group]
        for nth, i in enumerate(group):
            left = begin + (stop - begin) * sum(lengths[:nth]) // sum(lengths)
            right = begin + (stop - begin) * sum(lengths[: nth + 1]) // sum(lengths)
            words.append(Word(written[i].group(), left, right))
    return tuple(words)


def _audible(samples: npt.NDArray[np.float32], start: int, end: int) -> tuple[int, int]:
    """Trim a span to where something is heard."""
    loud = np.flatnonzero(np.abs(samples[start:end]) > _AUDIBLE)
    if not len(loud):
        return start, max(end, start + 1)
    return start + int(loud[0]), start + int(loud[-1]) + 1


def _framed(audio: bytes) -> bytes:
    return audio + SILENCE * (-len(audio) % FRAME_BYTES)


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def _synthesize(text: str, voice: str, speed: int, pitch: int) -> tuple[bytes, int, list[tuple[int, int]], int]:
    """Run espeak-ng once: 16-bit samples, their rate, the marks of `_words`, the end in milliseconds.

    The library is loaded anew each time (half a millisecond), because its oscillators keep their state between
    utterances, even over `espeak_Terminate`, and the same words would never sound the same twice. Nor would they in
    the next second: its random numbers begin with the clock's seconds unless they are given a seed.
    """
    pcm = bytearray()
    marks: list[tuple[int, int]] = []

    def collect(samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if samples and count > 0:
            pcm.extend(ctypes.string_at(samples, count * 2))
        i = 0
        while events[i].type != _EVENT_END_OF_LIST:
            event = events[i]
            if event.type == _EVENT_WORD:
                marks.append((event.text_position - 1, event.audio_position))
            elif event.type == _EVENT_END:
                marks.append((-1, event.audio_position))
            i += 1
        return 0

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    try:
        data = espeakng_loader.get_data_path().encode()
        rate_hz = library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
        if rate_hz <= 0:
            raise RuntimeError("espeak-ng does not start; is the espeakng-loader package whole?")
        library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
        callback = _SynthCallback(collect)
        library.espeak_SetSynthCallback(callback)
        language, plus, variant = voice.lower().partition("+")
        if library.espeak_SetVoiceByName(f"{_ALIASES.get(language, language)}{plus}{variant}".encode()) != 0:
            raise ValueError(f"no such voice: {voice}")
        library.espeak_SetParameter(_RATE, speed, 0)
        library.espeak_SetParameter(_PITCH, pitch, 0)
        encoded = text.encode()
        size = ctypes.c_size_t(len(encoded) + 1)
        library.espeak_Synth(encoded, size, 0, 1, 0, _CHARS_UTF8, None, None)
    finally:
        library.espeak_Terminate()
        _ctypes.dlclose(library._handle)
    return bytes(pcm), rate_hz, marks, len(pcm) * 500 // rate_hz
