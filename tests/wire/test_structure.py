"""What makes the SDK fast, as facts that do not depend on the machine (figures: docs/performance.md)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import aiohttp
import pytest
from aiobotocore import parsers
from botocore.parsers import ResponseParser

from crml_sdk import CleanRoomsML
from crml_sdk.wire import parsing

from ..support.canned import CannedServer, error, reply
from ..support.samples import MODEL, model_reply, model_row

HEAVY = {"aiobotocore", "aiohttp", "botocore", "httpx", "pydantic", "pydantic_core", "tenacity"}


def run_python(code: str, **environment: str) -> Any:
    """What a fresh interpreter prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


async def test_botocore_parses_no_2xx_reply(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    parsed: list[int] = []
    usual = parsers.AioResponseParser.parse

    async def parse(self: Any, response: Any, shape: Any) -> Any:
        parsed.append(response["status_code"])
        return await usual(self, response, shape)

    monkeypatch.setattr(parsers.AioResponseParser, "parse", parse)
    monkeypatch.setattr(ResponseParser, "_parse_shape", lambda *_: pytest.fail("botocore parsed"))
    canned.answers = [reply(200, {"trainedModels": [model_row()] * 100})]
    assert len(await sdk.trained_models.versions(MODEL)) == 100
    canned.answers = [reply(200, model_reply())]
    await sdk.trained_models.get(MODEL)
    assert parsed == []
    monkeypatch.undo()
    monkeypatch.setattr(parsers.AioResponseParser, "parse", parse)
    canned.answers = [error("ResourceNotFoundException", 404)]
    with pytest.raises(Exception, match="told to"):
        await sdk.trained_models.get(MODEL)
    assert set(parsed) == {404}


async def test_a_pages_bytes_are_not_copied_on_their_way_to_pydantic(
    sdk: CleanRoomsML, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
):
    came: list[bytes] = []
    went: list[bytes] = []
    usual_read, usual_validate = aiohttp.ClientResponse.read, parsing.read

    async def read(self: Any) -> bytes:
        came.append(await usual_read(self))
        return came[-1]

    def validate(operation: str, model: Any, body: bytes, request_id: str | None) -> Any:
        went.append(body)
        return usual_validate(operation, model, body, request_id)

    monkeypatch.setattr(aiohttp.ClientResponse, "read", read)
    monkeypatch.setattr(parsing, "read", validate)
    canned.answers = [reply(200, {"trainedModels": [model_row()] * 100})]
    await sdk.trained_models.versions(MODEL)
    assert len(went) == 1
    assert any(body is went[0] for body in came)


def test_importing_the_package_imports_nothing_heavy():
    loaded = run_python(
        "import sys, json; import crml_sdk;"
        "print(json.dumps([m for m in sys.modules if m.split('.')[0] != 'encodings']))"
    )
    assert not HEAVY & {name.partition(".")[0] for name in loaded}
    assert [name for name in loaded if name.startswith("crml_sdk")] == ["crml_sdk"]


def test_naming_the_client_imports_nothing_heavy():
    loaded = run_python(
        "import sys, json; from crml_sdk import CleanRoomsML, LATEST, errors;"
        "print(json.dumps(list(sys.modules)))"
    )
    # The errors are botocore's too, and that is all of botocore there is.
    heavy = {name for name in loaded if name.partition(".")[0] in HEAVY}
    assert all(name == "botocore" or name.startswith("botocore.") for name in heavy)
    assert "botocore.session" not in heavy
    assert "botocore.client" not in heavy


ONE_GET = """
import asyncio, json, sys
from crml_sdk import CleanRoomsML

async def main():
    async with CleanRoomsML(region_name="us-east-1", endpoint_url=sys.argv[1]) as sdk:
        await sdk.trained_models.get(sys.argv[2])

asyncio.run(main())
from crml_sdk.model import Model

def below(cls):
    for sub in cls.__subclasses__():
        yield sub
        yield from below(sub)

built = sorted({cls.__name__ for cls in below(Model) if cls.__pydantic_complete__})
nouns = sorted(m.rpartition(".")[2] for m in sys.modules if m.startswith("crml_sdk.models."))
print(json.dumps({"built": built, "nouns": nouns}))
"""


async def test_one_get_builds_one_validator_from_one_noun(canned: CannedServer):
    import asyncio

    canned.answers = [reply(200, model_reply())]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ONE_GET, canned.url, MODEL, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found = json.loads(out)
    # The parts of the reply are built into the one validator of its own class.
    assert found["built"] == ["GetTrainedModelResponse"]
    assert found["nouns"] == ["common", "instance_type", "trained_model"]
