"""What people really have: each case a file, read without a database."""

import io
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialer.errors import BadInput
from dialer.leads import reading
from dialer.leads.importing import batches, open_source
from dialer.leads.rows import Candidate, Rejected, RowReader

PHONES = ["+12125550123", "+12125550124"]


def read(data: bytes | str, region: str = "US", **wanted: str):
    """Read a whole file; return its columns, candidates and rejections."""
    stream = io.BytesIO(data if isinstance(data, bytes) else data.encode())
    source = open_source(stream, region, wanted)
    reader = RowReader(source.columns, region, None, "leads.csv")
    rows = [row for batch in batches(source.rows, reader) for row in batch]
    good = [row for row in rows if isinstance(row, Candidate)]
    bad = [row for row in rows if isinstance(row, Rejected)]
    return source, good, bad


def phones(data: bytes | str, region: str = "US", **wanted: str) -> list[str]:
    return [row.phone for row in read(data, region, **wanted)[1]]


TEXT = "phone,first name\n2125550123,José\n2125550124,Zoë\n"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("utf-8", TEXT.encode()),
        ("utf-8 with BOM", TEXT.encode("utf-8-sig")),
        ("utf-16 with BOM", TEXT.encode("utf-16")),
        ("utf-16 little endian, no BOM", TEXT.encode("utf-16-le")),
        ("utf-16 big endian, no BOM", TEXT.encode("utf-16-be")),
        ("utf-32", TEXT.encode("utf-32")),
        ("windows-1252", TEXT.encode("cp1252")),
        ("windows line ends", TEXT.replace("\n", "\r\n").encode()),
        ("old Mac line ends", TEXT.replace("\n", "\r").encode()),
        ("no line end at the end", TEXT.rstrip().encode()),
        ("blank lines", TEXT.replace("\n", "\n\n \n,\n").encode()),
        ("NUL bytes", TEXT.replace("2", "2\0").encode()),
        ("semicolons", TEXT.replace(",", ";").encode()),
        ("tabs", TEXT.replace(",", "\t").encode()),
        ("pipes", TEXT.replace(",", "|").encode()),
        ("sep= line of Excel", ("sep=;\n" + TEXT.replace(",", ";")).encode()),
        ("Excel unicode text", TEXT.replace(",", "\t").encode("utf-16")),
        ("everything quoted", '"phone","first name"\n"2125550123","José"\n"2125550124","Zoë"\n'.encode()),
        ("columns the other way round", "first name,phone\nJosé,2125550123\nZoë,2125550124\n".encode()),
    ],
)
def test_files_of_many_makes_say_the_same(name, data) -> None:
    _, good, bad = read(data)
    assert [(row.phone, row.first_name) for row in good] == list(zip(PHONES, ["José", "Zoë"], strict=True))
    assert bad == []


def test_windows_1252_is_noticed_far_into_the_file() -> None:
    plain = "".join(f"212555{n:04},Ann\n" for n in range(20_000))
    _, good, _ = read(f"phone,first name\n{plain}2125550123,Andr".encode() + b"\xe9\n")
    assert good[-1].first_name == "André"


def test_curly_quotes_and_euro_of_windows_1252() -> None:
    _, good, _ = read('phone,company\n2125550123,"Bob\u2019s “€uro” Shop"\n'.encode("cp1252"))
    assert good[0].company == "Bob\u2019s “€uro” Shop"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1251", "Александр Константинович"),
        ("cp932", "山田太郎と田中花子"),
        ("cp1253", "Αλέξανδρος Παπαδόπουλος"),
    ],
)  # fmt: skip
def test_other_old_encodings_are_recognized(encoding, name) -> None:
    rows = "".join(f"21255501{n:02},{name}\n" for n in range(10))
    _, good, _ = read(f"phone,company\n{rows}".encode(encoding))
    assert good[0].company == name


def test_few_broken_bytes_do_not_change_a_files_encoding() -> None:
    rows = "".join(f"21255501{n:02},José Müller\n" for n in range(20))
    _, good, _ = read(f"phone,company\n{rows}".encode() + b"2125550124,Bro\xffken\n")
    assert (good[0].company, good[-1].company) == ("José Müller", "Bro\ufffdken")


