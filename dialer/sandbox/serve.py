"""The sandbox as a process."""

from __future__ import annotations

import logging

import uvicorn

from dialer.sandbox.app import create_app
from dialer.sandbox.arrival import DatedHttp
from dialer.sandbox.options import Options

_DRAIN_S = 2


def main(options: Options) -> None:
    """Serve a world until the process is told to stop."""
    logging.getLogger("picows").setLevel(logging.WARNING)
    server(options).run()


def server(options: Options) -> uvicorn.Server:
    """The server of a world, for callers that run it in a thread of their own."""
    return uvicorn.Server(
        uvicorn.Config(
            create_app(options),
            host=options.host,
            port=options.port,
            http=DatedHttp,
            log_config=None,
            log_level="warning",
            access_log=False,
            ws_ping_interval=None,
            timeout_graceful_shutdown=_DRAIN_S,
        )
    )
