"""Which column of a CSV is which of our fields: guessed from header and content, and overridable by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from dialer.errors import BadInput
from dialer.leads import phones, zones
from dialer.leads.cells import clean, folded

FIELDS = (
    "phone", "first_name", "last_name", "name", "company", "email", "timezone", "state", "country",
    "consent_type", "consent_at", "consent_evidence", "consent_text",
)  # fmt: skip
"""What a column can be mapped to. `name` is a full name; all other columns go to the lead's own fields."""

# Names as `cells.folded` writes them, the surest first.
SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "phone": (
            "phone", "phone number", "phonenumber", "phone no", "phone e164", "e164", "mobile", "mobile phone",
            "mobile number", "mobile no", "cell", "cell phone", "cellphone", "cell number", "telephone",
            "telephone number", "tel", "tel no", "contact number", "contact phone", "primary phone", "phone 1",
            "work phone", "business phone", "home phone", "number", "msisdn", "whatsapp", "direct dial",
            "telefon", "telefonnummer", "handy", "handynummer", "mobil", "mobilnummer", "rufnummer", "mobiltelefon",
            "telefono", "telefono movil", "movil", "celular", "numero de telefono", "cellulare", "numero di telefono",
            "telefone", "telemovel", "numero de telefone", "portable", "tel portable", "numero de telephone",
            "telephone portable", "telefoon", "telefoonnummer", "mobiel", "gsm", "puhelin", "puhelinnumero",
            "numer telefonu",
            "telefonnr", "mobilnr", "номер телефона", "телефон", "мобильныи телефон", "電話番号", "電話", "电话",
            "手机", "手机号", "전화번호",
        ),
        "first_name": (
            "first name", "firstname", "first", "given name", "givenname", "forename", "fname", "vorname", "nombre",
            "prenom", "nome", "voornaam", "fornavn", "fornamn", "etunimi", "imie", "имя", "名",
        ),
        "last_name": (
            "last name", "lastname", "last", "surname", "family name", "familyname", "lname", "nachname",
            "familienname",
            "apellido", "apellidos", "nom", "nom de famille", "cognome", "sobrenome", "apelido", "achternaam",
            "efternavn", "etternavn", "efternamn", "sukunimi", "nazwisko", "фамилия", "姓",
        ),
        "name": (
            "name", "full name", "fullname", "contact name", "contact", "lead name", "customer name", "customer",
            "nombre completo", "nom complet", "nome completo", "vollstandiger name", "ansprechpartner", "kontakt",
            "naam",
            "navn", "namn", "nimi", "氏名", "姓名", "фио",
        ),
        "company": (
            "company", "company name", "companyname", "organization", "organisation", "account", "account name",
            "business", "business name", "employer", "firma", "unternehmen", "firmenname", "empresa", "entreprise",
            "societe", "azienda", "societa", "bedrijf", "virksomhed", "foretag", "yritys", "компания", "会社名", "公司",
        ),
        "email": (
            "email", "e mail", "email address", "e mail address", "mail", "emailaddress", "e mail adresse", "correo",
            "correo electronico", "courriel", "adresse email", "posta elettronica", "электронная почта", "メール",
            "邮箱",
        ),
        "timezone": (
            "timezone", "time zone", "tz", "zeitzone", "zona horaria", "fuseau horaire", "fuso orario", "fuso horario",
            "tijdzone", "часовои пояс",
        ),
        "state": (
            "state", "state province", "province", "region", "state region", "state code", "us state", "bundesland",
            "estado", "provincia", "etat", "territory", "state or province",
        ),
        "country": (
            "country", "country code", "countrycode", "country name", "nation", "land", "pais", "pays", "paese", "kraj",
            "страна", "国家", "国",
        ),
        "consent_type": (
            "consent", "consent type", "consent kind", "opt in", "optin", "opted in", "call consent", "tcpa consent",
            "einwilligung", "consentimiento", "consentement", "consenso",
        ),
        "consent_at": (
            "consent at", "consent date", "consent time", "consent timestamp", "opt in date", "optin date",
            "opt in timestamp", "consent given at", "consented at", "datum der einwilligung",
        ),
        "consent_evidence": (
            "consent evidence", "consent proof", "consent source", "consent url", "opt in source", "optin source",
            "consent ip", "trustedform", "trustedform url", "jornaya", "jornaya lead id", "proof of consent",
        ),
        "consent_text": (
            "consent text", "consent text version", "consent version", "consent language", "disclosure",
            "disclosure version",
        ),
    }
)  # fmt: skip

