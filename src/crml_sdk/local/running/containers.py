"""From an image address to a container that can be started: files, environment, command."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ..jobs.executor import JobFailed
from .faults import DockerfileError, WorkspaceError
from .image import Image, follow
from .layers import Layers
from .pythons import Python
from .sandbox import Container, Sandbox
from .workspace import ImageEntry, Workspace

CLIENT_ERROR = "ClientError"
"""SageMaker's code for a failure that the request or its input has caused."""
CODE = "/opt/ml/code"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PYTHON = re.compile(r"(?:.*/)?python(3(\.\d+)?)?")


def entry_of(workspace: Workspace, uri: str) -> ImageEntry:
    """The workspace's entry for an image. Raises `JobFailed` if there is none."""
    entry = workspace.image(uri)
    if entry is None:
        near = workspace.nearest_image(uri)
        meant = f" Did you mean {near}?" if near else ""
        raise JobFailed(
            CLIENT_ERROR, f"The workspace has no build context for the image {uri}.{meant}"
        )
    return entry


def build(entry: ImageEntry, layers: Layers, sandbox: Sandbox, folder: Path) -> Image:
    """Lay out the files of an image, and return how it is started.

    Raises:
        JobFailed: The build context is missing, or its Dockerfile is not supported.
    """
    path = f"{sandbox.tools(folder)}:{sandbox.python.programs}:{SYSTEM_PATH}"
    try:
        if entry.context is not None:
            image = follow(
                entry.context,
                layers,
                dockerfile=entry.dockerfile,
                arguments=entry.arguments,
                path=path,
            )
        else:
            image = Image(entrypoint=list(entry.command), environment={"PATH": path})
            if entry.directory is not None:
                layers.copy(entry.directory, CODE)
                image.directory = CODE
    except (WorkspaceError, DockerfileError) as fault:
        raise JobFailed(CLIENT_ERROR, f"The image {entry.uri} cannot be built: {fault}") from None
    except OSError as fault:
        raise JobFailed(CLIENT_ERROR, f"The image {entry.uri} cannot be built: {fault}") from None
    image.environment.update(entry.environment)
    if sandbox.tools(folder) not in image.environment["PATH"].split(":"):
        image.environment["PATH"] = f"{sandbox.tools(folder)}:{image.environment['PATH']}"
    if not sandbox.isolated and any(layers.image.iterdir()):
        first = sorted(path.name for path in layers.image.iterdir())[0]
        raise JobFailed(
            CLIENT_ERROR,
            f"The image {entry.uri} has files in /{first}, but the sandbox 'direct' has only /opt/ml.",
        )
    return image


def training_command(
    image: Image, entry: ImageEntry, container: Mapping[str, Sequence[str]], toolkit: list[str]
) -> list[str]:
    """The command of a training container.

    The request's `entrypoint`, with `arguments`, takes precedence. Otherwise the image's ENTRYPOINT
    with `arguments`, or with the word `train`, which replaces CMD. An image without ENTRYPOINT
    that names a `SAGEMAKER_PROGRAM` is one that AWS runs with the training toolkit.

    Args:
        image: The image.
        entry: Its entry in the workspace.
        container: `trainingContainerConfig` of the algorithm.
        toolkit: The arguments that the toolkit would give to the program.
    """
    arguments = list(container.get("arguments", ()))
    if container.get("entrypoint"):
        return [*container["entrypoint"], *arguments]
    if entry.command:
        return [*entry.command, *arguments]
    program = image.environment.get("SAGEMAKER_PROGRAM")
    if not image.entrypoint and program:
        directory = image.environment.get("SAGEMAKER_SUBMIT_DIRECTORY", CODE)
        start = ["python"] if program.endswith(".py") else ["/bin/sh"]
        return [*start, os.path.join(directory, program), *toolkit, *arguments]
    return [*image.entrypoint, *(arguments or ["train"])]


def inference_command(image: Image, entry: ImageEntry) -> list[str]:
    """The command of an inference container: ENTRYPOINT and the word `serve`, or `serve` alone."""
    if entry.command:
        return list(entry.command)
    return [*image.entrypoint, "serve"]


def toolkit_arguments(hyperparameters: Mapping[str, str]) -> list[str]:
    """Hyperparameters as the training toolkit gives them to a program."""
    made: list[str] = []
    for name in sorted(hyperparameters):
        made += [f"--{name}" if len(name) > 1 else f"-{name}", hyperparameters[name]]
    return made


def own_python(argv: list[str], python: Python) -> list[str]:
    """A command whose program is a Python, wherever the image has it, runs the workspace's."""
    if argv and _PYTHON.fullmatch(argv[0]):
        return [str(python.executable), *argv[1:]]
    return argv


def assemble(
    folder: Path,
    image: Image,
    argv: list[str],
    environment: Mapping[str, str],
    sandbox: Sandbox,
    hostname: str,
) -> Container:
    """A container that can be started; its environment is what the contract names and no more."""
    home = "/root" if sandbox.isolated else str(folder / "root")
    base = {"HOME": home, "HOSTNAME": hostname}
    variables = {**base, **image.environment, **environment}
    directory = image.directory
    if not sandbox.isolated and directory == "/":
        directory = "/opt/ml"
    return Container(folder, own_python(argv, sandbox.python), variables, directory, hostname)


def as_json(value: object) -> str:
    """A value as the SM_* variables have it."""
    return json.dumps(value, separators=(",", ":"))


def clear(folder: Path) -> None:
    """Removes what is left of containers, whatever permissions they gave it."""
    if not folder.exists():
        return
    for place, directories, _ in os.walk(folder):
        for name in directories:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                with suppress(OSError):
                    os.chmod(path, 0o700)  # before the walk enters it
    shutil.rmtree(folder, ignore_errors=True)


def default_python() -> Path:
    """The Python that runs the server."""
    return Path(sys.executable)
