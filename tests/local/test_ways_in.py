"""The ways in, judged by clients that were not written here: aiobotocore and boto3."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiobotocore.session
import boto3
import botocore.config
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from crml_sdk.local import DEFAULT_ACCESS_KEY, OTHER_ACCESS_KEY, LocalCleanRoomsML

from .local_lab import ROLE, Lab, name_of, operation_model, service_of
from .test_engine import OPERATIONS, ready_for

AWS = shutil.which("aws", path=os.pathsep.join([str(Path(sys.executable).parent), os.defpath]))
ONCE = botocore.config.Config(retries={"total_max_attempts": 1})


async def test_aiobotocore_is_answered_in_the_process() -> None:
    local = LocalCleanRoomsML()
    session = local.session()
    async with session.create_client("cleanrooms") as rooms:
        memberships = await rooms.list_memberships()
    membership = memberships["membershipSummaries"][0]["id"]
    assert membership == local.world.membership_id
    async with session.create_client("cleanroomsml", region_name="eu-west-1") as client:
        created = await client.create_configured_model_algorithm(
            name="a", roleArn=ROLE, trainingContainerConfig={"imageUri": "i"}
        )
        arn = created["configuredModelAlgorithmArn"]
        shown = await client.get_configured_model_algorithm(configuredModelAlgorithmArn=arn)
        assert shown["name"] == "a"
        with pytest.raises(client.exceptions.ConflictException):
            await client.create_configured_model_algorithm(
                name="a", roleArn=ROLE, trainingContainerConfig={"imageUri": "i"}
            )
        with pytest.raises(ClientError) as caught:
            await client.list_trained_models(membershipIdentifier=local.world.other_membership_id)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    calls = local.calls("CreateConfiguredModelAlgorithm")
    assert [(call.status, call.error) for call in calls] == [
        (200, None),
        (409, "ConflictException"),
    ]
    assert calls[0].params is not None
    assert calls[0].params["name"] == "a"
    assert calls[0].access_key == DEFAULT_ACCESS_KEY


async def test_an_account_is_known_by_its_access_key() -> None:
    local = LocalCleanRoomsML()
    for account, key in ((None, DEFAULT_ACCESS_KEY), ("other", OTHER_ACCESS_KEY)):
        async with local.session(account).create_client("cleanrooms") as rooms:
            rows = (await rooms.list_memberships())["membershipSummaries"]
            assert [row["id"] for row in rows] == [local.world.member(account).membership_id]
        assert local.requests[-1].access_key == key


@pytest.mark.parametrize("way", ["process", "socket"])
async def test_connections_are_cut_before_or_after_the_change(way: str) -> None:
    local = LocalCleanRoomsML()
    async with local.serve() as server:
        session = local.session()
        options: dict[str, Any] = {"config": ONCE}
        if way == "socket":
            session = aiobotocore.session.get_session()
            options.update(
                endpoint_url=server.url,
                region_name="us-east-1",
                aws_access_key_id=server.access_key,
                aws_secret_access_key=server.secret_key,
            )
        async with session.create_client("cleanroomsml", **options) as client:
            for when, count in (("before", 0), ("after", 1)):
                local.faults.cut(when, "CreateConfiguredModelAlgorithm")
                with pytest.raises(ConnectionClosedError):
                    await client.create_configured_model_algorithm(
                        name=when, roleArn=ROLE, trainingContainerConfig={"imageUri": "i"}
                    )
                rows = (await client.list_configured_model_algorithms())[
                    "configuredModelAlgorithms"
                ]
                assert len(rows) == count


async def test_silence_in_the_process_is_a_read_timeout_at_once() -> None:
    local = LocalCleanRoomsML()
    local.faults.silence()
    async with local.session().create_client("cleanroomsml", config=ONCE) as client:
        with pytest.raises(ReadTimeoutError):
            await client.list_configured_model_algorithms()


def test_boto3_is_served_from_a_thread() -> None:
    local = LocalCleanRoomsML()
    with local.serve_in_thread() as server:
        assert server.url.startswith("http://127.0.0.1:")
        client = boto3.client(
            "cleanroomsml",
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
        )
        created = client.create_configured_model_algorithm(
            name="a b/ü", roleArn=ROLE, trainingContainerConfig={"imageUri": "i"}
        )
        arn = created["configuredModelAlgorithmArn"]
        assert client.get_configured_model_algorithm(configuredModelAlgorithmArn=arn)["name"] == (
            "a b/ü"
        )
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_configured_model_algorithm(configuredModelAlgorithmArn=arn + "0")
        client.delete_configured_model_algorithm(configuredModelAlgorithmArn=arn)
        assert client.list_configured_model_algorithms()["configuredModelAlgorithms"] == []
        client.close()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_boto3_calls_every_operation(operation: str) -> None:
    lab, params = ready_for(operation)
    with lab.local.serve_in_thread() as server:
        client = boto3.client(
            service_of(operation),
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            config=ONCE,
        )
        reply = getattr(client, xform_name(name_of(operation)))(**params)
        documented = operation_model(operation).http["responseCode"]
        assert reply["ResponseMetadata"]["HTTPStatusCode"] == documented
        client.close()


@pytest.fixture(scope="module")
def cli_loader() -> list[Any]:
    """For the loader of the command's first driver: it keeps the megabytes that each start reads."""
    return []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_aws_cli_calls_every_operation(
    operation: str,
    cli_loader: list[Any],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command's own driver, in this process: its start would cost a second each time."""
    clidriver = pytest.importorskip("awscli.clidriver")
    lab, params = ready_for(operation)
    with lab.local.serve_in_thread() as server:
        data = Path(clidriver.__file__).with_name("data")
        extra = {"AWS_PAGER": "", "AWS_DATA_PATH": str(data)}
        for name, value in {**server.environment, **extra}.items():
            monkeypatch.setenv(name, value)
        command = xform_name(name_of(operation), "-")
        arguments = [
            service_of(operation),
            command,
            "--cli-input-json",
            json.dumps(params),
            "--no-paginate",
        ]
        driver = clidriver.create_clidriver()
        cli_loader[:] = cli_loader or [driver.session.get_component("data_loader")]
        driver.session.register_component("data_loader", cli_loader[0])
        status = driver.main([*arguments, "--output", "json"])
    output = capsys.readouterr()
    assert status == 0, output.err
    (call,) = lab.local.calls(name_of(operation))[-1:]
    documented = operation_model(operation).http["responseCode"]
    assert (call.status, call.access_key) == (documented, server.access_key)
    shape = operation_model(operation).output_shape
    if shape is not None and shape.members:
        assert set(json.loads(output.out)) >= set(shape.required_members)


@pytest.mark.skipif(AWS is None, reason="the AWS CLI is not installed")
def test_the_aws_cli_trains_a_model(tmp_path: Path) -> None:
    """A few calls only: each start of the command takes a second."""
    lab = Lab()
    association, channel = lab.ready()
    with lab.local.serve_in_thread() as server:
        home = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        environment = {**os.environ, **server.environment, **home, "AWS_PAGER": ""}

        def aws(*arguments: str) -> Any:
            command = [str(AWS), *arguments, "--output", "json"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            if done.returncode:
                return done.stderr
            return json.loads(done.stdout) if done.stdout.strip() else None

        (membership,) = aws("cleanrooms", "list-memberships")["membershipSummaries"]
        place = ["--membership-identifier", membership["id"]]
        params = lab.model_params(association, channel, name="from the command line")
        file = tmp_path / "model.json"
        file.write_text(json.dumps(params))
        made = aws("cleanroomsml", "create-trained-model", "--cli-input-json", f"file://{file}")
        arn = ["--trained-model-arn", made["trainedModelArn"]]
        shown = aws("cleanroomsml", "get-trained-model", *place, *arn)
        assert (shown["name"], shown["status"]) == ("from the command line", "CREATE_PENDING")
        again = aws("cleanroomsml", "create-trained-model", "--cli-input-json", f"file://{file}")
        assert "(ConflictException)" in again
