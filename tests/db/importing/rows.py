"""What came of an import."""

import csv

from sqlalchemy import select, text

from dialer.leads.importing import Attestation
from dialer.leads.models import ConsentType, Lead

WRITTEN = Attestation(ConsentType.WRITTEN, "web form of March", "v3")


def leads(sessions):
    with sessions() as session:
        return {lead.phone: lead for lead in session.scalars(select(Lead).order_by(Lead.line))}


def rejects(report):
    with open(report["rejects_file"], encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def snapshot(sessions):
    """Everything that an import may touch, but for the record of its run."""
    with sessions() as session:
        return {
            table: session.execute(text(f"SELECT * FROM {table} ORDER BY 1")).all()
            for table in ("leads", "lead_moves", "consents", "suppressions", "campaign_places")
        }
