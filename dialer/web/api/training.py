"""/api/voice-ai: labels, and the models that are trained on them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from dialer.training import queries
from dialer.training.models import TrainingState, UnderstandingModel
from dialer.understanding.corpus import Labelled
from dialer.understanding.labels import Emotion, Intent, Sentiment
from dialer.web import understanding
from dialer.web.auth import Manager, Viewer
from dialer.web.state import State

router = APIRouter(prefix="/api/voice-ai", tags=["voice-ai"])
Number = Annotated[int, Path(ge=0, le=2_000_000_000, description="0 is the model that ships.")]
Language = Annotated[str, Field(max_length=20, description="BCP 47, as in en-US or hi-IN.")]


class Example(BaseModel):
    """An utterance and what it is; what is left out is not learned from it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=500)
    language: Language = "en"
    emotion: Emotion | None = None
    intent: Intent | None = None
    sentiment: Sentiment | None = None


class TrainingWish(BaseModel):
    """What to learn from, besides all turns and examples that were labelled before."""

    model_config = ConfigDict(extra="forbid")

    examples: list[Example] = Field(default=[], max_length=2000)
    with_shipped: bool = Field(default=True, description="Learn the utterances that ship with Dialer too.")


class TurnLabel(BaseModel):
    """What a person's turn in a call really was."""

    model_config = ConfigDict(extra="forbid")

    turn_id: int = Field(description="`id` of a turn in /api/calls/{call_id}.")
    language: Language = "en"
    emotion: Emotion | None = None
    intent: Intent | None = None
    sentiment: Sentiment | None = None


class ModelView(BaseModel):
    """One version of the organization's model."""

    number: int
    state: TrainingState
    requested_at: datetime
    requested_by: str
    with_shipped: bool
    utterances: int = Field(description="The organization's own ones that it learned.")
    report: dict[str, Any] = Field(
        description="Question → how it was answered on utterances that were held out: accuracy, confusion, by language;"
        " `own`: the same of the organization's own utterances, and how the model that ships answered those."
    )
    error: str
    promoted_at: datetime | None = Field(description="Since when live calls use it; null: they do not.")
    promoted_by: str


class Models(BaseModel):
    """An organization's models."""

    serving: int = Field(description="The one that live calls use; 0 is the model that ships.")
    models: list[ModelView]


@router.post("/train-model", status_code=202)
def train_model(body: TrainingWish, who: Manager, state: State) -> ModelView:
    """Train a new model on all labels. It is used once it was promoted."""
    examples = [Labelled(**example.model_dump()) for example in body.examples]
    return _view(understanding.train(state, who, examples, with_shipped=body.with_shipped))


@router.post("/labels", status_code=204)
def label(body: TurnLabel, who: Manager, state: State) -> None:
    """Say what a person's turn really was: the next training learns it."""
    labels = body.model_dump(mode="json", include={"emotion", "intent", "sentiment"}, exclude_none=True)
    understanding.label(state, who, body.turn_id, labels, language=body.language)


@router.get("/models")
def models(who: Viewer, state: State) -> Models:
    """List the organization's models, the newest first."""
    with state.sessions() as session:
        promoted = queries.promoted(session, who.organization_id)
        found = [_view(model) for model in queries.versions(session, who.organization_id)]
    return Models(serving=promoted[1] if promoted else 0, models=found)


@router.get("/models/{number}")
def model(number: Number, who: Viewer, state: State) -> ModelView:
    """Show one model, and how it did on utterances that were held out."""
    with state.sessions() as session:
        return _view(queries.version(session, who.organization_id, number))


@router.post("/models/{number}/promote")
def promote(number: Number, who: Manager, state: State) -> Models:
    """Let live calls use this model from the next call on. Doing it twice is no error."""
    understanding.promote(state, who, number)
    return models(who, state)


def _view(row: UnderstandingModel) -> ModelView:
    return ModelView.model_validate(row, from_attributes=True)
