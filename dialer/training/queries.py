"""The SQL of labels and models. Nothing here commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from dialer.calls.models import Call, Turn
from dialer.conversation.facts import Speaker
from dialer.errors import Conflict, NotFound
from dialer.training.models import LabelledUtterance, TrainingState, UnderstandingModel
from dialer.understanding.corpus import Labelled
from dialer.understanding.voice import FEATURES

MOST_UTTERANCES: Final = 5_000
"""The latest ones are learned."""
LOST_S: Final = 660
"""A training that ended nowhere for so long died with its worker: longer than one may take."""
UNHEARD_S: Final = 3
"""A request that nobody began for so long is published again."""
MOST_TRIES: Final = 3


def label_turn(
    session: Session, organization_id: UUID, turn_id: int, labels: dict[str, str], *, language: str, by: str
) -> None:
    """Label what a person said in a call; the last label counts.

    Raises:
        NotFound: the organization has no such turn of a person's.
    """
    mine = (
        select(Turn.id)
        .join(Call, Call.id == Turn.call_id)
        .where(Turn.id == turn_id, Call.organization_id == organization_id, Turn.speaker == Speaker.PERSON.value)
    )
    if session.scalar(mine) is None:
        raise NotFound("turn", turn_id)
    values = {"organization_id": organization_id, "turn_id": turn_id, "language": language, "by": by, **labels}
    _upsert(session, [values], "turn_id", labels)


def label_texts(session: Session, organization_id: UUID, utterances: Iterable[Labelled], *, by: str) -> None:
    """Keep labelled texts; of one text the last label counts."""
    rows: dict[str, dict[str, object]] = {
        one.text: {
            "organization_id": organization_id,
            "text": one.text,
            "language": one.language,
            "emotion": one.emotion,
            "intent": one.intent,
            "sentiment": one.sentiment,
            "by": by,
        }
        for one in utterances
    }
    if rows:
        _upsert(session, list(rows.values()), "organization_id, text", ("emotion", "intent", "sentiment"))


def labelled(session: Session, organization_id: UUID) -> list[Labelled]:
    """Return an organization's labelled utterances; with those of calls their voice, and what was asked before."""
    before = aliased(Turn)
    asked = (
        select(before.text)
        .where(before.call_id == Turn.call_id, before.number < Turn.number, before.speaker == Speaker.AGENT.value)
        .order_by(before.number.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(LabelledUtterance, Turn.text, Turn.understanding, asked)
        .outerjoin(Turn, Turn.id == LabelledUtterance.turn_id)
        .where(LabelledUtterance.organization_id == organization_id)
        .where(func.coalesce(LabelledUtterance.text, Turn.text) != "")
        .order_by(LabelledUtterance.id.desc())
        .limit(MOST_UTTERANCES)
    )
    return [_read(*row) for row in rows]


def request(
    session: Session, organization_id: UUID, *, with_shipped: bool, utterances: int, by: str
) -> UnderstandingModel:
    """Queue a training under the next number. Those who ask at once wait for each other.

    Raises:
        Conflict: one is under way.
    """
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"understanding:{organization_id}"}
    )
    running = select(UnderstandingModel.number).where(
        UnderstandingModel.organization_id == organization_id,
        UnderstandingModel.state.in_((TrainingState.QUEUED, TrainingState.TRAINING)),
    )
    if (number := session.scalar(running)) is not None:
        raise Conflict(f"Model {number} is being trained: wait for its end.")
    newest = session.scalar(
        select(func.max(UnderstandingModel.number)).where(UnderstandingModel.organization_id == organization_id)
    )
    model = UnderstandingModel(
        organization_id=organization_id,
        number=(newest or 0) + 1,
        with_shipped=with_shipped,
        utterances=utterances,
        requested_by=by,
    )
    session.add(model)
    session.flush()
    session.refresh(model)
    return model


def versions(session: Session, organization_id: UUID) -> Sequence[UnderstandingModel]:
    """Return an organization's models, the newest first."""
    mine = select(UnderstandingModel).where(UnderstandingModel.organization_id == organization_id)
    return session.scalars(mine.order_by(UnderstandingModel.number.desc())).all()


def version(session: Session, organization_id: UUID, number: int) -> UnderstandingModel:
    """Return one model.

    Raises:
        NotFound: the organization has none of this number.
    """
    found = session.scalar(
        select(UnderstandingModel).where(
            UnderstandingModel.organization_id == organization_id, UnderstandingModel.number == number
        )
    )
    if found is None:
        raise NotFound("model", number)
    return found


