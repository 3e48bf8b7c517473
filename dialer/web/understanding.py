"""What requests about understanding do: role, limits, transaction, audit event."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.concurrency import run_in_threadpool

from dialer import clock, db
from dialer.accounts import audit
from dialer.accounts.principal import Principal
from dialer.audio import samples
from dialer.errors import BadInput, Conflict
from dialer.training import queries, serving
from dialer.training.models import UnderstandingModel
from dialer.understanding.analysis import Understanding, Utterance, understand
from dialer.understanding.corpus import Labelled
from dialer.understanding.voice import Baseline
from dialer.web.state import WebState

FEWEST: Final = 20
"""Labels that a training needs: with fewer nothing can be held out."""


@dataclass(frozen=True, slots=True)
class Analysed:
    """An utterance, and what was found in it."""

    text: str
    transcribed: bool
    """Whether the words were recognized in the audio."""
    found: Understanding


async def analyse(
    state: WebState, who: Principal, *, text: str, audio: str, language: str, region: str, timezone: str
) -> Analysed:
    """Understand an utterance: its words, its voice, or both. Without words those of the audio are recognized.

    Raises:
        BadInput: there is neither, or the audio or the time zone cannot be read.
        TransientError: the organization asks too often, or no recognizer can be had.
    """
    zone = read_zone(timezone)
    heard = await run_in_threadpool(_audio, audio) if audio else b""
    if not text.strip() and not heard:
        raise BadInput("Give text, audio, or both.")
    words = text.strip()
    if not words:
        await run_in_threadpool(state.billed.check, who.organization_id)
        words = await state.assistant.transcribe(heard, language=language)
    found = await run_in_threadpool(understood, state, who, words, heard, zone, region)
    return Analysed(words, not text.strip(), found)


def understood(state: WebState, who: Principal, text: str, heard: bytes, zone: ZoneInfo, region: str) -> Understanding:
    """Understand an utterance with the organization's model."""
    with state.sessions() as session:
        model, now = serving.serving(session, who.organization_id), clock.now(session)
    began_s = monotonic()
    found = understand(Utterance(text, heard, now.astimezone(zone), region), model, Baseline())
    return replace(found, took_ms=round((monotonic() - began_s) * 1000, 1))


def train(state: WebState, who: Principal, examples: Sequence[Labelled], *, with_shipped: bool) -> UnderstandingModel:
    """Keep the examples, and queue a training on all of the organization's labels.

    Raises:
        BadInput: there are too few labels to learn from.
        Conflict: a training is under way.
    """
    with db.transaction(state.sessions) as tx:
        queries.label_texts(tx.session, who.organization_id, examples, by=who.by)
        utterances = len(queries.labelled(tx.session, who.organization_id))
        if utterances < FEWEST:
            raise BadInput(f"{utterances} labelled utterances are too few to learn from: {FEWEST} are needed.")
        model = queries.request(
            tx.session, who.organization_id, with_shipped=with_shipped, utterances=utterances, by=who.by
        )
        audit.write(tx.session, who.organization_id, by=who.by, what="model.train", number=model.number)
        tx.after_commit(lambda: state.wiring.messages.send("results.train", str(model.id)))
    return model


def promote(state: WebState, who: Principal, number: int) -> None:
    """Let live calls use a model from the next one on; 0 is the one that ships. Doing it twice is no error.

    Raises:
        NotFound, Conflict: there is no such model, or it is not trained.
    """
    with db.transaction(state.sessions) as tx:
        if number:
            queries.version(tx.session, who.organization_id, number)
        if not queries.promote(tx.session, who.organization_id, number, by=who.by):
            raise Conflict(f"Model {number} is not trained.")
        audit.write(tx.session, who.organization_id, by=who.by, what="model.promote", number=number)


def label(state: WebState, who: Principal, turn_id: int, labels: dict[str, str], *, language: str) -> None:
    """Say what a person's turn was.

    Raises:
        NotFound: the organization has no such turn of a person's.
        BadInput: nothing is said about it.
    """
    if not labels:
        raise BadInput("Say at least one of emotion, intent and sentiment.")
    with db.transaction(state.sessions) as tx:
        queries.label_turn(tx.session, who.organization_id, turn_id, labels, language=language, by=who.by)
        audit.write(tx.session, who.organization_id, by=who.by, what="turn.label", turn=turn_id, **labels)


def read_zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        BadInput: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadInput(f"There is no time zone {name!r}: give one such as America/New_York.") from error


def _audio(encoded: str) -> bytes:
    """Read a base64 WAV as mu-law.

    Raises:
        BadInput: it is none.
    """
    try:
        return samples.of_wav(b64decode(encoded, validate=True))
    except binascii.Error as error:
        raise BadInput("The audio is no base64.") from error
