import json

import pytest

from dialer.cli import main


@pytest.fixture
def dialer(database_url, tmp_path, monkeypatch, capsys, factory):
    """Run the command on this test's own database: (exit code, stdout, stderr)."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1")
    monkeypatch.setenv("DIALER_DATA_DIR", str(tmp_path / "data"))

    def dialer(*arguments):
        monkeypatch.setattr("sys.argv", ["dialer", *map(str, arguments)])
        try:
            main.main()
            code = 0
        except SystemExit as leaving:
            code = leaving.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return dialer


@pytest.fixture
def leads_csv(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("Name,Reach\nAnn Lee,2125550123\nBob,911\n")
    return path


def test_import_prints_one_json_object(dialer, make_campaign, leads_csv) -> None:
    campaign = make_campaign()
    code, out, _ = dialer(
        "leads", "import", leads_csv, "--campaign", campaign.name, "--map", "phone=Reach",
        "--consent", "written", "--consent-evidence", "web form", "--json",
    )  # fmt: skip
    report = json.loads(out)
    assert code == 0
    assert (report["rows"], report["imported"], report["rejected"]) == (2, 1, {"duplicate": 0, "emergency number": 1})
    assert report["mapping"] == {"phone": "Reach", "name": "Name"}
    assert report["blocked"] == {}


def test_import_says_how_many_cannot_be_called(dialer, make_campaign, leads_csv) -> None:
    code, out, err = dialer("leads", "import", leads_csv, "--campaign", make_campaign().id)
    assert code == 0
    assert "no consent" in out
    assert "1 of the imported leads cannot be called: no consent." in err


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--map", "phone=Mobile"], 'no column "Mobile"'),
        (["--map", "phone"], "FIELD=COLUMN"),
        (["--consent", "verbally"], "express, written"),
        (["--consent", "written"], "--consent-evidence"),
        (["--consent-evidence", "form"], "--consent express"),
    ],
)
def test_bad_input_exits_2_and_says_what_to_do(dialer, make_campaign, leads_csv, more, says) -> None:
    code, out, err = dialer("leads", "import", leads_csv, "--campaign", make_campaign().name, "--json", *more)
    assert (code, out) == (2, "")
    assert says in err


def test_missing_file_exits_2(dialer, make_campaign, tmp_path) -> None:
    code, _, err = dialer("leads", "import", tmp_path / "none.csv", "--campaign", make_campaign().name)
    assert code == 2
    assert "no such file" in err


def test_unknown_campaign_exits_1(dialer, leads_csv) -> None:
    code, _, err = dialer("leads", "import", leads_csv, "--campaign", "nobody's")
    assert code == 1
    assert "nobody's" in err


def test_explain_tells_people_and_scripts(dialer, make_campaign, make_lead) -> None:
    campaign = make_campaign()
    lead = make_lead(campaign)
    code, out, _ = dialer("leads", "explain", lead.phone, "--campaign", campaign.name)
    assert code == 0
    assert "Not called so far" in out
    code, out, _ = dialer("leads", "explain", lead.phone, "--campaign", campaign.name, "--json")
    assert code == 0
    assert json.loads(out)["state"] == "due"
