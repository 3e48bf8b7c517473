"""Language models: those that talk, those that read calls afterwards, and the one that makes vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from dialer.llm.base import Brain, Embedder, Extractor
from dialer.settings import BrainServer, Settings, Vendors
from dialer.wiring import accounts
from dialer.wiring.choosing import Maker, chosen

T = TypeVar("T")


def brain_order(settings: Settings) -> tuple[str, ...]:
    """Language models in order of preference; servers that nobody ranked come last."""
    servers = [server.name for server in settings.brain_servers]
    return (*settings.brains, *(name for name in servers if name not in settings.brains))


def brains(settings: Settings) -> Mapping[str, Maker[Brain]]:
    """What can talk, by name."""
    from dialer.llm.openai import OpenAIBrain

    return _by_name(settings, compatible=OpenAIBrain, gemini=_gemini_brain)


def readers(settings: Settings) -> Mapping[str, Maker[Extractor]]:
    """What can read calls afterwards, by name."""
    from dialer.llm.openai import OpenAIExtractor

    return _by_name(settings, compatible=OpenAIExtractor, gemini=_gemini_reader)


def reader(settings: Settings) -> Extractor:
    """Who reads calls afterwards: the models that have credentials, in order of preference, as one."""
    from dialer.llm.readers import Readers

    return Readers(chosen(brain_order(settings), readers(settings), settings.vendors, "DIALER_BRAINS"))


def embedder(settings: Settings) -> Embedder:
    """What makes vectors of documents and questions."""
    from dialer.llm.embedding_openai import OpenAIEmbedder

    v = settings.vendors
    return OpenAIEmbedder(
        model=v.openai_embedding_model, dimensions=v.openai_embedding_dimensions, **accounts.openai(v)
    )


def _by_name(
    settings: Settings, *, compatible: Callable[..., T], gemini: Callable[[Vendors], T]
) -> Mapping[str, Maker[T]]:
    """OpenAI, Gemini and the servers that the settings describe; `compatible` makes what speaks OpenAI's protocol."""

    def at(server: BrainServer) -> Maker[T]:
        return Maker(lambda v: server.name, lambda v: compatible(**_account(server)))

    return {
        "openai": Maker(lambda v: v.openai_api_key, lambda v: compatible(**_account(_openai(v)))),
        "gemini": Maker(lambda v: v.gemini_api_key, gemini),
        **{server.name: at(server) for server in settings.brain_servers},
    }


def _openai(v: Vendors) -> BrainServer:
    return BrainServer(name="openai", base_url=v.openai_base_url, api_key=v.openai_api_key, model=v.openai_model)


def _account(server: BrainServer) -> dict[str, str]:
    key = server.api_key.get_secret_value()
    return {"name": server.name, "base_url": server.base_url, "api_key": key, "model": server.model}


def _gemini_brain(v: Vendors) -> Brain:
    from dialer.llm.gemini import GeminiBrain

    return GeminiBrain(model=v.gemini_model, thinking=v.gemini_thinking, **accounts.gemini(v))


def _gemini_reader(v: Vendors) -> Extractor:
    from dialer.llm.gemini import GeminiExtractor

    return GeminiExtractor(model=v.gemini_model, **accounts.gemini(v))
