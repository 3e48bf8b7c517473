"""Gauges read from the database when Prometheus asks: what is open, due and undelivered."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from dialer.calls import gate
from dialer.calls import listing as calls
from dialer.crm import listing as crm
from dialer.db import Sessions
from dialer.leads import listing as leads


class DatabaseGauges(Collector):
    """A collector whose scrape is a handful of counts over small partial indexes."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: registering must not open a connection."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Count. A database that does not answer shows as `dialer_database_up 0`."""
        try:
            with self._sessions() as session:
                found = [
                    _gauge("dialer_calls_open", "Open calls.", "state", calls.open_by_state(session)),
                    _gauge("dialer_leads_unfinished", "Leads not done.", "state", leads.unfinished_by_state(session)),
                    _gauge("dialer_outbox_undelivered", "Outbox rows not sent.", "state", crm.unsent_by_state(session)),
                ]
                seats = calls.seats(session)
                shut = gate.is_shut(session)
        except SQLAlchemyError:
            yield GaugeMetricFamily("dialer_database_up", "Whether the database answers.", value=0)
            return
        yield from found
        yield GaugeMetricFamily("dialer_database_up", "Whether the database answers.", value=1)
        yield GaugeMetricFamily("dialer_seats_paced", "Seats of live call workers.", value=seats.paced)
        yield GaugeMetricFamily("dialer_seats_taken", "Seats in conversation.", value=seats.taken)
        yield GaugeMetricFamily("dialer_dialing_shut", "Whether the emergency stop is on.", value=float(shut))


def _gauge(name: str, help_text: str, label: str, values: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help_text, labels=[label])
    for value, count in values.items():
        family.add_metric([value], count)
    return family
