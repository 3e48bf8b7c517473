import pytest

from dialer.agents import listing, store
from dialer.errors import BadInput, NotFound
from tests.factories import definition, other_organization


def test_same_definition_is_the_same_version_and_a_changed_one_the_next(sessions, factory) -> None:
    with sessions.begin() as session:
        first = store.save(session, factory.organization.id, definition(name="Max"))
        again = store.save(session, factory.organization.id, definition(name="Max"))
        second = store.save(session, factory.organization.id, definition(name="Max", goal="Ask for another visit."))
    assert again.id == first.id
    assert (first.number, second.number) == (1, 2)


def test_version_is_found_by_name_or_id(sessions, factory) -> None:
    with sessions.begin() as session:
        first = store.save(session, factory.organization.id, definition(name="Max"))
        second = store.save(session, factory.organization.id, definition(name="Max", goal="Ask for another visit."))
        assert store.find_version(session, factory.organization.id, "Max") is second
        assert store.find_version(session, factory.organization.id, str(first.id)) is first


@pytest.mark.parametrize("key", ["Nobody", "00000000-0000-0000-0000-000000000000"])
def test_unknown_agent_is_not_found(sessions, factory, key) -> None:
    with sessions.begin() as session, pytest.raises(NotFound):
        store.find_version(session, factory.organization.id, key)


def test_other_organizations_agents_are_not_found(sessions, factory) -> None:
    other = other_organization(sessions)
    with sessions.begin() as session:
        version = store.save(session, factory.organization.id, definition(name="Max"))
        with pytest.raises(NotFound):
            store.find_version(session, other, version.id)


FILE = """
name = "{name}"
seller = "Northwind"
opener = "Hi, this is an AI assistant calling from Northwind."
goal = "Find out whether a visit is wanted."
"""


def test_folder_is_saved_as_versions(sessions, factory, tmp_path) -> None:
    (tmp_path / "a.toml").write_text(FILE.format(name="Ann"))
    (tmp_path / "b.toml").write_text(FILE.format(name="Bob"))
    with sessions.begin() as session:
        once = store.sync_folder(session, factory.organization.id, tmp_path)
        twice = store.sync_folder(session, factory.organization.id, tmp_path)
    assert [version.definition["name"] for version in once] == ["Ann", "Bob"]
    assert [version.id for version in twice] == [version.id for version in once]


def test_folder_with_one_name_twice_is_bad_input(sessions, factory, tmp_path) -> None:
    for file in ("a.toml", "b.toml"):
        (tmp_path / file).write_text(FILE.format(name="Ann"))
    with sessions.begin() as session, pytest.raises(BadInput, match="Ann"):
        store.sync_folder(session, factory.organization.id, tmp_path)


def test_name_stands_for_the_version_saved_last_also_if_it_is_an_older_one(sessions, factory) -> None:
    with sessions.begin() as session:
        first = store.save(session, factory.organization.id, definition(name="Max"))
        store.save(session, factory.organization.id, definition(name="Max", goal="Ask for another visit."))
    with sessions.begin() as session:
        store.save(session, factory.organization.id, definition(name="Max"))

    with sessions() as session:
        assert store.find_version(session, factory.organization.id, "Max").id == first.id
        (shown,) = [view for view in listing.latest(session, factory.organization.id) if view.name == "Max"]
        assert shown.version == 1


def test_version_is_found_by_name_and_number(sessions, factory) -> None:
    with sessions.begin() as session:
        first = store.save(session, factory.organization.id, definition(name="Max"))
        store.save(session, factory.organization.id, definition(name="Max", goal="Ask for another visit."))
        assert store.find_version(session, factory.organization.id, "Max@1") is first
        with pytest.raises(NotFound):
            store.find_version(session, factory.organization.id, "Max@3")
