"""The carrier's end of a conversation: one WebSocket. Frames are handled in the receive callback."""

from __future__ import annotations

from functools import partial
from typing import Final

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from dialer import log
from dialer.conversation import media
from dialer.conversation.session import Session

logger = log.get(__name__)

TEXT: Final = WSMsgType.TEXT
"""Looked up for each frame, and an enumeration is slow to look into."""


class Stream(WSListener):  # type: ignore[misc, unused-ignore]  # a C class
    """Reads the carrier's messages and writes ours."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A frame came in."""
        if frame.msg_type is not TEXT:
            if frame.msg_type is WSMsgType.CLOSE:
                transport.send_close(WSCloseCode.OK)
                transport.disconnect()
            return
        try:
            message = media.parse(frame.get_payload_as_bytes())
        except ValueError as error:
            logger.warning("broken media message", error=str(error))
            return
        if type(message) is bytes:  # nearly all of them
            self._session.audio(message, more=not frame.last_in_buffer)
            return
        match message:
            case media.Marked(name):
                self._session.marked(name)
            case media.Started(stream_id):
                self._session.started(stream_id, StreamWire(stream_id, transport))
            case media.Pressed(digit):
                self._session.pressed(digit)
            case media.Stopped():
                self._session.stopped()
            case None:
                pass

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone."""
        self._session.disconnected()


class StreamWire(media.Writer):
    """What a conversation sends. After the socket is gone it goes nowhere."""

    def __init__(self, stream_id: str, transport: WSTransport) -> None:
        super().__init__(stream_id, partial(_send, transport))
        self._transport = transport

    def close(self) -> None:
        """Close the socket. More than once is no error."""
        if _open(self._transport):
            self._transport.send_close(WSCloseCode.OK)
            self._transport.disconnect()


def _send(transport: WSTransport, message: bytes) -> None:
    if _open(transport):
        transport.send(TEXT, message)


def _open(transport: WSTransport) -> bool:
    return not transport.is_disconnected and not transport.is_close_frame_sent
