"""A receiver of signed webhooks (Standard Webhooks), standing in for a customer's own system."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from standardwebhooks import Webhook, WebhookVerificationError

from dialer.sandbox.carrier_requests import world_of

router = APIRouter(prefix="/world")


@router.post("/webhook")
async def receive(request: Request) -> JSONResponse:
    """Verify and keep an event. Each arrival is a line, with the event's id as key: repeats can be counted."""
    world = world_of(request)
    body = await request.body()
    key = request.headers.get("webhook-id", "")
    world.webhooks[key] += 1
    if world.faults.hits("webhook_error", key, world.webhooks[key]):
        return JSONResponse({"error": "told to fail"}, world.faults.plan.webhook_status)
    try:
        Webhook(world.options.webhook_secret).verify(body, dict(request.headers))
        event: dict[str, Any] = orjson.loads(body)
        kind = event["type"]
    except (WebhookVerificationError, ValueError, TypeError, KeyError) as error:
        await world.ledger.record("webhook", key=key, status=401, why=str(error))
        return JSONResponse({"error": str(error)}, 401)
    await world.ledger.record("webhook", key=key, status=200, type=kind, data=event.get("data"))
    if world.faults.hits("webhook_lost", key, world.webhooks[key]):
        return JSONResponse({"error": "told to fail"}, 500)
    return JSONResponse({"ok": True})