def promoted(session: Session, organization_id: UUID) -> tuple[UUID, int] | None:
    """Return id and number of the model that live calls use; None: the one that ships."""
    row = session.execute(
        select(UnderstandingModel.id, UnderstandingModel.number).where(
            UnderstandingModel.organization_id == organization_id, UnderstandingModel.promoted_at.is_not(None)
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


def promote(session: Session, organization_id: UUID, number: int, *, by: str) -> bool:
    """Let live calls use a trained model from their next one on; number 0 is the one that ships.

    Returns:
        False if there is no such trained model; then nothing changes.
    """
    mine = UnderstandingModel.organization_id == organization_id
    if number:
        wanted = select(UnderstandingModel.id).where(
            mine, UnderstandingModel.number == number, UnderstandingModel.state == TrainingState.TRAINED
        )
        if session.scalar(wanted.with_for_update()) is None:
            return False
    session.execute(
        update(UnderstandingModel).where(mine, UnderstandingModel.number != number).values(promoted_at=None)
    )
    session.execute(
        update(UnderstandingModel)
        .where(mine, UnderstandingModel.number == number, UnderstandingModel.promoted_at.is_(None))
        .values(promoted_at=func.clock_timestamp(), promoted_by=by)
    )
    return True


def weights(session: Session, model_id: UUID) -> bytes:
    """Return a trained model's weights.

    Raises:
        NotFound: it has none.
    """
    found = session.scalar(select(UnderstandingModel.weights).where(UnderstandingModel.id == model_id))
    if found is None:
        raise NotFound("weights of model", model_id)
    return found


def begin(session: Session, model_id: UUID) -> UnderstandingModel | None:
    """Take a queued training; of those who try, one gets it. The others get None."""
    won = session.scalar(
        update(UnderstandingModel)
        .where(UnderstandingModel.id == model_id, UnderstandingModel.state == TrainingState.QUEUED)
        .values(state=TrainingState.TRAINING, tries=UnderstandingModel.tries + 1, moved_wall=func.clock_timestamp())
        .returning(UnderstandingModel.id)
    )
    return session.get(UnderstandingModel, won, populate_existing=True) if won else None


def end(session: Session, model_id: UUID, tries: int, **values: object) -> bool:
    """Write down how a training ended, unless the sweeper has given it to somebody else meanwhile."""
    won = session.scalar(
        update(UnderstandingModel)
        .where(
            UnderstandingModel.id == model_id,
            UnderstandingModel.state == TrainingState.TRAINING,
            UnderstandingModel.tries == tries,
        )
        .values(moved_wall=func.clock_timestamp(), **values)
        .returning(UnderstandingModel.id)
    )
    return won is not None


def waiting(session: Session) -> list[UUID]:
    """Give up what failed too often, queue again what died with its worker, and return what nobody has begun."""
    model = UnderstandingModel
    dead = (model.state == TrainingState.TRAINING) & (model.moved_wall < _ago(LOST_S))
    session.execute(
        update(model)
        .where(dead, model.tries >= MOST_TRIES)
        .values(state=TrainingState.FAILED, error="The worker died each time.", moved_wall=func.clock_timestamp())
    )
    session.execute(update(model).where(dead).values(state=TrainingState.QUEUED, moved_wall=func.clock_timestamp()))
    stale = or_(model.tries > 0, model.moved_wall < _ago(UNHEARD_S))
    return list(session.scalars(select(model.id).where(model.state == TrainingState.QUEUED, stale)))


def _ago(seconds: int) -> object:
    return func.clock_timestamp() - func.make_interval(0, 0, 0, 0, 0, 0, seconds)


def _upsert(session: Session, rows: list[dict[str, object]], key: str, labels: Iterable[str]) -> None:
    statement = insert(LabelledUtterance).values(rows)
    changed = {name: statement.excluded[name] for name in (*labels, "language", "by")}
    session.execute(
        statement.on_conflict_do_update(index_elements=key.split(", "), set_=changed | {"at": func.clock_timestamp()})
    )


def _read(
    row: LabelledUtterance, words: str | None, understanding: dict[str, Any] | None, asked: str | None
) -> Labelled:
    deviations = (understanding or {}).get("deviations")
    return Labelled(
        text=row.text or words or "",
        language=row.language,
        emotion=row.emotion,
        intent=row.intent,
        sentiment=row.sentiment,
        voice=tuple(float(deviations.get(name, 0.0)) for name in FEATURES) if deviations else None,
        asked=asked or "",
    )
