"""Whether this process lives, whether it can do its work, and its numbers for Prometheus."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from dialer.calls import gate, listing
from dialer.web.state import State

router = APIRouter(include_in_schema=False)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The event loop turns."""
    return {"status": "ok"}


@router.get("/health/ready")
def ready(state: State) -> JSONResponse:
    """The database answers and has our tables; with the gate and the seats, which do not make it unready."""
    body: dict[str, Any]
    try:
        with state.sessions() as session:
            shut, seats = gate.is_shut(session), listing.seats(session)
    except SQLAlchemyError as error:
        return JSONResponse({"status": "unready", "database": type(error).__name__}, 503)
    body = {"status": "ok", "database": "ok", "dialing": "shut" if shut else "open"}
    body["seats"] = {"workers": seats.workers, "paced": seats.paced, "taken": seats.taken}
    return JSONResponse(body)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Everything that this process counts, and the gauges that one look into the database gives."""
    return Response(generate_latest(request.app.state.registry), media_type=CONTENT_TYPE_LATEST)
