"""The edge to HubSpot: hubspot-api-client with timeouts and without retries, and errors of our own."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from types import MappingProxyType, SimpleNamespace
from typing import Any

from dialer.crm.retry_after import wait_s
from dialer.errors import DialerError, VendorBusy, VendorRefused, VendorSilent

VENDOR = "hubspot"
CONFLICT = "409"
"""The code of a refusal because something is there already."""
POLICY_WAIT_S = MappingProxyType({"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0})
LOCKED_WAIT_S = 2.0


class HubSpotApi:
    """The requests that the adapter makes; each raises `VendorRefused`, `VendorBusy` or `VendorSilent`.

    Args:
        access_token: of a private app or service key.
        base_url: the API's root.
        timeout_s: seconds to connect, and to wait for an answer; the SDK has no default.
    """

    def __init__(self, access_token: str, base_url: str, *, timeout_s: tuple[float, float]) -> None:
        self._token, self._base_url, self._timeout_s = access_token, base_url.rstrip("/"), timeout_s
        self.zone: tzinfo = UTC
        """The account's time zone, in which its daily limit ends."""

    def get(self, path: str, **query: str) -> Any:
        """Read a path that the SDK has no method for; return its JSON."""
        client = self._sdk.batch.api_client
        answer = self._ask(
            lambda limits: client.call_api(
                path,
                "GET",
                query_params=list(query.items()),
                header_params={"Accept": "application/json"},
                auth_settings=["oauth2"],
                response_types_map={200: "object"},
                _return_http_data_only=True,
                **limits,
            )
        )
        if not isinstance(answer, dict | list):
            raise VendorSilent(VENDOR, f"{path} was answered with no JSON")
        return answer

    def upsert(self, object_type: str, id_property: str, key: str, properties: Mapping[str, str]) -> str:
        """Create or update the record whose unique `id_property` is `key`; return its id."""
        sdk = self._sdk
        row = sdk.objects.SimplePublicObjectBatchInputUpsert(
            id=key, id_property=id_property, properties=dict(properties), object_write_trace_id=key
        )
        batch = sdk.objects.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[row])
        answer = self._ask(lambda limits: sdk.batch.upsert(object_type, batch, **limits))
        for error in getattr(answer, "errors", None) or ():
            raise VendorRefused(VENDOR, str(error.category), str(error.message))
        if not answer.results:
            raise VendorSilent(VENDOR, "the upsert was answered without a result")
        return str(answer.results[0].id)

    def read(self, object_type: str, record_id: str, name: str) -> str:
        """One property of a record; "" if it has no value."""
        sdk = self._sdk
        record = self._ask(lambda limits: sdk.basic.get_by_id(object_type, record_id, properties=[name], **limits))
        return str(record.properties.get(name) or "")

    def update(self, object_type: str, record_id: str, properties: Mapping[str, str]) -> None:
        """Change a record."""
        sdk = self._sdk
        change = sdk.objects.SimplePublicObjectInput(properties=dict(properties))
        self._ask(lambda limits: sdk.basic.update(object_type, record_id, change, **limits))

    def associate(self, object_type: str, record_id: str, contact_id: str, type_id: int) -> None:
        """Tie a record to a contact; again changes nothing."""
        sdk = self._sdk
        spec = sdk.AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=type_id)
        self._ask(
            lambda limits: sdk.associations.create(object_type, record_id, "contacts", contact_id, [spec], **limits)
        )

    def properties(self, object_type: str) -> dict[str, dict[str, Any]]:
        """The definitions of an object type's properties, by name, as the SDK spells them (has_unique_value, …)."""
        sdk = self._sdk
        rows = self._ask(lambda limits: sdk.properties.get_all(object_type, **limits).results)
        return {row.name: row.to_dict() for row in rows}

    def add_property(self, object_type: str, **definition: Any) -> None:
        """Define a new property; one that is there already is left alone."""
        sdk = self._sdk
        wish = sdk.PropertyCreate(**definition)
        try:
            self._ask(lambda limits: sdk.properties.create(object_type, wish, **limits))
        except VendorRefused as error:
            if error.code != CONFLICT:  # another process was faster
                raise

    @cached_property
    def _sdk(self) -> SimpleNamespace:
        """The SDK's parts, built once: it makes a new connection pool on each attribute access."""
        import hubspot
        import hubspot.crm.associations.v4 as associations
        import hubspot.crm.objects as objects
        import hubspot.crm.properties as properties

        # Both of them: `host` alone does not move every request.
        client = hubspot.Client.create(
            access_token=self._token, host=self._base_url, base_url=self._base_url, retry=False
        )
        return SimpleNamespace(
            objects=objects,
            batch=client.crm.objects.batch_api,
            basic=client.crm.objects.basic_api,
            properties=client.crm.properties.core_api,
            PropertyCreate=properties.PropertyCreate,
            associations=client.crm.associations.v4.basic_api,
            AssociationSpec=associations.AssociationSpec,
            errors=(objects.ApiException, properties.ApiException, associations.ApiException),
        )

    def _ask(self, request: Callable[[Mapping[str, Any]], Any]) -> Any:
        """Run one request with our timeouts; let nothing but our own errors out."""
        import urllib3.exceptions as http

        try:
            return request({"_request_timeout": self._timeout_s})
        except self._sdk.errors as error:
            raise self._judge(error.status, error.headers or {}, error.body or "") from error
        except (http.NewConnectionError, http.ConnectTimeoutError) as error:
            raise VendorBusy(VENDOR, f"cannot connect: {error}") from error
        except http.HTTPError as error:
            raise VendorSilent(VENDOR, f"no answer: {error}") from error
        except (ValueError, AttributeError, TypeError, LookupError) as error:
            raise VendorSilent(VENDOR, f"an answer that the SDK cannot read: {error!r}") from error

    def _judge(self, status: int, headers: Mapping[str, str], body: str) -> DialerError:
        """Translate an error answer.

        Source: HubSpot, "Error handling" and "API usage guidelines".
        """
        try:
            answer = json.loads(body)
        except ValueError:
            answer = {}
        message = str(answer.get("message") or body[:200] or "no reason given")
        asked = wait_s(headers.get("Retry-After"), now=datetime.now(UTC))
        if status == 429:
            return VendorBusy(VENDOR, message, asked if asked is not None else self._policy_wait_s(answer))
        if status in (423, 477):
            return VendorBusy(VENDOR, message, asked if asked is not None else LOCKED_WAIT_S)
        if status >= 500:
            return VendorBusy(VENDOR, f"{status}: {message}", asked)
        return VendorRefused(VENDOR, CONFLICT if status == 409 else str(answer.get("category") or status), message)

    def _policy_wait_s(self, answer: Mapping[str, Any]) -> float:
        """Wait as the limit that was hit asks for; the daily one ends at midnight in the account's time zone."""
        policy = str(answer.get("policyName", ""))
        if policy != "DAILY":
            return POLICY_WAIT_S.get(policy, 10.0)
        now = datetime.now(self.zone)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
