"""A workspace to begin with: two tables, a model that learns, the containers that run it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_example_workspace(folder: str | os.PathLike[str]) -> Path:
    """Write the workspace that `crml demo` runs in, and give the path of its file.

    Its tables are `customers` and `contracts`, its images `churn-train` and `churn-infer` in the
    registry `444455556666.dkr.ecr.us-east-1.amazonaws.com`; the folder `s3` in it stands for S3.

    In: a folder, which need not exist. Files in it of the same names are overwritten. Raises OSError.
    """
    source = Path(__file__).parent / "example-workspace"
    target = Path(folder).absolute()
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    return target / "workspace.toml"
