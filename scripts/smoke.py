"""Smoke test of an installed package. scripts/package runs it in clean environments."""

import asyncio
import importlib.metadata
import importlib.util
import os
import subprocess
import sys

import crml_sdk
from crml_sdk import LATEST_ACTIVE, CleanRoomsML
from crml_sdk.local import LocalCleanRoomsML

RESOURCES = {"instance_type": "ml.m5.large"}
RECEIVERS = {"members": [{"account_id": "111122223333"}]}


async def main() -> None:
    local = LocalCleanRoomsML()
    made = local.seed({"models": [{"name": "churn", "versions": 2}], "channels": ["july"]})
    model, channel = made["trained-model/churn"], made["ml-input-channel/july"]
    async with local.sdk() as sdk:
        newest = await sdk.trained_models.latest_active(model)
        assert newest.status == "ACTIVE"
        assert not newest.is_base
        job = await sdk.inference_jobs.start(
            model,
            version=LATEST_ACTIVE,
            name="july",
            resource_config=RESOURCES,
            output_configuration=RECEIVERS,
            data_source={"ml_input_channel_arn": channel},
        )
        done = await sdk.inference_jobs.wait(job, timeout=60)
        assert done.status == "ACTIVE"
        assert done.trained_model_version_identifier == newest.version_identifier
    async with local.serve() as server:
        os.environ.update(server.environment)
        backends = ["aiohttp"] + (["httpx"] if importlib.util.find_spec("anyio") else [])
        for backend in backends:
            async with CleanRoomsML(http_backend=backend) as sdk:
                assert len(await sdk.trained_models.versions(model)) == 2


assert importlib.metadata.version("crml-sdk") == crml_sdk.__version__
assert "site-packages" in str(crml_sdk.__file__)
asyncio.run(main())
command = [sys.executable, "-m", "crml_sdk.cli"]
if importlib.util.find_spec("click"):
    help_text = subprocess.run([*command, "--help"], check=True, capture_output=True, text=True)
    assert "models" in help_text.stdout
    subprocess.run([*command, "demo"], check=True, capture_output=True)
else:
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "crml-sdk[cli]" in refused.stderr
