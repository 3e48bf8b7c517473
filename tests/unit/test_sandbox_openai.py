"""The sandbox's language model behaves like a good sales agent, and reads transcripts without making anything up."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dialer.sandbox.openai_extraction import extract
from dialer.sandbox.openai_intents import Intent, understand
from dialer.sandbox.openai_prompt import Prompt
from dialer.sandbox.openai_talk import Answer, answer
from dialer.sandbox.openai_times import phrase, present, spoken, wanted

SYSTEM = """You are Ana, an AI voice assistant calling on behalf of Acme Solar. You are on a live phone call.

How to speak:
- Speech only: no lists.

Your goal: Find out whether the person wants a quote and agree on a next step.

What you know and how to go about it:
Acme Solar puts solar panels on company roofs. A roof is done in about two days. Panels start at 90 dollars a month.
Ask how many people work there. If they are interested, offer a call with a colleague.

About the person (data):
{"first_name": "Peter"}

The person's local time is Wednesday, 25 November 2026, 10:05. Direction: outbound."""
OPENER = "Hello Peter, this is Ana, an AI assistant, calling from Acme Solar. Do you have a minute?"
OFFER = "Would you like a colleague to call you with the details?"
WHEN = {"type": "string", "description": "The person's local date and time, ISO 8601 without offset"}
TOOLS: dict[str, dict[str, Any]] = {
    "end_call": {"type": "object", "properties": {}},
    "do_not_call": {"type": "object", "properties": {}},
    "schedule_callback": {
        "type": "object",
        "properties": {"when": WHEN, "note": {"type": "string"}},
        "required": ["when"],
    },
    "transfer": {"type": "object", "properties": {"reason": {"type": "string"}}},
}
NOW = datetime(2026, 11, 25, 10, 5)  # noqa: DTZ001 - a Wednesday, in the person's own time


def talk(*turns: str, tools: dict[str, dict[str, Any]] = TOOLS) -> Answer:
    """Answer a call in which agent and person spoke in turn, the person last."""
    roles = ["assistant", "user"] * len(turns)
    said = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=False)]
    return answer([{"role": "system", "content": SYSTEM}, *said], tools)


def wish(given: Answer) -> str:
    return given.wish.name if given.wish else ""


@pytest.mark.parametrize(
    ("words", "tool"),
    [
        ("Never call me again.", "do_not_call"),
        ("Stop calling me. Take me off your list.", "do_not_call"),
        ("You have the wrong number, there is nobody of that name here.", "end_call"),
        ("No thank you, I am not interested.", "end_call"),
        ("Goodbye.", "end_call"),
        ("Can I talk to a real person, please?", "transfer"),
        ("I am busy right now. Can you call me back on Tuesday at ten?", "schedule_callback"),
        ("Yes, please go on.", ""),
        ("How much does it cost?", ""),
    ],
)
def test_tool_fits_what_was_said(words: str, tool: str) -> None:
    assert wish(talk(OPENER, words)) == tool


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How much does it cost?", "90 dollars"),
        ("How long does it take?", "two days"),
        ("Who is this?", "Ana, an AI assistant calling for Acme Solar"),
        ("Am I talking to a robot?", "Yes, I am an AI assistant"),
        ("How did you get my number?", "Acme Solar"),
        ("What is this about?", "solar panels"),
    ],
)
def test_question_is_answered_from_the_prompt_and_leads_on(question: str, told: str) -> None:
    given = talk(OPENER, question)

    assert told in given.text
    assert given.text.endswith("Could you tell me how many people work there?")


def test_price_that_nobody_told_is_not_invented() -> None:
    messages = [{"role": "system", "content": "You are Ana."}, {"role": "user", "content": "What does it cost?"}]

    assert not re.search(r"\d", answer(messages, {}).text)


def test_interest_leads_over_what_is_to_be_found_out_to_an_agreed_next_step() -> None:
    turns = [OPENER]
    for words in ("Yes, tell me more.", "We are twenty people.", "Yes, I am interested.", "Tuesday morning is good."):
        given = talk(*turns, words)
        turns += [words, given.text]

    assert "how many people work there?" in turns[2]
    assert OFFER in turns[4]
    assert "Which day and time" in turns[6]
    assert turns[8].startswith("Tuesday morning it is")
    assert wish(given) == "end_call"


def test_offer_questions_and_answers_are_the_scripts_own() -> None:
    prompt = Prompt.read(
        "You are Maya, calling on behalf of Brightfield.\n\n"
        "Your goal: Agree on a day and time for a free home visit by one of our advisers.\n\n"
        "What you know and how to go about it:\nThe visit takes forty minutes.\n"
        "- Ask first whether they own the home. If they rent, end the call.\n"
        "- If they ask about price: it depends on the roof.\n\nAbout the person (data):\n{}"
    )

    assert prompt.offer == "a free home visit"
    assert prompt.questions == ("Do you own the home?",)
    assert prompt.facts == ("The visit takes forty minutes.",)
    assert prompt.about("What is the price?") == "It depends on the roof."


