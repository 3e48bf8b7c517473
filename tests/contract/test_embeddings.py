"""The embedder's promises, over real HTTP."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

from dialer.errors import VendorBusy, VendorRefused
from dialer.llm.embedding_openai import OpenAIEmbedder
from dialer.sandbox.faults import FaultPlan
from tests.sandbox_vendors import KEY, Sandbox, vendors


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with vendors(tmp_path_factory.mktemp("world")) as sandbox:
        yield sandbox


@pytest.fixture
def embedder(sandbox: Sandbox) -> Iterator[OpenAIEmbedder]:
    made = embedder_of(sandbox)
    yield made
    sandbox.world.faults.plan = FaultPlan()
    made.close()


def embedder_of(sandbox: Sandbox, *, key: str = KEY, dimensions: int = 256, port: str = "") -> OpenAIEmbedder:
    return OpenAIEmbedder(
        base_url=port or f"{sandbox.http}/openai/v1", api_key=key, model="text-embedding-3-small", dimensions=dimensions
    )


def cosine(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))


def test_each_text_has_its_vector_in_order(embedder: OpenAIEmbedder) -> None:
    texts = ["How long is the warranty?", "Opening hours on Saturday", "The warranty is long."]

    together = embedder.embed(texts, timeout_s=5)
    (alone,) = embedder.embed([texts[1]], timeout_s=5)

    assert [len(vector) for vector in together] == [256, 256, 256]
    assert cosine(together[1], alone) == pytest.approx(1.0)


def test_texts_of_the_same_words_are_nearer_than_others(embedder: OpenAIEmbedder) -> None:
    question, answer, other = embedder.embed(
        [
            "How long is the warranty of the panels?",
            "Panels: warranties last 25 years.",
            "We open at nine on Saturdays.",
        ],
        timeout_s=5,
    )

    assert cosine(question, answer) > cosine(question, other) + 0.2


def test_a_wrong_key_is_refused(sandbox: Sandbox) -> None:
    embedder = embedder_of(sandbox, key="wrong")

    with pytest.raises(VendorRefused):
        embedder.embed(["x"], timeout_s=5)
    embedder.close()


def test_an_empty_text_is_refused(embedder: OpenAIEmbedder) -> None:
    with pytest.raises(VendorRefused):
        embedder.embed(["x", ""], timeout_s=5)


@pytest.mark.parametrize("fault", ["openai.outage", "openai.limited"])
def test_an_outage_and_a_limit_may_pass(sandbox: Sandbox, embedder: OpenAIEmbedder, fault: str) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={fault: 1.0})

    with pytest.raises(VendorBusy):
        embedder.embed(["x"], timeout_s=5)


def test_no_answer_in_time_may_pass(sandbox: Sandbox, embedder: OpenAIEmbedder) -> None:
    sandbox.world.faults.plan = FaultPlan(rates={"openai.slow": 1.0})

    with pytest.raises(VendorBusy):
        embedder.embed(["x"], timeout_s=0.3)


def test_nobody_there_may_pass(sandbox: Sandbox) -> None:
    embedder = embedder_of(sandbox, port="http://127.0.0.1:9/v1")

    with pytest.raises(VendorBusy):
        embedder.embed(["x"], timeout_s=1)
    embedder.close()


def test_vectors_of_another_length_cannot_be_compared(sandbox: Sandbox) -> None:
    assert embedder_of(sandbox, dimensions=256).model != embedder_of(sandbox, dimensions=512).model
