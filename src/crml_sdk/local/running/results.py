"""Where predictions and exported models go: a folder that stands for S3, or an S3 endpoint."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from ..jobs.executor import Artifact, JobFailed, JobView, RunContext

DELIVERY_ERROR = "ClientError"


@dataclass(frozen=True)
class Store:
    """The stand-in for S3. `endpoint_url` has priority over the directory."""

    directory: Path
    endpoint_url: str | None = None

    def put(self, source: Path, bucket: str, key: str) -> Artifact:
        """Stores a file. Raises `JobFailed` if it cannot be stored."""
        location = f"s3://{bucket}/{key}"
        try:
            if self.endpoint_url is not None:
                self._upload(source, bucket, key)
                return Artifact(PurePosixPath(key).name, source, source.stat().st_size, location)
            target = self._target(bucket, key)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{target.name}.partial")
            shutil.copyfile(source, partial)
            partial.replace(target)
        except OSError as fault:
            raise JobFailed(DELIVERY_ERROR, f"{location} cannot be written: {fault}") from None
        return Artifact(target.name, target, target.stat().st_size, location)

    def _target(self, bucket: str, key: str) -> Path:
        parts = PurePosixPath(key).parts
        if ".." in parts or bucket in ("", ".", "..") or "/" in bucket:
            raise OSError(f"s3://{bucket}/{key} has '..' in it")
        return self.directory.joinpath(bucket, *(part for part in parts if part != "/"))

    def _upload(self, source: Path, bucket: str, key: str) -> None:
        import botocore.config
        import botocore.exceptions
        import botocore.session

        try:
            session: Any = botocore.session.Session()
            if session.get_credentials() is None:
                session.set_credentials("local", "local")
            client: Any = session.create_client(
                "s3",
                region_name=session.get_config_variable("region") or "us-east-1",
                endpoint_url=self.endpoint_url,
                config=botocore.config.Config(
                    connect_timeout=10, read_timeout=60, s3={"addressing_style": "path"}
                ),
            )
            with closing(client), source.open("rb") as file:
                client.put_object(Bucket=bucket, Key=key, Body=file)
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as fault:
            raise OSError(f"{self.endpoint_url}: {fault}") from None


def prefix_of(job: JobView, model_name: str) -> str:
    """COLLABORATION/MODEL/CALLER/JOB: the documented place below a receiver's S3 address."""
    return f"{job.collaboration}/{_part(model_name)}/{job.owner}/{_part(job.name)}"


def _part(name: str) -> str:
    return name.replace("/", "_") if name not in (".", "..") else "_"


def receivers(job: JobView, context: RunContext) -> list[tuple[str, str]]:
    """The bucket and key prefix of each receiving member's ML configuration.

    Raises:
        JobFailed: A receiver has no ML configuration.
    """
    output: Mapping[str, Any] = job.request["outputConfiguration"]
    members = {member.account_id: member for member in context.members(str(job.collaboration))}
    found: list[tuple[str, str]] = []
    for entry in output["members"]:
        member = members.get(entry["accountId"])
        try:
            if member is None:
                raise LookupError
            configuration = context.get("ml-configuration", member.membership_id)
            location: Mapping[str, Any] = configuration["defaultOutputLocation"]
            uri = str(location["destination"]["s3Destination"]["s3Uri"])
        except LookupError:
            raise JobFailed(
                DELIVERY_ERROR,
                f"Account {entry['accountId']} has no ML configuration with an S3 location.",
            ) from None
        parts = urlsplit(uri)
        found.append((parts.netloc, parts.path.strip("/")))
    return found


def deliver(
    job: JobView, context: RunContext, store: Store, model_name: str, files: Sequence[Path]
) -> list[Artifact]:
    """Puts files at each receiver's documented place. Raises `JobFailed`."""
    made: list[Artifact] = []
    for bucket, prefix in receivers(job, context):
        for path in files:
            key = os.path.join(prefix, prefix_of(job, model_name), path.name)
            made.append(store.put(path, bucket, key))
    return made
