"""From the bytes of a request to the bytes of a reply, without any transport.

A request goes through these steps: route, caller, parameters, operation, reply. A failure in any step
becomes an error in the service's form.
"""

from __future__ import annotations

import json
import logging
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import NamedTuple

from ..fault_injection import Fault, Faults, from_next_year
from ..operations import HANDLERS
from ..operations.call import Call
from ..service.failures import (
    Denied,
    Invalid,
    Missing,
    ServiceFailure,
    Unsupported,
    violations_message,
)
from ..service.parsing import RequestParser
from ..service.routes import Match, RouteTable
from ..service.schema import ML_SERVICE, ROOMS_SERVICE, JsonObject, Operation, load_service
from ..service.serialising import ReplySerialiser
from ..state.state import State
from ..state.world import Account

_log = logging.getLogger(__name__)
_CREDENTIAL = re.compile(r"Credential=([^/,\s]{1,256})/")
_SCOPE = re.compile(r"Credential=[^/,\s]{1,256}/[^/,\s]*/[^/,\s]*/([^/,\s]*)/aws4_request")
# The name that a service's requests are signed for, and the service.
SIGNING_NAMES = {"cleanrooms-ml": ML_SERVICE, "cleanrooms": ROOMS_SERVICE}
_JSON = "application/json"


class Reply(NamedTuple):
    """An HTTP reply."""

    status: int
    headers: dict[str, str]
    body: bytes


class Exchange(NamedTuple):
    """A reply, and what the transport does with it after `delay` seconds: send it, cut the connection,
    or stay silent."""

    reply: Reply
    delay: float = 0.0
    transport: str = "send"


@dataclass(slots=True)
class RecordedRequest:
    """A request: the operation, the caller, the parameters and the result.

    `operation` and `params` are None for a request that never reached an operation; `error` is the
    exception name of an error reply; `time` is in epoch seconds of the local clock.
    """

    number: int
    time: float
    method: str
    target: str
    access_key: str | None
    account: str | None
    operation: str | None = None
    params: JsonObject | None = None
    status: int = 0
    error: str | None = None
    request_id: str = ""
    service: str | None = None