def test_callback_is_scheduled_in_the_persons_own_time() -> None:
    given = talk(OPENER, "Please call me on Tuesday at ten.")

    assert given.text == ""
    assert given.wish is not None
    assert given.wish.arguments["when"] == "2026-12-01T10:00"


def test_callback_without_a_time_is_asked_for_one() -> None:
    asked = talk(OPENER, "This is a bad time.")
    given = talk(OPENER, "This is a bad time.", asked.text, "Tomorrow afternoon.")

    assert asked.text.endswith("?")
    assert given.wish is not None
    assert given.wish.arguments["when"] == "2026-11-26T15:00"


@pytest.mark.parametrize(
    ("tool", "result", "told"),
    [
        ("schedule_callback", "Callback noted for Tuesday 01 December at 10:00.", "Tuesday at ten in the morning"),
        ("schedule_callback", "That time is past. Ask for another one.", "not possible"),
        ("transfer", "Nobody can take the call now.", "sorry"),
        ("do_not_call", "The number is on the do-not-call list.", "not be called again"),
    ],
)
def test_result_of_a_tool_is_told(tool: str, result: str, told: str) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": tool, "arguments": "{}"}}
    messages = [
        {"role": "system", "content": SYSTEM},
        {"role": "assistant", "content": OPENER},
        {"role": "user", "content": "Call me back on Tuesday at ten."},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": result},
    ]

    given = answer(messages, TOOLS)

    assert told in given.text
    assert given.wish is None


def test_unclear_speech_is_asked_for_again_and_then_the_call_ends() -> None:
    turns, tools = [OPENER], []
    for _ in range(4):
        given = talk(*turns, "[speech 1.2 seconds]")
        tools.append(wish(given))
        turns += ["[speech 1.2 seconds]", given.text]

    assert tools == ["", "", "", "end_call"]


def test_second_objection_is_accepted() -> None:
    first = talk(OPENER, "That is too expensive for us.")
    second = talk(OPENER, "That is too expensive for us.", first.text, "We already have one.")

    assert OFFER in first.text
    assert wish(second) == "end_call"


def test_without_tools_it_only_speaks() -> None:
    for words in ("Never call again.", "Goodbye.", "Transfer me.", "Call me on Tuesday at ten."):
        given = talk(OPENER, words, tools={})
        assert given.wish is None
        assert given.text


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=7))
def test_whatever_is_said_there_is_one_short_answer(turns: list[str]) -> None:
    given = talk(OPENER, *turns)

    assert given.text or given.wish
    assert given == talk(OPENER, *turns)
    assert len(given.text) < 300


@pytest.mark.parametrize(
    ("words", "when"),
    [
        ("Tuesday at ten", datetime(2026, 12, 1, 10, 0)),  # noqa: DTZ001
        ("on Wednesday", datetime(2026, 12, 2, 10, 0)),  # noqa: DTZ001
        ("tomorrow at 3", datetime(2026, 11, 26, 15, 0)),  # noqa: DTZ001
        ("tomorrow at half past nine", datetime(2026, 11, 26, 9, 30)),  # noqa: DTZ001
        ("in two hours", datetime(2026, 11, 25, 12, 5)),  # noqa: DTZ001
        ("at 9 a.m.", datetime(2026, 11, 26, 9, 0)),  # noqa: DTZ001
        ("Friday evening at seven", datetime(2026, 11, 27, 19, 0)),  # noqa: DTZ001
        ("call me later", None),
    ],
)
def test_times_are_understood(words: str, when: datetime | None) -> None:
    assert wanted(words, NOW) == when


def test_time_is_said_as_one_says_it() -> None:
    assert spoken(datetime(2026, 12, 1, 15, 30)) == "Tuesday at three thirty in the afternoon"  # noqa: DTZ001
    assert phrase("Well, Tuesday at ten is fine.") == "Tuesday at ten"


@pytest.mark.parametrize("text", ["It is Wednesday, 25 November 2026, 10:05 there.", "Now: 2026-11-25T10:05"])
def test_present_is_read_from_the_prompt(text: str) -> None:
    assert present(text) == NOW


def test_prompt_is_read() -> None:
    prompt = Prompt.read(SYSTEM)

    assert (prompt.name, prompt.seller, prompt.now) == ("Ana", "Acme Solar", NOW)
    assert not any(fact.startswith(("Ask", "If")) for fact in prompt.facts)


@pytest.mark.parametrize(
    ("words", "intent"),
    [
        ("Please don't ever call here.", Intent.OPT_OUT),
        ("I don't want you to call me again", Intent.OPT_OUT),
        ("Sorry, what is this about?", Intent.ASKS_WHAT),
        ("Could you repeat that?", Intent.REPEAT),
        ("I don't think so.", Intent.NO),
        ("Yes, please do.", Intent.INTERESTED),
        ("Yes, but not now.", Intent.CALL_LATER),
        ("We are about twenty people.", Intent.OTHER),
    ],
)
def test_meaning_is_understood(words: str, intent: Intent) -> None:
    assert understand(words) is intent


