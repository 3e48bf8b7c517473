"""What an import refuses: rows, with the reason, and whole files."""

import csv
from pathlib import Path

import pytest
from sqlalchemy import func, select

from dialer.errors import BadInput, NotFound
from dialer.leads.importing import import_csv
from dialer.leads.models import Import
from tests.db.importing.rows import rejects, snapshot
from tests.factories import other_organization


def test_bad_rows_come_back_with_line_column_value_and_reason(sessions, bring) -> None:
    report = bring(
        "Name,Mobile\nAnn,2125550123\nBob,1.21256E+10\n\nCid,911\nDee,+1 900 555 0123\nEve,\nFay,2125550124\n"
    )
    assert report["imported"] == 2
    assert [(r["line"], r["column"], r["value"], r["reason"], r["Name"]) for r in rejects(report)] == [
        ("3", "Mobile", "1.21256E+10", "number has lost digits", "Bob"),
        ("5", "Mobile", "911", "emergency number", "Cid"),
        ("6", "Mobile", "'+1 900 555 0123", "premium-rate number", "Dee"),
        ("7", "Mobile", "", "no phone number", "Eve"),
    ]


def test_formulas_in_rejected_rows_are_harmless(bring) -> None:
    report = bring('phone,=HYPERLINK("x")\n=1+1,"=cmd|\' /C calc\'!A0"\n@SUM(1),-2+3\n2125550123,x\n')
    with open(report["rejects_file"], encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]


def test_rejects_file_can_be_mended_and_imported(bring, tmp_path) -> None:
    report = bring("phone,name\n1.21256E+10,Ann Lee\n")
    mended = Path(report["rejects_file"]).read_text(encoding="utf-8").replace("1.21256E+10", "+12125550123")
    assert bring(mended)["imported"] == 1


def test_rejects_file_is_for_its_owner_only_and_absent_without_rejects(bring) -> None:
    assert Path(bring("phone\n911\n")["rejects_file"]).stat().st_mode & 0o777 == 0o600
    assert bring("phone\n2125550123\n")["rejects_file"] == ""


@pytest.mark.parametrize(
    ("content", "options", "says"),
    [
        ("", {}, "empty"),
        ("\n\n \n", {}, "empty"),
        ("phone\n", {}, "no rows"),
        ("name,colour\nAnn,green\n", {}, r"No column holds phone numbers.*name, colour"),
        ("phone\n2125550123\n", {"mapping": {"phone": "Mobile"}}, 'no column "Mobile".*phone'),
        ("phone\n2125550123\n", {"mapping": {"fone": "phone"}}, 'no field "fone"'),
        (b"PK\x03\x04" + bytes(range(256)) * 20, {}, "workbook"),
        (bytes(range(256)) * 20, {}, "not a CSV"),
        (",".join(f"c{n}" for n in range(600)) + "\n2125550123\n", {}, "600 columns"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(sessions, bring, content, options, says) -> None:
    with pytest.raises(BadInput, match=f"(?s){says}"):
        bring(content, **options)
    assert not any(snapshot(sessions).values())
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Import)) == 0


def test_missing_file_is_bad_input(sessions, factory, campaign, tmp_path) -> None:
    with pytest.raises(BadInput, match=r"nowhere\.csv cannot be read"):
        import_csv(
            sessions,
            source=tmp_path / "nowhere.csv",
            filename="nowhere.csv",
            organization_id=factory.organization.id,
            campaign_id=campaign.id,
            by="test",
            rejects_dir=tmp_path,
            secret="k",
        )


def test_campaign_of_another_organization_is_not_found(sessions, bring) -> None:
    with pytest.raises(NotFound):
        bring("phone\n2125550123\n", organization_id=other_organization(sessions))