def test_line_breaks_in_quoted_cells() -> None:
    _, good, bad = read('phone,note,company\n2125550123,"two\nlines, and\r\nthree",Acme\n2125550124,x,Bolt\n')
    assert [(row.line, row.company) for row in good] == [(2, "Acme"), (5, "Bolt")]
    assert bad == []


def test_quote_that_is_never_closed_costs_its_own_line_only() -> None:
    _, good, bad = read('phone,company\n2125550123,Acme\n2125550129,"Broken\n2125550124,Bolt\n')
    assert [row.phone for row in good] == PHONES
    assert [(row.line, row.reason) for row in bad] == [(3, "quote is never closed")]


def test_open_quote_does_not_lend_one_persons_name_to_the_next_number() -> None:
    _, good, bad = read('first name,company,phone\nAnn,"Broken,2125550129\nBob,"Acme, Inc",2125550123\n')
    assert [(row.first_name, row.company, row.phone) for row in good] == [("Bob", "Acme, Inc", "+12125550123")]
    assert [row.line for row in bad] == [2]


def test_quotes_inside_a_cell_are_read_as_they_stand() -> None:
    _, good, _ = read('phone,company\n2125550123,5" Pipes\n2125550124,"Nick" & Sons\n')
    assert [row.company for row in good] == ['5" Pipes', "Nick & Sons"]


def test_short_rows_are_filled_up_and_long_ones_rejected() -> None:
    _, good, bad = read("phone,first name,company\n2125550123\n2125550124,Bob,Acme,,\n2125550125,Cid,Acme, Inc\n")
    assert [row.phone for row in good] == PHONES
    assert [(row.line, row.reason, list(row.cells)) for row in bad] == [
        (4, "more cells than columns", ["2125550125", "Cid", "Acme", " Inc"])
    ]


def test_endless_line_is_rejected_and_the_next_one_read() -> None:
    _, good, bad = read("phone,x\n2125550123,a\n" + "9" * 700_000 + "\n2125550124,b\n")
    assert [row.phone for row in good] == PHONES
    assert [(row.line, row.reason) for row in bad] == [(3, "line is too long")]


def test_endless_line_takes_no_memory() -> None:
    data = b"phone,x\n2125550123,a\n" + b"9" * 30_000_000
    tracemalloc.start()
    read(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50_000_000  # the stream's own copy is 30 MB of it


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Phone Number", "phone"), ("MOBILE", "phone"), ("Telefonnummer", "phone"), ("Teléfono", "phone"),
        ("Numéro de téléphone", "phone"), ("celular", "phone"), ("電話番号", "phone"), ("Телефон", "phone"),
        ("Vorname", "first_name"), ("Prénom", "first_name"), ("Nachname", "last_name"), ("Apellidos", "last_name"),
        ("Firma", "company"), ("Account Name", "company"), ("E-Mail Address", "email"), ("Correo electrónico", "email"),
        ("Time Zone", "timezone"), ("Zeitzone", "timezone"), ("State/Province", "state"), ("País", "country"),
        ("Opt-In", "consent_type"), ("consent_date", "consent_at"), ("TrustedForm URL", "consent_evidence"),
    ],
)  # fmt: skip
def test_headers_in_many_languages(header, field) -> None:
    extra = "" if field == "phone" else ",phone"
    source, _, _ = read(f"{header}{extra}\n2125550123{extra and ',2125550123'}\n")
    assert source.columns.named()[field] == header


def test_column_of_numbers_is_found_by_its_content() -> None:
    source, good, _ = read("Who,Reach them at,Since\nAnn,(212) 555-0123,2019\nBob,212.555.0124,2020\n")
    assert source.columns.named() == {"phone": "Reach them at"}
    assert [row.phone for row in good] == PHONES


def test_of_two_phone_columns_the_one_with_numbers_is_taken() -> None:
    source, _, _ = read("Phone,Mobile\nyes,2125550123\nno,2125550124\n")
    assert source.columns.named()["phone"] == "Mobile"


def test_row_number_column_is_no_phone_column() -> None:
    source, _, _ = read("Number,Kontakt-Nr\n1,2125550123\n2,2125550124\n")
    assert source.columns.named()["phone"] == "Kontakt-Nr"


