"""Puts pictures made by the code itself where pages say `<!-- picture: NAME -->`."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from crml_sdk import models
from crml_sdk.display.tables import table
from crml_sdk.lineage import build_lineage
from crml_sdk.waiting import Handle, Outcome, Outcomes

PLACE = (
    "arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/3e3b0000-0000-4000-8000-000000000001"
)
MODEL = f"{PLACE}/trained-model/86eb142d-577a-41ea-8e8d-62101ae472a0"
BEGAN = datetime(2026, 7, 1, 9, 0, tzinfo=timezone.utc)
VERSIONS: tuple[tuple[str | None, str | None, str], ...] = (
    (None, None, "ACTIVE"),
    ("bdb702af-57ef-4afb-8178-760210bf1d48", None, "ACTIVE"),
    ("042f926e-3249-40de-b94c-2247b3d6acac", "bdb702af-57ef-4afb-8178-760210bf1d48", "ACTIVE"),
    ("52d92f08-afa8-4fb2-a3ab-0770138e3f19", None, "CREATE_FAILED"),
    (
        "7a375538-d9e6-4a0f-9f16-6f04866adcd8",
        "042f926e-3249-40de-b94c-2247b3d6acac",
        "CREATE_IN_PROGRESS",
    ),
)
JOBS = (("june", 0, 34, "ACTIVE"), ("july", 4, 51, "ACTIVE"), ("august", 9, 16, "CREATE_FAILED"))


def rows() -> list[Any]:
    """The versions of a model that was trained on in two directions."""
    return [
        models.TrainedModelSummary.model_construct(
            name="churn",
            trained_model_arn=MODEL,
            version_identifier=version,
            status=models.TrainedModelStatus(status),
            create_time=BEGAN + timedelta(days=number),
            update_time=BEGAN + timedelta(days=number, minutes=34),
            incremental_training_data_channels=None
            if number == 0
            else [
                models.IncrementalTrainingDataChannelOutput.model_construct(
                    channel_name="before", model_name="churn", version_identifier=parent
                )
            ],
        )
        for number, (version, parent, status) in enumerate(VERSIONS)
    ]


def outcomes() -> Outcomes:
    """Three inference jobs, as `wait_all` gives them."""
    return Outcomes(
        Outcome(
            Handle("trained-model-inference-job", f"{PLACE}/trained-model-inference-job/{name}"),
            models.GetTrainedModelInferenceJobResponse.model_construct(
                name=name,
                status=models.TrainedModelInferenceJobStatus(status),
                create_time=BEGAN + timedelta(minutes=start),
                update_time=BEGAN + timedelta(minutes=end),
            ),
            None,
            60.0 * end,
        )
        for name, start, end, status in JOBS
    )


def picture(name: str) -> str:
    """The HTML of a picture by the name that pages use."""
    if name == "lineage":
        return build_lineage(MODEL, rows()).to_svg()
    if name == "timeline":
        return outcomes().to_svg()
    if name == "table":
        plain = [row.model_dump(exclude={"incremental_training_data_channels"}) for row in rows()]
        for row in plain:
            row.pop("trained_model_arn", None)
        return table(plain)
    raise ValueError(f"there is no picture {name!r}")


def on_page_markdown(markdown: str, **_: Any) -> str:
    """mkdocs calls this with each page."""
    return re.sub(
        r"<!-- picture: (\w+) -->",
        lambda found: f'<div class="picture">{picture(found[1])}</div>',
        markdown,
    )
