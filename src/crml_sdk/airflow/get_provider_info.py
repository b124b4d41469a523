"""The provider's metadata, for Airflow's entry point `apache_airflow_provider`."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the provider, by Airflow's schema. This imports nothing.

    Returns:
        The metadata.
    """
    name = "AWS Clean Rooms ML"
    return {
        "package-name": "crml-sdk",
        "name": name,
        "description": "Trainings, inference jobs, exports and input channels of AWS Clean Rooms ML.",
        "integrations": [
            {
                "integration-name": name,
                "external-doc-url": "https://docs.aws.amazon.com/cleanrooms-ml/latest/APIReference/",
                "tags": ["aws"],
            }
        ],
        "operators": [{"integration-name": name, "python-modules": ["crml_sdk.airflow.operators"]}],
        "sensors": [{"integration-name": name, "python-modules": ["crml_sdk.airflow.sensor"]}],
        "hooks": [{"integration-name": name, "python-modules": ["crml_sdk.airflow.hook"]}],
        "triggers": [{"integration-name": name, "python-modules": ["crml_sdk.airflow.trigger"]}],
        "extra-links": [
            "crml_sdk.airflow.links.CleanRoomsMLConsoleLink",
            "crml_sdk.airflow.links.CleanRoomsMLLogsLink",
        ],
    }
