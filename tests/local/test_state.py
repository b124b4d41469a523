"""Saving, loading, seeding, resetting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crml_sdk.local import (
    BadSeed,
    Lifecycle,
    LocalCleanRoomsML,
    LocalClock,
    Settings,
    UnreadableState,
)

from .local_lab import ME, OTHER, Lab


def filled(**settings: Any) -> Lab:
    lab = Lab(LocalCleanRoomsML(settings=Settings(**settings)))
    association, channel = lab.ready()
    arn = lab.model(association, channel, name="churn", tags={"a": "1"})
    lab.version(arn, association, channel)
    lab.call("StartTrainedModelInferenceJob", **lab.job_params(arn, channel, name="under way"))
    return lab


def everything(lab: Lab) -> list[Any]:
    place = {"membershipIdentifier": lab.membership}
    models = lab.call("ListTrainedModels", **place)["trainedModels"]
    arn = models[0]["trainedModelArn"]
    return [
        lab.call("ListMemberships"),
        models,
        lab.get_model(arn),
        lab.call("ListTrainedModelVersions", **place, trainedModelArn=arn),
        lab.call("ListMLInputChannels", **place),
        lab.call("ListConfiguredModelAlgorithmAssociations", **place),
        lab.call("ListConfiguredModelAlgorithms"),
    ]


def test_a_saved_state_is_loaded_whole(tmp_path: Path) -> None:
    lab = filled()
    file = tmp_path / "state.json"
    lab.local.save(file)
    again = Lab(LocalCleanRoomsML().load(file))
    assert everything(again) == everything(lab)
    assert again.local.to_json()["records"] == lab.local.to_json()["records"]
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_jobs_go_on_after_loading(tmp_path: Path) -> None:
    lab = Lab()
    association, channel = lab.ready()
    lab.local.jobs.fail_next(name="doomed", status_code="Late")
    doomed = lab.model_params(association, channel, name="doomed")
    arn = lab.call("CreateTrainedModel", **doomed)["trainedModelArn"]
    lab.local.save(tmp_path / "s.json")
    again = Lab(LocalCleanRoomsML().load(tmp_path / "s.json"))
    assert [job.record.name for job in again.local.jobs.under_way()] == ["doomed"]
    seen = [again.get_model(arn)["status"] for _ in range(3)]
    assert seen == ["CREATE_PENDING", "CREATE_IN_PROGRESS", "CREATE_FAILED"]
    assert again.get_model(arn)["statusDetails"]["statusCode"] == "Late"


def test_names_quotas_and_identifiers_go_on_after_loading() -> None:
    lab = filled()
    again = Lab(LocalCleanRoomsML().from_json(lab.local.to_json()))
    algorithm = again.algorithm(name="second")
    association = again.association(name="second", configuredModelAlgorithmArn=algorithm)
    assert association not in json.dumps(lab.local.to_json())
    channel = again.channel(association, name="second")
    code, _ = again.refusal(
        "CreateTrainedModel", **again.model_params(association, channel, name="churn")
    )
    assert code == "ConflictException"


def test_a_held_clock_stays_held() -> None:
    local = LocalCleanRoomsML(clock=LocalClock(start=5e9, held=True))
    again = LocalCleanRoomsML().from_json(local.to_json())
    assert again.clock.held
    assert again.clock.now() == 5e9


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": "crml-local", "version": 99}',
        '{"format": "crml-local", "version": 1}',
        '{"format": "crml-local", "version": 1, "settings": {"warp": 9}}',
    ],
)
def test_a_file_that_is_no_state_is_refused_and_changes_nothing(tmp_path: Path, text: str) -> None:
    lab = filled()
    before = lab.local.to_json()["records"]
    file = tmp_path / "state.json"
    file.write_text(text)
    with pytest.raises(UnreadableState):
        lab.local.load(file)
    assert lab.local.to_json()["records"] == before


def test_reset_gives_a_fresh_world() -> None:
    lab = filled()
    lab.local.faults.throttle(times=None)
    lab.local.reset()
    assert lab.call("ListConfiguredModelAlgorithms")["configuredModelAlgorithms"] == []
    assert [call.operation for call in lab.local.requests] == ["ListConfiguredModelAlgorithms"]


def test_a_seed_makes_what_is_named_and_what_that_needs(lab: Lab) -> None:
    arns = lab.local.seed(
        {
            "models": [
                {"name": "churn", "versions": 3, "hyperparameters": {"depth": "3"}},
                {"name": "broken", "status": "CREATE_FAILED", "statusDetails": {"message": "no"}},
                {"name": "tree", "versions": [{}, {"from": 0}, {"from": 0, "status": "INACTIVE"}]},
            ],
            "inference_jobs": [{"name": "july", "model": "churn"}],
        }
    )
    shown = lab.get_model(arns["trained-model/churn"])
    assert shown["hyperparameters"] == {"depth": "3"}
    assert len(lab.local.versions(arns["trained-model/churn"])) == 3
    broken = lab.get_model(arns["trained-model/broken"])
    assert (broken["status"], broken["statusDetails"]) == ("CREATE_FAILED", {"message": "no"})
    tree = lab.local.versions(arns["trained-model/tree"])
    assert [version.status for version in tree] == ["ACTIVE", "ACTIVE", "INACTIVE"]
    for version in tree[1:]:
        assert "versionIdentifier" not in version.data["incrementalTrainingDataChannels"][0]
    assert arns["trained-model-inference-job/july"]
    assert lab.local.jobs.under_way() == []
    assert lab.local.settings == Settings()


def test_a_seed_can_describe_the_world_and_call_any_operation(lab: Lab) -> None:
    world = {
        "accounts": [{"id": "123456789012"}, {"id": "210987654321", "access_key": "AKIATWO"}],
        "collaborations": [
            {
                "id": "aaaaaaaa-0000-4000-8000-000000000001",
                "name": "Ours",
                "members": [
                    {
                        "account_id": "123456789012",
                        "membership_id": "aaaaaaaa-0000-4000-8000-000000000002",
                    },
                    {
                        "account_id": "210987654321",
                        "membership_id": "aaaaaaaa-0000-4000-8000-000000000003",
                        "ml_abilities": [],
                    },
                ],
            }
        ],
    }
    calls = [
        {
            "operation": "CreateConfiguredModelAlgorithm",
            "account": "other",
            "as": "mine",
            "params": {
                "name": "a",
                "roleArn": "arn:aws:iam::210987654321:role/r",
                "trainingContainerConfig": {"imageUri": "i"},
            },
        },
        {
            "operation": "TagResource",
            "account": "other",
            "params": {"resourceArn": "${mine}", "tags": {"k": "v"}},
        },
    ]
    settings = {"base_version": "NULL", "lifecycle": {"mode": "at-once"}}
    made = lab.local.seed({"world": world, "settings": settings, "models": ["m"], "calls": calls})
    assert lab.local.settings.lifecycle == Lifecycle("at-once")
    tags = lab.call("ListTagsForResource", "210987654321", resourceArn=made["mine"])["tags"]
    assert tags == {"k": "v"}
    assert ":123456789012:" in made["trained-model/m"]
    assert lab.local.world.account_of_key("AKIATWO").id == "210987654321"
    with pytest.raises(BadSeed, match="world"):
        lab.local.seed({"world": world})


def test_a_world_may_have_one_account_and_no_collaboration(lab: Lab) -> None:
    lab.local.seed({"world": {"accounts": [{"id": "123456789012"}]}})
    world = lab.local.world
    for name in ("other_account_id", "collaboration_id", "membership_id"):
        with pytest.raises(KeyError):
            getattr(world, name)
    assert lab.call("ListMemberships")["membershipSummaries"] == []


@pytest.mark.parametrize(
    ("seed", "words"),
    [
        ([], "object"),
        ({"modles": []}, "modles"),
        ({"models": [3]}, r"models\[0\]"),
        ({"models": [{}]}, r"models\[0\]"),
        ({"models": [{"name": ""}]}, r"models\[0\].*name"),
        ({"models": [{"name": "x", "account": "nobody"}]}, "nobody"),
        ({"inference_jobs": [{"name": "j"}]}, "model"),
        ({"calls": [{"operation": "Nothing"}]}, "Nothing"),
        ({"calls": [{"operation": "TagResource", "params": {"resourceArn": "${x}"}}]}, "x"),
        ({"settings": {"warp": 9}}, "warp"),
        ({"world": {}}, "accounts"),
    ],
)
def test_a_seed_that_cannot_be_followed_says_where(lab: Lab, seed: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        lab.local.seed(seed)


def test_a_seed_file_is_json_or_yaml(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"models": ["one"]}')
    (tmp_path / "b.yaml").write_text("models:\n  - name: two\n    versions: 2\n")
    lab.local.seed(tmp_path / "a.json")
    made = lab.local.seed(tmp_path / "b.yaml")
    assert len(lab.local.versions(made["trained-model/two"])) == 2
    rows = lab.call("ListTrainedModels", membershipIdentifier=lab.membership)["trainedModels"]
    assert [row["name"] for row in rows] == ["two", "one"]
    for name, text in (("c.json", "{"), ("d.yml", "a: [")):
        (tmp_path / name).write_text(text)
        with pytest.raises(UnreadableState):
            lab.local.seed(tmp_path / name)


def test_two_instances_share_nothing() -> None:
    one, two = Lab(), Lab()
    one.algorithm()
    assert two.call("ListConfiguredModelAlgorithms")["configuredModelAlgorithms"] == []
    one.local.world.member("other").ml_abilities.clear()
    assert two.local.world.member("other").ml_abilities
    assert (one.local.world.account_id, two.local.world.other_account_id) == (ME, OTHER)
