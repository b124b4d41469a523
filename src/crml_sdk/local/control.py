"""The control path of the server, `/_local/...`, and the page for people at `/`."""

from __future__ import annotations

import json
from collections.abc import Mapping

from .engine import Reply


class ControlPath:
    """Answers what is about the stand-in itself, not about the service."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The reply to a request below `/_local`, or to `/`."""
        document = json.dumps({"message": "Not there yet"}).encode()
        return Reply(404, {"Content-Type": "application/json"}, document)
