"""An example workspace: two tables, a model that learns, and the containers that run it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_example_workspace(folder: str | os.PathLike[str]) -> Path:
    """Write the workspace of `crml demo` to a folder.

    Its tables are `customers` and `contracts`. Its images are `churn-train` and `churn-infer` in the
    registry `444455556666.dkr.ecr.us-east-1.amazonaws.com`. Its folder `s3` stands for S3.

    Args:
        folder: The folder, which need not exist. Files with the same names are overwritten.

    Returns:
        The path of the workspace file.

    Raises:
        OSError: A file cannot be written.
    """
    source = Path(__file__).parent / "example-workspace"
    target = Path(folder).absolute()
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    return target / "workspace.toml"