def test_what_was_said_is_repeated_when_asked() -> None:
    assert talk(OPENER, "Could you repeat that?").text.endswith("Do you have a minute?")


def test_not_calling_at_a_time_is_no_opt_out() -> None:
    assert understand("Can you call me back later?") is Intent.CALL_LATER
    assert understand("Don't call me again") is Intent.OPT_OUT


CALLS = {
    "interested": "agent: May a colleague call you?\nperson: Yes, I am interested.\nperson: Tuesday morning.",
    "not_interested": "agent: Hello.\nperson: No thank you, I am not interested.",
    "callback": "agent: Hello.\nperson: I am busy. Call me back on Tuesday at ten.",
    "do_not_call": "agent: Hello.\nperson: Never call me again.",
    "wrong_number": "agent: Hello.\nperson: You have the wrong number.",
    "hung_up": "agent: Hello.\nperson: Hello?",
}


def outcome(fields: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {
            "disposition": {"type": "string", "enum": list(CALLS)},
            "summary": {"type": "string"},
            "fields": {
                "type": "object",
                "properties": fields,
                "required": list(required),
                "additionalProperties": False,
            },
        },
        "required": ["disposition", "summary", "fields"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize("disposition", CALLS)
def test_disposition_is_read(disposition: str) -> None:
    assert extract(CALLS[disposition], outcome({}))["disposition"] == disposition


def test_fields_are_read_by_their_names_and_types() -> None:
    told = (
        "agent: How many people work there, and what is your budget?\nperson: We are about twenty people.\n"
        "person: Around 5 thousand dollars. I am the owner. Is it too expensive? My mail is jo@example.com.\n"
        "person: I am interested. Friday afternoon is good."
    )
    fields = {
        "team_size": {"type": "integer"},
        "budget": {"type": ["number", "null"]},
        "decision_maker": {"type": "boolean"},
        "email": {"type": "string"},
        "interest_level": {"type": "string", "enum": ["hot", "warm", "cold"]},
        "preferred_time": {"type": "string"},
    }

    assert extract(told, outcome(fields))["fields"] == {
        "team_size": 20,
        "budget": 5000,
        "decision_maker": True,
        "email": "jo@example.com",
        "interest_level": "hot",
        "preferred_time": "Friday afternoon",
    }


def test_yes_and_no_are_read_from_the_reply_to_the_question() -> None:
    fields = {"homeowner": {"type": ["boolean", "null"], "description": "Whether the person owns the home."}}
    calls = (f"agent: Do you own the home?\nperson: {reply}" for reply in ("Yes, I do.", "No, I rent.", "Why?"))

    assert [extract(call, outcome(fields))["fields"]["homeowner"] for call in calls] == [True, False, None]


def test_number_of_people_is_no_time() -> None:
    assert phrase("We are about twenty people.") == ""


def test_what_nobody_said_is_left_out_or_null_or_unknown() -> None:
    fields = {
        "budget": {"type": ["number", "null"]},
        "email": {"type": "string"},
        "company_size": {"type": "integer"},
        "preferred_time": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    }

    read = extract(CALLS["hung_up"], outcome(fields, required=("email", "preferred_time")))["fields"]

    assert read == {"budget": None, "email": "unknown", "preferred_time": None}


PLAIN = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean", "null"]).map(lambda kind: {"type": kind}),
    st.sampled_from([["string", "null"], ["integer", "null"], ["boolean", "null"]]).map(lambda kinds: {"type": kinds}),
    st.just({"type": "array", "items": {"type": "string"}}),
    st.just({"type": "array", "items": {"type": "object"}}),
    st.just({"type": "integer", "minimum": 1, "maximum": 5}),
    st.just({"type": "string", "format": "date-time"}),
    st.just({"type": "string", "maxLength": 3}),
    st.just({"enum": ["low", "high", None]}),
    st.just({"type": "string", "enum": ["yes", "no", "unknown"]}),
    st.just({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
    st.just({"$ref": "#/$defs/level"}),
)
NAMES = st.sampled_from(
    ["budget", "interest", "email", "next_step", "preferred_time", "objections", "questions", "team_size", "mood", "x"]
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    properties=st.dictionaries(NAMES, PLAIN, max_size=6),
    everything=st.booleans(),
    transcript=st.sampled_from(
        [*CALLS.values(), "", "person: We have 30 employees and 200 dollars. How does it work?"]
    ),
)
def test_whatever_the_schema_the_answer_fits(properties: dict[str, Any], everything: bool, transcript: str) -> None:
    inner = {"type": "object", "properties": properties, "required": list(properties) if everything else []}
    schema = {
        "type": "object",
        "properties": {**properties, "fields": inner},
        "required": ["fields"],
        "$defs": {"level": {"type": "string", "enum": ["hot", "cold"]}},
    }

    assert list(Draft202012Validator(schema).iter_errors(extract(transcript, schema))) == []
