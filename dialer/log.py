"""Structured logs: a static event name plus fields, with what is private masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

PHONE_KEYS = frozenset({"phone", "to_number", "from_number", "caller_id"})
SPOKEN_KEYS = frozenset({"text", "words", "transcript", "digits"})
NOISY = (
    *("httpx", "httpcore", "twilio", "websockets", "hubspot", "urllib3", "mail.log"),
    *("celery.worker.strategy", "celery.app.trace", "celery.worker.request", "celery.beat"),
)
"""Loggers that speak at INFO of every request and tick: only their warnings are worth a line."""
SECRET_KEYS = frozenset({"token", "authorization", "password", "secret", "api_key"})
_MEDIA_TOKEN = re.compile(r"(/media/[^/\s]+/[^/\s]+/)[^/\s?\"']+")


def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask phone numbers to their last two digits, drop spoken words and secrets, cut media tokens."""
    for key, value in event.items():
        if value is None:
            continue
        if key in PHONE_KEYS:
            event[key] = f"{str(value)[:3]}…{str(value)[-2:]}"
        elif key in SPOKEN_KEYS:
            event[key] = f"<{len(str(value))} characters>"
        elif key in SECRET_KEYS:
            event[key] = "<secret>"
        elif isinstance(value, str) and "/media/" in value:
            event[key] = _MEDIA_TOKEN.sub(r"\1<token>", value)
    return event


def configure(process: str, *, level: str = "INFO", as_json: bool | None = None) -> None:
    """Send structlog and the standard library's logging to stderr, as JSON unless stderr is a terminal."""
    if as_json is None:
        as_json = not sys.stderr.isatty()
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        mask,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(process=process)


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Return the logger of a module."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger
