"""Imports into a campaign."""

import io

import pytest

from dialer.leads.importing import import_csv
from tests.db.importing.rows import WRITTEN


@pytest.fixture
def campaign(make_campaign):
    return make_campaign()


@pytest.fixture
def bring(sessions, factory, campaign, tmp_path):
    """Import text or bytes into the campaign; return the report as scripts see it."""

    def bring(content, *, consent=WRITTEN, campaign=campaign, **options):
        data = content if isinstance(content, bytes) else content.encode()
        options = {"organization_id": factory.organization.id, "filename": "leads.csv"} | options
        report = import_csv(
            sessions,
            source=io.BytesIO(data),
            campaign_id=campaign.id,
            consent=consent,
            by="test",
            rejects_dir=tmp_path / "rejects",
            secret="k",
            **options,
        ).as_json()
        assert report["rows"] == report["imported"] + report["unchanged"] + sum(report["rejected"].values())
        return report

    return bring
