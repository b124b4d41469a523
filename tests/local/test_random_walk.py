"""Long random sequences of calls by both members: nothing breaks, and the state stays consistent."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crml_sdk.local import Lifecycle, LocalCleanRoomsML, LocalClock, Settings

from .local_lab import ME, OTHER, OTHER_ROLE, ROLE, Lab, operation_model
from .samples import valid
from .test_engine import OPERATIONS as ALL_OPERATIONS
from .test_engine import full_lab

STEPS = int(os.environ.get("CRML_STEPS", "250"))
# The walk stays in its collaboration.
LEAVING = {"DeleteCollaboration", "DeleteMembership", "DeleteMember"}
OPERATIONS = [name for name in ALL_OPERATIONS if name not in LEAVING]
PRIVATE = {"hyperparameters", "environment", "kmsKeyArn", "tags", "dataChannels", "dataSource"}
ARN_MEMBERS = {
    "trainedModelArn": "TrainedModelArn",
    "trainedModelInferenceJobArn": "TrainedModelInferenceJobArn",
    "mlInputChannelArn": "MLInputChannelArn",
    "configuredModelAlgorithmArn": "ConfiguredModelAlgorithmArn",
    "configuredModelAlgorithmAssociationArn": "ConfiguredModelAlgorithmAssociationArn",
    "audienceModelArn": "AudienceModelArn",
    "configuredAudienceModelArn": "ConfiguredAudienceModelArn",
    "audienceGenerationJobArn": "AudienceGenerationJobArn",
    "trainingDatasetArn": "TrainingDatasetArn",
}


class Walk:
    """A random walk over the operations, which learns what it made."""

    def __init__(self, seed: int, mode: str) -> None:
        self.rng = random.Random(seed)
        self.lab, pool = full_lab()
        settings = Settings(lifecycle=Lifecycle(mode), id_seed=str(seed))  # type: ignore[arg-type]
        self.lab.local.configure(lifecycle=settings.lifecycle, quotas=settings.quotas)
        self.pool: dict[str, list[Any]] = {name: list(known) for name, known in pool.items()}
        self.pool["membershipIdentifier"].append(self.lab.other_membership)
        self.pool["AccountId"].append(OTHER)
        self.pool["IamRoleArn"].append(OTHER_ROLE)
        self.outcomes: dict[str, int] = {}

    def step(self) -> None:
        rng = self.rng
        if rng.random() < 0.05:
            self.lab.local.clock.advance(rng.choice([1, 3600, 40 * 86_400]))
        if rng.random() < 0.1:
            self.lab.local.jobs.fail_next()
        operation = rng.choice(OPERATIONS)
        account = rng.choice([None, None, "other"])
        params = self.params(operation, account)
        code, reply = "ok", {}
        try:
            reply = self.lab.call(operation, account, **params)
        except ClientError as error:
            code = error.response["Error"]["Code"]
        documented = {shape.name for shape in operation_model(operation).error_shapes}
        assert code in documented | {"ok"}, (operation, params, code)
        self.outcomes[code] = self.outcomes.get(code, 0) + 1
        self.learn(reply)
        if "Collaboration" in operation and operation not in ("ListCollaborations",):
            text = json.dumps(reply, default=str)
            assert not any(f'"{name}":' in text for name in PRIVATE), (operation, reply)

    def params(self, operation: str, account: str | None) -> dict[str, Any]:
        rng = self.rng
        shape = operation_model(operation).input_shape
        drawn = {name: rng.sample(known, len(known)) for name, known in self.pool.items()}
        if rng.random() < 0.8:  # mostly one's own
            other = account == "other"
            world = self.lab.local.world
            drawn["membershipIdentifier"] = [world.member(account).membership_id]
            drawn["IamRoleArn"] = [OTHER_ROLE if other else ROLE]
        params = valid(shape, drawn)
        for name in list(params):
            if name not in shape.required_members and rng.random() < 0.7:
                del params[name]
        params.pop("nextToken", None)
        if "name" in params:
            params["name"] = rng.choice(["a", "b", self.lab.name()])
        self._repair(params)
        return params

    def _repair(self, value: Any) -> None:
        """Mends what a single constraint does not say: queries are texts or templates."""
        if isinstance(value, dict):
            if "queryString" in value:
                value.pop("analysisTemplateArn", None)
            if "dataSource" in value and "sqlParameters" in value:
                value.pop("sqlParameters")
            if "tags" in value:
                value["tags"] = {self.rng.choice("abc"): ""}
            if "configuredAudienceModelPolicy" in value:
                allow = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "*"}
                value["configuredAudienceModelPolicy"] = json.dumps({"Statement": [allow]})
            for item in value.values():
                self._repair(item)
        elif isinstance(value, list):
            for item in value:
                self._repair(item)

    def learn(self, value: Any) -> None:
        if isinstance(value, dict):
            for name, item in value.items():
                if name in ARN_MEMBERS and item not in self.pool[ARN_MEMBERS[name]]:
                    self.pool[ARN_MEMBERS[name]].append(item)
                if name == "versionIdentifier":
                    self.pool[name].append(item)
                self.learn(item)
        elif isinstance(value, list):
            for item in value:
                self.learn(item)


@pytest.mark.parametrize("mode", ["reads", "clock", "at-once", "manual"])
def test_a_long_walk_breaks_nothing(mode: str) -> None:
    walk = Walk(len(mode), mode)
    for _ in range(STEPS):
        walk.step()
    local = walk.lab.local
    assert walk.outcomes["ok"] > STEPS / 5, walk.outcomes
    consistent(walk.lab)
    local.clock.hold()
    saved = local.to_json()
    again = LocalCleanRoomsML(clock=LocalClock(start=0, held=True)).from_json(saved)
    assert again.to_json() == saved
    consistent(Lab(again))


def consistent(lab: Lab) -> None:
    """What lists show, Gets show too, with the same status; pages of one row find the same rows."""
    for account in (None, "other"):
        place = {"membershipIdentifier": lab.local.world.member(account).membership_id}
        lab.local.configure(lifecycle=Lifecycle("manual"))
        rows = lab.call("ListMLInputChannels", account, **place)["mlInputChannelsList"]
        for row in rows:
            arn = {"mlInputChannelArn": row["mlInputChannelArn"]}
            shown = lab.call("GetMLInputChannel", account, **place, **arn)
            assert shown["status"] == row["status"]
        models = lab.call("ListTrainedModels", account, **place)["trainedModels"]
        for row in models:
            arn = {"trainedModelArn": row["trainedModelArn"]}
            shown = lab.call("GetTrainedModel", account, **place, **arn)
            assert shown["status"] == row["status"]
            versions = lab.call("ListTrainedModelVersions", account, **place, **arn, maxResults=100)
            stamps = [version["createTime"] for version in versions["trainedModels"]]
            assert stamps == sorted(stamps, reverse=True)
        paged, token = [], {}
        for _ in range(len(rows) + 1):
            page = lab.call("ListMLInputChannels", account, **place, maxResults=1, **token)
            paged += page["mlInputChannelsList"]
            if "nextToken" not in page:
                break
            token = {"nextToken": page["nextToken"]}
        assert paged == rows
    counts = lab.local._state._counts
    assert all(count >= 0 for count in counts.values()), counts
    for kind in ("trained-model", "trained-model-inference-job"):
        running = [job for job in lab.local.jobs.under_way() if job.kind == kind]
        creating = [job for job in running if job.phase == "create"]
        assert len(creating) == sum(counts["in-progress", kind, account] for account in (ME, OTHER))
