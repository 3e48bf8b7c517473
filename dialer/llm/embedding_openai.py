"""OpenAI's embeddings through its SDK, and any server that speaks the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from dialer.errors import VendorBusy
from dialer.llm.openai_errors import VENDOR, translate

if TYPE_CHECKING:
    import openai

CONNECT_S: Final = 3.0


class OpenAIEmbedder:
    """Turns texts into vectors, in a worker's thread. Any number of threads may use one."""

    name = VENDOR
    most_at_once = 128
    """The vendor takes 2048 inputs and 300,000 tokens a request; smaller ones lose less when they fail."""

    def __init__(self, *, base_url: str, api_key: str, model: str, dimensions: int) -> None:
        """Describe the account.

        Args:
            base_url: `https://api.openai.com/v1`, or a server that speaks the same.
            api_key: the account's key.
            model: any embedding model.
            dimensions: how long the vectors are to be; 0 does not ask, for models that come in one length only.
        """
        self._base_url, self._api_key, self._model, self._dimensions = base_url, api_key, model, dimensions
        self.model = f"{model}/{dimensions}" if dimensions else model

    @cached_property
    def _client(self) -> openai.OpenAI:
        """Made with the first text: the SDK costs a second to import."""
        import openai

        return openai.OpenAI(api_key=self._api_key, base_url=self._base_url, max_retries=0)

    def embed(self, texts: Sequence[str], *, timeout_s: float) -> list[list[float]]:
        """Return a vector for each text, in order.

        Raises:
            VendorRefused: credentials, quota, an empty text or one that is too long.
            VendorBusy: rate limit, 5xx, no answer within `timeout_s`, or not one vector for each text.
        """
        import openai

        request: dict[str, Any] = {"model": self._model, "input": list(texts)}
        if self._dimensions:
            request["dimensions"] = self._dimensions
        timeout = openai.Timeout(timeout_s, connect=min(timeout_s, CONNECT_S))
        try:
            found = self._client.embeddings.create(**request, timeout=timeout)
        except openai.OpenAIError as error:
            raise translate(openai, error) from error
        except ValueError as error:  # the SDK's word for an answer without data
            raise VendorBusy(VENDOR, str(error)) from error
        vectors = [item.embedding for item in sorted(found.data, key=lambda item: item.index)]
        if len(vectors) != len(texts):
            raise VendorBusy(VENDOR, f"{len(vectors)} vectors came for {len(texts)} texts")
        return vectors

    def close(self) -> None:
        """Let go of connections."""
        if "_client" in self.__dict__:
            self._client.close()
