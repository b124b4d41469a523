"""/opt/ml at the start of a training: channels, configuration files, variables.

Documented for SageMaker (your-algorithms-training-algo-running-container) and in the user guide of
Clean Rooms ML (custom-model-guidelines); what neither says is listed in docs/local/running.md.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..jobs.executor import JobFailed
from .channels import ChannelData
from .containers import CLIENT_ERROR, as_json
from .layers import Layers

ML = "/opt/ml"
MODEL_DIRECTORY = f"{ML}/model"
OUTPUT_DIRECTORY = f"{ML}/output/data"
DATA_DIRECTORY = f"{ML}/input/data"
CONFIGURATION = f"{ML}/input/config"


@dataclass(frozen=True)
class Channel:
    """One channel of a training: its name, its data, and how it is given."""

    name: str
    data: ChannelData
    sharded: bool = False


@dataclass(frozen=True)
class Model:
    """The incremental channel: a folder of unpacked artifacts, and the archive if there is one."""

    name: str
    archive: Path | None
    folder: Path | None


@dataclass(frozen=True)
class Training:
    """What all instances of one training share."""

    name: str
    arn: str
    channels: Sequence[Channel]
    model: Model | None
    mode: str
    hyperparameters: Mapping[str, str]
    instance_type: str
    instances: int
    header: bool
    keep_archive: bool

    @property
    def hosts(self) -> list[str]:
        return [f"algo-{number}" for number in range(1, self.instances + 1)]

    @property
    def channel_names(self) -> list[str]:
        names = [channel.name for channel in self.channels]
        return [*names, self.model.name] if self.model else names


def lay_out(training: Training, layers: Layers, tools: Path, instance: int) -> list[dict[str, Any]]:
    """Writes /opt/ml of one instance; returns the pipes that are to be fed inside.

    Raises:
        JobFailed: The disk is full, or a link in the image leads in a circle.
    """
    try:
        for path in (MODEL_DIRECTORY, OUTPUT_DIRECTORY, DATA_DIRECTORY, CONFIGURATION):
            layers.make_directory(path)
        for name, value in _configuration(training, instance).items():
            layers.write(f"{CONFIGURATION}/{name}.json", json.dumps(value, indent=2).encode())
        if training.model is not None:
            _put_model(training, layers)
        if training.mode == "Pipe":
            return [_pipe(training, channel, tools, instance) for channel in training.channels]
        for channel in training.channels:
            folder = layers.make_directory(f"{DATA_DIRECTORY}/{channel.name}")
            for path in _files(training, channel, instance):
                channel.data.copy(path, folder / path.name, header=training.header)
        return []
    except OSError as fault:
        raise JobFailed(CLIENT_ERROR, f"/opt/ml cannot be laid out: {fault}") from None


def _files(training: Training, channel: Channel, instance: int) -> list[Path]:
    """The part files of one instance: all, or with ShardedByS3Key every n-th."""
    files = sorted(channel.data.files)
    return files[instance :: training.instances] if channel.sharded else files


def _pipe(training: Training, channel: Channel, tools: Path, instance: int) -> dict[str, Any]:
    folder = tools / "channels" / channel.name
    folder.mkdir(parents=True, exist_ok=True)
    names: list[str] = []
    for path in _files(training, channel, instance):
        channel.data.copy(path, folder / path.name, header=training.header)
        names.append(path.name)
    return {"pipe": f"{DATA_DIRECTORY}/{channel.name}", "channel": channel.name, "files": names}


def _put_model(training: Training, layers: Layers) -> None:
    assert training.model is not None
    goal = f"{DATA_DIRECTORY}/{training.model.name}"
    folder = layers.make_directory(goal)
    if training.keep_archive and training.model.archive is not None:
        shutil.copyfile(training.model.archive, folder / "model.tar.gz")
    elif training.model.folder is not None:
        layers.copy(training.model.folder, goal)


def _configuration(training: Training, instance: int) -> dict[str, Any]:
    inputs: dict[str, Any] = {
        channel.name: {
            "TrainingInputMode": training.mode,
            "S3DistributionType": "ShardedByS3Key" if channel.sharded else "FullyReplicated",
            "RecordWrapperType": "None",
            "ContentType": channel.data.content_type,
        }
        for channel in training.channels
    }
    if training.model is not None:
        inputs[training.model.name] = {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
        }
    return {
        "hyperparameters": dict(training.hyperparameters),
        "inputdataconfig": inputs,
        "resourceconfig": {
            "current_host": training.hosts[instance],
            "current_instance_type": training.instance_type,
            "current_group_name": "homogeneousCluster",
            "hosts": sorted(training.hosts),
            "instance_groups": [
                {
                    "instance_group_name": "homogeneousCluster",
                    "instance_type": training.instance_type,
                    "hosts": sorted(training.hosts),
                }
            ],
            "network_interface_name": "lo",
        },
    }


def variables(training: Training, instance: int) -> dict[str, str]:
    """The environment of one instance, before the request's own."""
    names = training.channel_names
    configuration = _configuration(training, instance)
    made = {
        "TRAINING_JOB_NAME": training.name,
        "TRAINING_JOB_ARN": training.arn,
        "SM_MODEL_DIR": MODEL_DIRECTORY,
        "SM_OUTPUT_DIR": OUTPUT_DIRECTORY,
        "SM_OUTPUT_DATA_DIR": OUTPUT_DIRECTORY,
        "SM_INPUT_DIR": f"{ML}/input",
        "SM_INPUT_CONFIG_DIR": CONFIGURATION,
        "SM_CHANNELS": as_json(sorted(names)),
        "SM_HPS": as_json({name: _decoded(v) for name, v in training.hyperparameters.items()}),
        "SM_USER_ARGS": "[]",
        "SM_HOSTS": as_json(sorted(training.hosts)),
        "SM_CURRENT_HOST": training.hosts[instance],
        "SM_CURRENT_INSTANCE_TYPE": training.instance_type,
        "SM_NETWORK_INTERFACE_NAME": "lo",
        "SM_RESOURCE_CONFIG": as_json(configuration["resourceconfig"]),
        "SM_INPUT_DATA_CONFIG": as_json(configuration["inputdataconfig"]),
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "SM_NUM_GPUS": "0",
        "SM_LOG_LEVEL": "20",
        "FILE_FORMAT": training.channels[0].data.format.lower(),
        "SM_CHANNEL_TRAIN": f"{DATA_DIRECTORY}/{names[0]}",
    }
    for name in names:
        made[f"SM_CHANNEL_{name.upper()}"] = f"{DATA_DIRECTORY}/{name}"
    for name, value in training.hyperparameters.items():
        made[f"SM_HP_{name.upper()}"] = value
    return {name: value for name, value in made.items() if "\0" not in value and "=" not in name}


def _decoded(value: str) -> Any:
    """A hyperparameter as the toolkit reads it: JSON where it is JSON, text otherwise."""
    try:
        return json.loads(value)
    except ValueError:
        return value
