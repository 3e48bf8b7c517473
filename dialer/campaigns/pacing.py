"""How many calls may start now, and when each of them."""

from __future__ import annotations

from datetime import datetime, timedelta

HORIZON_S = 2.0
"""How far ahead slots are given: the tick comes every second, and a lead worker waits no longer for its slot."""


def room(seats: int, ratio: float, *, outbound: int, inbound: int, reserve: int) -> int:
    """How many more calls may be placed: the seats that calls to us do not need, times ratio, less what is open.

    Args:
        seats: paced seats of all live call workers; without one nothing is placed.
        ratio: open calls per seat.
        outbound: calls of ours that are open.
        inbound: calls to us that are open. They use the reserve first.
        reserve: seats that are kept free for calls to us.
    """
    return max(0, int(max(seats - max(inbound, reserve), 0) * ratio) - outbound)


def slots(
    *,
    now: datetime,
    account_next: datetime | None,
    campaign_last: datetime | None,
    account_cps: float,
    cps: float,
    n: int,
) -> list[datetime]:
    """Moments at which up to `n` calls may start within the horizon, in order.

    Args:
        account_next: the carrier account's next free slot; None: it never dialed.
        campaign_last: the campaign's latest slot; None: it never dialed.
        account_cps: calls per second that the carrier starts for this account.
        cps: calls per second of the campaign.
    """
    step = timedelta(seconds=1 / min(account_cps, cps))
    slot = max(now, account_next or now)
    if campaign_last is not None:
        slot = max(slot, campaign_last + timedelta(seconds=1 / cps))
    given: list[datetime] = []
    while len(given) < n and slot <= now + timedelta(seconds=HORIZON_S):
        given.append(slot)
        slot += step
    return given