class Engine:
    """Answers requests on a state, synchronously. One request at a time holds the state's lock."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.operations: dict[tuple[str, str], Operation] = {
            (service, name): operation
            for service in SIGNING_NAMES.values()
            for name, operation in load_service(service).operations.items()
        }
        self._routes = {
            signing_name: RouteTable(load_service(service).operations.values())
            for signing_name, service in SIGNING_NAMES.items()
        }
        self._parser = RequestParser()
        self._serialiser = ReplySerialiser()
        self.faults: Faults = Faults(state.paging, {name for _, name in self.operations})
        self.requests: deque[RecordedRequest] = deque(maxlen=state.settings.keep_requests)
        self._served = 0

    def handle(
        self, method: str, raw_target: str, headers: Mapping[str, str], body: bytes
    ) -> Reply:
        """The reply to a request. Faults of the transport are not applied here (`exchange`).

        In: the method, the raw request target (path and query, still percent-encoded), headers
        by lower-case or usual name, the body.
        """
        return self.exchange(method, raw_target, headers, body).reply

    def exchange(
        self, method: str, raw_target: str, headers: Mapping[str, str], body: bytes
    ) -> Exchange:
        """The reply to a request, and what the transport must do with it."""
        with self.state.lock:
            self._served += 1
            entry = RecordedRequest(
                number=self._served,
                time=self.state.clock.now(),
                method=method,
                target=raw_target,
                access_key=None,
                account=None,
                request_id=_request_id(self._served),
            )
            self.requests.append(entry)
            try:
                exchange = self._answer(entry, headers, body)
            except ServiceFailure as failure:
                exchange = Exchange(self._failure(entry, failure))
            except Exception:
                _log.exception("The local service failed on %s %s", method, raw_target[:200])
                exchange = Exchange(
                    self._failure(entry, ServiceFailure("The local service failed; see its log"))
                )
            entry.status = exchange.reply.status
            exchange.reply.headers["x-amzn-RequestId"] = entry.request_id
            # By the same clock as the times in the records, as a service does.
            exchange.reply.headers.setdefault("Date", formatdate(entry.time, usegmt=True))
            return exchange

    def refuse(self, method: str, raw_target: str, failure: ServiceFailure) -> Reply:
        """An error reply to a request that a transport could not even read."""
        with self.state.lock:
            self._served += 1
            request_id = _request_id(self._served)
            entry = RecordedRequest(
                self._served, self.state.clock.now(), method, raw_target, None, None
            )
            entry.request_id = request_id
            entry.status = failure.status
            self.requests.append(entry)
            reply = self._failure(entry, failure)
            reply.headers["x-amzn-RequestId"] = request_id
            return reply

    def perform(self, operation: str, account: str, params: JsonObject) -> JsonObject:
        """Runs an operation for an account without a request: no faults, nothing recorded.

        Raises `ServiceFailure`, for parameters that break a constraint too.
        """
        services = SIGNING_NAMES.values()
        model = next(
            (
                self.operations[service, operation]
                for service in services
                if (service, operation) in HANDLERS
            ),
            None,
        )
        if model is None:
            raise Invalid(f"There is no operation {operation} here")
        clean, violations = self._parser.check(model.input, params, operation)
        if violations:
            raise Invalid(violations_message(violations))
        with self.state.transaction():
            return HANDLERS[model.service, model.name](Call(self.state, model, account, clean))

    @property
    def served(self) -> int:
        """The number of answered requests."""
        return self._served

    def _answer(self, entry: RecordedRequest, headers: Mapping[str, str], body: bytes) -> Exchange:
        path, query = _split_target(entry.target)
        match = self._match(entry.method, path, headers)
        if match is None:
            raise ServiceFailure(
                f"There is no operation {entry.method} {path[:200]}",
                kind="UnknownOperationException",
                status=404,
            )
        operation = match.operation
        entry.operation, entry.service = operation.name, operation.service
        account = self._caller(entry, headers)
        taken = self.faults.take(operation.name, account.id)
        interrupted = _interruption(taken, "before")
        if interrupted is not None:
            return interrupted
        handler = HANDLERS.get((operation.service, operation.name))
        if handler is None:
            raise _unsupported(operation)
        self.state.tick()
        params = self._parser.parse(operation, match.labels, query, body)
        entry.params = params
        with self.state.transaction():  # a reply that cannot be written undoes the change, too
            result = handler(Call(self.state, operation, account.id, params))
            payload = self._serialiser.body(operation.output, result)
        interrupted = _interruption(taken, "after")
        if interrupted is not None:
            return interrupted
        return _with_faults(_success(operation, payload), taken)

    def _match(self, method: str, path: str, headers: Mapping[str, str]) -> Match | None:
        """The operation of the service that the request is signed for.

        Both services have operations of one name and route. A request that is signed for neither
        goes to the first that has its route.
        """
        scope = _SCOPE.search(_authorization(headers))
        signed_for = self._routes.get(scope.group(1)) if scope else None
        tables = self._routes.values() if signed_for is None else (signed_for,)
        found = (table.find(method, path) for table in tables)
        return next((match for match in found if match is not None), None)

    def _caller(self, entry: RecordedRequest, headers: Mapping[str, str]) -> Account:
        found = _CREDENTIAL.search(_authorization(headers))
        if found is None:
            raise ServiceFailure(
                "Missing Authentication Token",
                kind="MissingAuthenticationTokenException",
                status=403,
            )
        access_key = entry.access_key = str(found.group(1))
        account = self.state.world.account_of_key(access_key)
        entry.account = account.id
        return account

    def _failure(self, entry: RecordedRequest, failure: ServiceFailure) -> Reply:
        kind = failure.kind
        operation = self.operations.get((entry.service or "", entry.operation or ""))
        if operation is not None and operation.service == ROOMS_SERVICE:
            kind = kind.replace("InternalServiceException", "InternalServerException")
            if isinstance(failure, Missing) and kind not in operation.errors:
                kind, failure = Denied.kind, Denied(failure.message)
        entry.error = kind
        headers = {"Content-Type": _JSON, "x-amzn-ErrorType": kind, **failure.headers}
        body = json.dumps({"message": failure.message, **failure.members}).encode("ascii")
        return Reply(failure.status, headers, body)


def _success(operation: Operation, payload: bytes) -> Reply:
    if operation.status == 204:  # without a body, and so without a type of one
        return Reply(204, {}, b"")
    return Reply(operation.status, {"Content-Type": _JSON}, payload)


def _unsupported(operation: Operation) -> Unsupported:
    here = ", ".join(sorted(name for service, name in HANDLERS if service == operation.service))
    return Unsupported(
        f"The local service does not have {operation.name} of {operation.service}. It has: {here}"
    )


def _split_target(target: str) -> tuple[str, str]:
    if "://" in target[:16]:  # a proxy's absolute form
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    path, _, query = target.partition("#")[0].partition("?")
    return path, query


def _authorization(headers: Mapping[str, str]) -> str:
    return headers.get("authorization") or headers.get("Authorization") or ""


def _request_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def _interruption(taken: list[Fault], when: str) -> Exchange | None:
    """What a fault makes of a request before or after its change. Errors are raised."""
    delay = sum(fault.seconds for fault in taken)
    for fault in taken:
        if fault.when != when:
            continue
        if fault.failure is not None:
            raise fault.failure
        if fault.kind in ("cut", "silence"):
            return Exchange(Reply(500, {}, b""), delay, fault.kind)
        if fault.kind == "reply":
            return Exchange(Reply(fault.status, dict(fault.headers), fault.body), delay)
    return None


def _with_faults(reply: Reply, taken: list[Fault]) -> Exchange:
    for fault in taken:
        if fault.kind == "next-year" and reply.body:
            changed = from_next_year(json.loads(reply.body))
            reply = reply._replace(body=json.dumps(changed).encode("ascii"))
    return Exchange(reply, sum(fault.seconds for fault in taken))
