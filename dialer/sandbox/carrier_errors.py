"""Errors as Twilio's API answers them."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import JSONResponse

TEXTS = {
    20001: (400, "Parameter is invalid"),
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    20503: (503, "Service Unavailable"),
    21201: (400, "No 'To' number is specified"),
    21205: (400, "Url is not a valid URL"),
    21210: (400, "The source phone number provided is not yet verified for your account"),
    21211: (400, "Invalid 'To' Phone Number"),
    21212: (400, "Invalid 'From' Phone Number"),
    21213: (400, "No 'From' number is specified"),
    21214: (400, "'To' phone number cannot be reached"),
    21215: (400, "Account not authorized to call this number; check its geographic permissions"),
    21216: (400, "Account not allowed to call this number"),
    21217: (400, "Phone number does not appear to be valid"),
    21220: (400, "Call is not in-progress. Cannot redirect."),
    21218: (400, "Invalid ApplicationSid"),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21604: (400, "A 'To' phone number is required"),
    21606: (400, "The 'From' phone number provided is not a valid message-capable number for this account"),
    21609: (400, "Invalid 'StatusCallback' url"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
}


class TwilioError(Exception):
    """A refusal, with Twilio's code."""

    def __init__(self, code: int, detail: str = "", status: int | None = None) -> None:
        known_status, text = TEXTS.get(code, (400, "The request was refused"))
        super().__init__(f"{text}: {detail}" if detail else text)
        self.code, self.status = code, status or known_status


def answer(_request: Request, error: Exception) -> JSONResponse:
    """The JSON that goes with a refusal."""
    assert isinstance(error, TwilioError)
    body = {
        "code": error.code,
        "message": str(error),
        "more_info": f"https://www.twilio.com/docs/errors/{error.code}",
        "status": error.status,
    }
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if error.status == 401 else {}
    if error.status == 429:
        headers["Retry-After"] = "1"
    return JSONResponse(body, error.status, headers)
