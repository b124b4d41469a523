"""The control path of the server, `/_local/...`, and the web page at `/`.

Requests here are about the local service itself: its clock, faults, jobs, settings and state. The
control path uses JSON, and changes something only if the content type is JSON. A page of another web
site cannot send such a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs

from .jobs.report import LogPart, read_log
from .pages import job, overview
from .seeding import BadSeed
from .service.failures import ServiceFailure
from .service.schema import JsonObject
from .state.document import UnreadableState
from .ways_in.engine import Reply

if TYPE_CHECKING:
    from .local import LocalCleanRoomsML
    from .state.records import Record

_JSON = "application/json"
# These end running jobs, and must not wait for them while holding the lock.
_WITHOUT_LOCK = ("reset", "state")
_JOB_PATH = re.compile(r"jobs/([0-9]{1,15})/(log|metrics|artifacts)")
LOG_PART = 1024 * 1024
_FAULTS = ("throttle", "error", "slow", "cut", "silence", "reply", "next_year", "pages")


class ControlPath:
    """Answers requests to `/` and below `/_local`."""

    def __init__(self, local: LocalCleanRoomsML) -> None:
        self._local = local
        self._routes: dict[tuple[str, str], Callable[[JsonObject], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "world"): lambda _: self._local.world.to_json(),
            ("GET", "settings"): lambda _: self._local.settings.to_json(),
            ("POST", "settings"): self._configure,
            ("GET", "requests"): self._requests,
            ("GET", "jobs"): self._jobs,
            ("POST", "jobs"): self._control_jobs,
            ("GET", "faults"): self._pending_faults,
            ("POST", "faults"): self._plan_fault,
            ("DELETE", "faults"): lambda _: self._local.faults.clear(),
            ("GET", "clock"): lambda _: self._clock(),
            ("POST", "clock"): self._move_clock,
            ("GET", "state"): lambda _: self._local.to_json(),
            ("PUT", "state"): lambda given: self._local.from_json(given) and None,
            ("POST", "seed"): self._local.seed,
            ("POST", "reset"): lambda _: self._local.reset(),
        }

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The reply to a request below `/_local`, or to `/`."""
        path, _, query = target.partition("?")
        if path == "/" or path.startswith("/jobs/"):
            if method not in ("GET", "HEAD"):
                return _refusal(405, "Only GET")
            return self._page(path)
        name = path.removeprefix("/_local").strip("/")
        route = self._routes.get((method, name)) or self._job_route(method, name)
        if route is None:
            known = sorted(f"{verb} /_local/{each}" for verb, each in self._routes)
            return _refusal(404, f"unknown control path; known: {', '.join(known)}")
        if method in ("POST", "PUT") and not headers.get("Content-Type", "").startswith(_JSON):
            return _refusal(415, "the control path needs the content type application/json")
        try:
            given: Any = json.loads(body) if body else {}
            if not isinstance(given, dict):
                return _refusal(400, "the body must be a JSON object")
            arguments = cast(JsonObject, given)
            if query:
                arguments |= {key: values[-1] for key, values in parse_qs(query).items()}
            if name in _WITHOUT_LOCK:
                result = route(arguments)
            else:
                with self._local.lock:
                    result = route(arguments)
        except ServiceFailure as failure:
            return _refusal(failure.status, failure.message)
        except (UnreadableState, BadSeed, LookupError, TypeError, ValueError) as error:
            return _refusal(400, str(error) or repr(error))
        except RecursionError:
            return _refusal(400, "the body is nested too deeply")
        return _reply(200, {} if result is None else result)

    def _page(self, path: str) -> Reply:
        with self._local.lock:
            self._local.tick()
            number = path.removeprefix("/jobs/")
            if path == "/":
                return overview.render(self._local)
            return job.render(self._local, int(number) if _is_number(number) else 0)

    def _job_route(self, method: str, name: str) -> Callable[[JsonObject], Any] | None:
        """The log, metrics or artifacts of a job: `jobs/NUMBER/log` and so on."""
        found = _JOB_PATH.fullmatch(name)
        if method != "GET" or found is None:
            return None
        number, what = int(found.group(1)), found.group(2)
        return lambda given: self._left_by(number, what, given)

    def _left_by(self, number: int, what: str, given: JsonObject) -> JsonObject:
        self._local.tick()
        record = self._local.numbered(number)
        if record is None:
            raise ServiceFailure(f"there is no job {number}", status=404)
        report = self._local.report_of(number)
        if what == "log":
            start = int(given.get("from", 0))
            if start < 0:
                raise ValueError("from must be 0 or more")
            part = LogPart("", 0, 0) if report is None else read_log(report.log, start, LOG_PART)
            ended = not record.status.endswith(("_PENDING", "_IN_PROGRESS"))
            return {"from": part.start, "next": part.end, "text": part.text, "ended": ended}
        if what == "metrics":
            return {"metrics": [asdict(metric) for metric in report.metrics] if report else []}
        artifacts = report.artifacts if report else ()
        return {"artifacts": [{**asdict(entry), "path": str(entry.path)} for entry in artifacts]}

    def _health(self, _: JsonObject) -> JsonObject:
        return {"status": "ok", "service": "cleanroomsml", "time": self._local.clock.now()}

    def _configure(self, given: JsonObject) -> JsonObject:
        return self._local.configure(**given).to_json()

    def _requests(self, given: JsonObject) -> JsonObject:
        operation = given.get("operation")
        limit = int(given.get("limit", 1000))
        calls = self._local.calls(operation)[-limit:] if limit > 0 else []
        return {"requests": [asdict(entry) for entry in calls]}

    def _jobs(self, given: JsonObject) -> JsonObject:
        """The unfinished jobs, or with `arn` the jobs of the resource with that ARN."""
        if "arn" in given:
            self._local.tick()
            return {"jobs": [self._made(record) for record in self._local.made(given["arn"])]}
        return {
            "jobs": [
                {
                    "number": entry.record.number,
                    "kind": entry.kind,
                    "arn": entry.arn,
                    "version": entry.version,
                    "name": entry.record.data.get("name"),
                    "phase": entry.phase,
                    "status": entry.status,
                    "stalled": entry.stalled,
                }
                for entry in self._local.jobs.under_way()
            ]
        }

    def _made(self, record: Record) -> JsonObject:
        return {
            "number": record.number,
            "kind": record.kind,
            "arn": record.arn,
            "version": record.version,
            "name": record.name,
            "status": record.status,
            "ran": self._local.report_of(record.number) is not None,
        }

    def _control_jobs(self, given: JsonObject) -> JsonObject | None:
        options = dict(given)
        action = options.pop("action", None)
        jobs = self._local.jobs
        if action == "finish_all":
            return {"finished": jobs.finish_all()}
        actions = {
            "fail_next": jobs.fail_next,
            "stall_next": jobs.stall_next,
            "step": jobs.step,
            "finish": jobs.finish,
            "fail": jobs.fail,
            "clear": jobs.clear,
        }
        if action not in actions:
            raise ValueError(f"action must be one of finish_all, {', '.join(actions)}")
        actions[action](**options)
        return None

    def _pending_faults(self, _: JsonObject) -> JsonObject:
        return {
            "faults": [
                {"kind": fault.kind, "operation": fault.operation, "times": fault.times}
                for fault in self._local.faults.pending
            ]
        }

    def _plan_fault(self, given: JsonObject) -> None:
        options = dict(given)
        kind = options.pop("fault", None)
        if kind not in _FAULTS:
            raise ValueError(f"fault must be one of {', '.join(_FAULTS)}")
        if kind == "reply":
            options["body"] = str(options.get("body", "")).encode()
        getattr(self._local.faults, kind)(**options)

    def _clock(self) -> JsonObject:
        return {"now": self._local.clock.now(), "held": self._local.clock.held}

    def _move_clock(self, given: JsonObject) -> JsonObject:
        clock = self._local.clock
        unknown = set(given) - {"hold", "release", "advance"}
        if unknown:
            raise ValueError("known: hold, release, advance")
        if given.get("hold"):
            clock.hold()
        if given.get("release"):
            clock.release()
        if "advance" in given:
            clock.advance(float(given["advance"]))
        self._local.note_time()
        return self._clock()


def _reply(status: int, document: Any) -> Reply:
    return Reply(status, {"Content-Type": _JSON}, json.dumps(document).encode("ascii"))


def _refusal(status: int, message: str) -> Reply:
    return _reply(status, {"message": message})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 16
