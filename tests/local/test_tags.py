"""Tags: their rules, and whose they are."""

from __future__ import annotations

from .local_lab import Lab


def test_tags_are_added_changed_and_removed(lab: Lab) -> None:
    arn = lab.algorithm(tags={"a": "1", "b": "2"})
    lab.call("TagResource", resourceArn=arn, tags={"b": "3", "c": ""})
    assert lab.call("ListTagsForResource", resourceArn=arn)["tags"] == {"a": "1", "b": "3", "c": ""}
    lab.call("UntagResource", resourceArn=arn, tagKeys=["a", "c", "never there"])
    assert lab.call("ListTagsForResource", resourceArn=arn)["tags"] == {"b": "3"}
    shown = lab.call("GetConfiguredModelAlgorithm", configuredModelAlgorithmArn=arn)
    assert shown["tags"] == {"b": "3"}


def test_the_reserved_prefix_and_the_51st_tag_are_refused(lab: Lab) -> None:
    arn = lab.algorithm(tags={f"key{n}": "" for n in range(50)})
    for tags in ({"AWS:mine": ""}, {"one more": ""}):
        code, message = lab.refusal("TagResource", resourceArn=arn, tags=tags)
        assert code == "ValidationException"
        assert "tags" in message
    lab.call("TagResource", resourceArn=arn, tags={"key1": "changed"})
    code, _ = lab.refusal(
        "CreateConfiguredModelAlgorithm",
        name="x",
        roleArn="arn:aws:iam::111122223333:role/r",
        trainingContainerConfig={"imageUri": "i"},
        tags={"aws:x": "1"},
    )
    assert code == "ValidationException"


def test_another_account_sees_no_tags(lab: Lab) -> None:
    arn = lab.algorithm(tags={"a": "1"})
    code, _ = lab.refusal("ListTagsForResource", "other", resourceArn=arn)
    assert code == "AccessDeniedException"


def test_every_taggable_kind_is_found(lab: Lab) -> None:
    association, channel = lab.ready()
    model = lab.model(association, channel)
    job = lab.call(
        "StartTrainedModelInferenceJob", **lab.job_params(model, channel), tags={"k": "v"}
    )
    for arn in (association, channel, model, job["trainedModelInferenceJobArn"]):
        lab.call("TagResource", resourceArn=arn, tags={"k": "v"})
        assert lab.call("ListTagsForResource", resourceArn=arn)["tags"] == {"k": "v"}
    code, _ = lab.refusal("ListTagsForResource", resourceArn=model + "0")
    assert code == "ResourceNotFoundException"


def test_all_versions_share_the_tags_of_their_model(lab: Lab) -> None:
    association, channel = lab.ready()
    model = lab.model(association, channel, tags={"a": "1"})
    lab.version(model, association, channel, tags={"b": "2"})
    assert lab.get_model(model)["tags"] == {"a": "1", "b": "2"}
