"""The clock is the database's: `dialer_now()` is `clock_timestamp()` plus one stored offset.

The offset is zero but in a demo, which sets and moves it; each jump is a row. It is read once per transaction and
passed on as `now`. Deadlines use the monotonic clock; leases, heartbeats and settle graces plain `clock_timestamp()`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, DateTime, Interval, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from dialer.db import Base


class ClockOffset(Base):
    """The one stored offset."""

    __tablename__ = "clock_offset"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    shift: Mapped[timedelta] = mapped_column(Interval)


class ClockJump(Base):
    """A change of the offset, with who and why."""

    __tablename__ = "clock_jumps"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())
    before: Mapped[timedelta] = mapped_column(Interval)
    after: Mapped[timedelta] = mapped_column(Interval)
    by: Mapped[str] = mapped_column(Text)
    why: Mapped[str] = mapped_column(Text)


def now(session: Session) -> datetime:
    """Campaign time, aware, UTC. Read it once per transaction and pass it on."""
    moment: datetime | None = session.scalar(select(func.dialer_now(type_=DateTime(timezone=True))))
    assert moment is not None
    return moment


def wall(session: Session) -> datetime:
    """The database's own time, for leases, heartbeats and graces."""
    moment: datetime | None = session.scalar(select(func.clock_timestamp(type_=DateTime(timezone=True))))
    assert moment is not None
    return moment


def jump(session: Session, to: datetime, *, by: str, why: str) -> timedelta:
    """Move campaign time to `to` and write down the jump. Returns the new offset."""
    offset = session.scalars(select(ClockOffset).with_for_update()).one()
    before = offset.shift
    offset.shift = to - wall(session)
    session.add(ClockJump(before=before, after=offset.shift, by=by, why=why))
    return offset.shift