def test_file_without_a_header() -> None:
    source, good, _ = read("Ann,2125550123,ann@example.com\nBob,2125550124,bob@example.com\n")
    assert source.columns.named() == {"phone": "column 2", "email": "column 3"}
    assert [row.phone for row in good] == PHONES


def test_single_column_of_numbers() -> None:
    assert phones("2125550123\n2125550124\n") == PHONES


def test_mapping_is_overridable_by_name() -> None:
    content = "Phone,Mobile\n2125550199,2125550123\n2125550198,2125550124\n"
    assert phones(content, phone="mobile") == PHONES


def test_guess_can_be_taken_off() -> None:
    _, good, _ = read("phone,name\n2125550123,Ann Lee\n", name="")
    assert (good[0].first_name, good[0].fields) == ("", {"name": "Ann Lee"})


def test_headers_that_repeat_or_are_empty_get_names() -> None:
    _, good, _ = read("phone,note,note,\n2125550123,a,b,c\n")
    assert good[0].fields == {"note": "a", "note (2)": "b", "column 4": "c"}


@pytest.mark.parametrize(
    ("full", "names"),
    [
        ("Ann Lee", ("Ann", "Lee")),
        ("Lee, Ann", ("Ann", "Lee")),
        ("Ann", ("Ann", "")),
        ("Ann van Lee", ("Ann", "van Lee")),
    ],
)
def test_full_name_is_split(full, names) -> None:
    _, good, _ = read(f'phone,name\n2125550123,"{full}"\n')
    assert (good[0].first_name, good[0].last_name) == names


@pytest.mark.parametrize(
    ("state", "country", "place"),
    [("FL", "", "US-FL"), ("Florida", "US", "US-FL"), ("us-ca", "", "US-CA"), ("Bayern", "", "US"), ("", "", "US")],
)
def test_state_of_a_lead(state, country, place) -> None:
    _, good, _ = read(f"phone,state,country\n2125550123,{state},{country}\n")
    assert str(good[0].place).split("|")[0] == place


def test_what_cannot_be_used_is_kept_among_the_leads_fields() -> None:
    _, good, _ = read("phone,state,email,timezone\n2125550123 x7,EMEA,none,later\n")
    assert good[0].fields == {"state": "EMEA", "email": "none", "timezone": "later", "extension": "7"}


def test_invisible_characters_are_removed_everywhere() -> None:
    _, good, _ = read("\u200bphone\u200e,first name\n\u202a+1 212 555 0123\u202c,An\u200bn\n")
    assert (good[0].phone, good[0].first_name) == ("+12125550123", "Ann")


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"\0\0\0", b"   ", b"\xff\xfe"])
def test_nothing_is_bad_input(data) -> None:
    with pytest.raises(BadInput):
        read(data)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04rest of a workbook", b"\xd0\xcf\x11\xe0 old", b"\x89PNG\r\n\x1a\n" + bytes(99)]
)
def test_other_files_are_bad_input(data) -> None:
    with pytest.raises(BadInput):
        read(data)


CELL = st.one_of(
    st.sampled_from(["2125550123", "+442079460123", "911", '"', '""', "=1+1", "1.2E+10", "", "é", "a\nb", "\0", "x,y"]),
    st.text(max_size=12),
)
FILE = st.lists(st.lists(CELL, max_size=5), max_size=12).map(
    lambda rows: "phone,name,x\n" + "\n".join(",".join(row) for row in rows)
)


def assert_accounted_for(data: bytes) -> None:
    try:
        source, good, bad = read(data)
    except BadInput:
        return
    found = list(reading.rows(io.BytesIO(data), source.shape))
    lines = [row.line for row in good + bad]
    assert len(lines) == len(set(lines))
    assert len(found) - 2 <= len(lines) <= len(found)  # without its header and its `sep=` line
    assert all(row.reason for row in bad)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_accounted_for_or_bad_input(data) -> None:
    assert_accounted_for(data)


@settings(max_examples=300, deadline=None)
@given(FILE, st.sampled_from(["utf-8", "utf-16", "utf-8-sig", "utf-16-le"]))
def test_any_table_is_accounted_for(text, encoding) -> None:
    assert_accounted_for(text.encode(encoding, errors="replace"))