MAX_COLUMNS = 512
ENOUGH_ALIKE = 0.5
"""Share of a column's filled cells that must look like a field for its content alone to decide."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field is found. Columns are counted from 0; `headers` are unique and never empty."""

    headers: tuple[str, ...]
    columns: Mapping[str, int] = field(default_factory=dict)
    has_header: bool = True

    def named(self) -> dict[str, str]:
        """Our field → the column's header, as the report shows it."""
        return {name: self.headers[column] for name, column in self.columns.items()}


def guess(first: Sequence[str], sample: Sequence[Sequence[str]], region: str) -> Columns:
    """Map columns by what their headers are called, then by what is in them.

    Args:
        first: the file's first row: its header, unless a number in it shows that it is data already.
        sample: some of the rows below it.
        region: how numbers without a country code are read.

    Raises:
        BadInput: there are more columns than any list of leads has.
    """
    if len(first) > MAX_COLUMNS:
        raise BadInput(f"The file has {len(first)} columns; {MAX_COLUMNS} are allowed.")
    names = [folded(clean(cell)) for cell in first]
    has_header = any(name in known for name in names for known in SYNONYMS.values()) or not any(
        _is_phone(cell, region) for cell in first
    )
    body = sample if has_header else [first, *sample]
    headers = _headers(first if has_header else [""] * max(map(len, body)))
    taken: dict[str, int] = {}
    if has_header:
        for name in FIELDS:
            ranked = [(SYNONYMS[name].index(n), i) for i, n in enumerate(names) if n in SYNONYMS[name]]
            free = [(rank, column) for rank, column in ranked if column not in taken.values()]
            if name == "phone":
                free = _phones_first(free, body, region)
            if free:
                taken[name] = min(free)[1]
    for name, looks in _LOOKS.items():
        if name not in taken or (name == "phone" and not _share(body, taken[name], region, looks)):
            shares = [(_share(body, i, region, looks), -i) for i in range(len(headers)) if i not in taken.values()]
            share, column = max(shares, default=(0.0, 0))
            if share >= ENOUGH_ALIKE:
                taken[name] = -column
    return Columns(headers, MappingProxyType(taken), has_header)


def _phones_first(ranked: list[tuple[int, int]], sample: Sequence[Sequence[str]], region: str) -> list[tuple[int, int]]:
    """Of several columns that are called like a phone, rank those with more numbers in them first."""
    return [(rank - round(1000 * _share(sample, column, region, _is_phone)), column) for rank, column in ranked]


def override(guessed: Columns, wanted: Mapping[str, str]) -> Columns:
    """Put what a person said in place of what was guessed. An empty column name takes the field off.

    Raises:
        BadInput: an unknown field or column, or one column for two fields; the message names what there is.
    """
    columns = dict(guessed.columns)
    said: dict[str, int] = {}
    by_name = {folded(header): column for column, header in reversed(list(enumerate(guessed.headers)))}
    for name, header in wanted.items():
        if name not in FIELDS:
            raise BadInput(f'There is no field "{name}". Fields are: {", ".join(FIELDS)}.')
        if not header.strip():
            columns.pop(name, None)
            continue
        exact = [column for column, known in enumerate(guessed.headers) if known == header.strip()]
        found = exact[0] if exact else by_name.get(folded(header)) if folded(header) else None
        if found is None:
            raise BadInput(f'There is no column "{header}". Columns are: {", ".join(guessed.headers)}.')
        if found in said.values():
            raise BadInput(f'The column "{header}" cannot be two fields at once.')
        said[name] = found
    columns = {name: column for name, column in columns.items() if name not in said and column not in said.values()}
    return Columns(guessed.headers, MappingProxyType(columns | said), guessed.has_header)


def _headers(first: Sequence[str]) -> tuple[str, ...]:
    """Give every column a name of its own."""
    names: list[str] = []
    for number, cell in enumerate(first, start=1):
        name = " ".join(clean(cell).split())[:100] or f"column {number}"
        unique, times = name, 2
        while unique in names:
            unique, times = f"{name} ({times})", times + 1
        names.append(unique)
    return tuple(names)


def _share(sample: Sequence[Sequence[str]], column: int, region: str, looks: Callable[[str, str], bool]) -> float:
    """Share of the column's filled cells that look like it."""
    filled = [cell for row in sample if column < len(row) and (cell := clean(row[column]))]
    return sum(looks(cell, region) for cell in filled) / len(filled) if filled else 0.0


def _is_phone(cell: str, region: str) -> bool:
    return isinstance(phones.read(clean(cell), region), phones.Number)


def _is_email(cell: str, _region: str) -> bool:
    account, at, host = cell.partition("@")
    return bool(account and at and "." in host) and " " not in cell


def _is_zone(cell: str, _region: str) -> bool:
    return "/" in cell and bool(zones.read(cell, "", ()))


_LOOKS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType(
    {"phone": _is_phone, "email": _is_email, "timezone": _is_zone}
)
