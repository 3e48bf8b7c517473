"""The model that an organization's calls are understood with."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from dialer import log
from dialer.errors import BadInput
from dialer.training import queries
from dialer.understanding import model
from dialer.understanding.model import Model

MOST_KEPT: Final = 16
"""Models that a process keeps: 1.8 MB each."""

_kept: OrderedDict[UUID, Model] = OrderedDict()
"""The process's models by id. A model's weights never change, so nothing here grows old."""
_lock = Lock()
logger = log.get(__name__)


def serving(session: Session, organization_id: UUID) -> Model:
    """Return the promoted model, or the one that ships; that also stands in for one of an older version of Dialer."""
    promoted = queries.promoted(session, organization_id)
    if promoted is None:
        return model.shipped()
    model_id, number = promoted
    with _lock:
        if model_id in _kept:
            _kept.move_to_end(model_id)
            return _kept[model_id]
    try:
        found = model.load(queries.weights(session, model_id), str(number))
    except BadInput as error:
        logger.warning("promoted model not used", number=number, error=str(error))
        return model.shipped()
    with _lock:
        _kept[model_id] = found
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return found
