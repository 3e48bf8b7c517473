"""Trains one queued model. The row is the truth: a message that comes twice, late or never changes nothing."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from dialer import log
from dialer.db import Sessions, transaction
from dialer.training import queries
from dialer.training.models import TrainingState
from dialer.understanding.corpus import Labelled

TIMEOUT_S: Final = 600
"""The shipped utterances take about ten seconds, the most that are learned some minutes."""
ERROR_CHARACTERS: Final = 300

logger = log.get(__name__)


def train(model_id: UUID, sessions: Sessions) -> bool:
    """Train a model that is queued, in a process of its own: what scikit-learn takes is given back afterwards.

    Returns:
        Whether this caller trained it; False if somebody else has, or does.
    """
    with transaction(sessions) as tx:
        row = queries.begin(tx.session, model_id)
        if row is None:
            return False
        tries, number, with_shipped = row.tries, row.number, row.with_shipped
        utterances = queries.labelled(tx.session, row.organization_id)
    try:
        content, report = _fit(utterances, with_shipped=with_shipped)
        ended: dict[str, Any] = {"state": TrainingState.TRAINED, "weights": content, "report": report, "error": ""}
    except (subprocess.SubprocessError, OSError, ValueError, KeyError) as error:
        logger.warning("model not trained", number=number, error=str(error))
        ended = {"state": TrainingState.FAILED, "error": _last_line(error)}
    with transaction(sessions) as tx:
        return queries.end(tx.session, model_id, tries, utterances=len(utterances), **ended)


def _fit(utterances: list[Labelled], *, with_shipped: bool) -> tuple[bytes, dict[str, Any]]:
    """Run `dialer.training.fitting` on the utterances; return the npz and the report."""
    asked = {"utterances": [asdict(one) for one in utterances], "with_shipped": with_shipped}
    done = subprocess.run(
        [sys.executable, "-m", "dialer.training.fitting"],
        input=json.dumps(asked).encode(),
        capture_output=True,
        timeout=TIMEOUT_S,
        check=True,
    )
    answer = json.loads(done.stdout)
    return base64.b64decode(answer["weights"]), answer["report"]


def _last_line(error: Exception) -> str:
    """What went wrong, in a line for whoever asked for the training."""
    said = getattr(error, "stderr", None)
    lines = said.decode(errors="replace").strip().splitlines() if isinstance(said, bytes) else []
    return (lines[-1] if lines else str(error))[:ERROR_CHARACTERS]
