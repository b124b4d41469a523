"""Resource references: every kind there and back, the wrong kind refused by name."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crml_sdk import Arn, errors
from crml_sdk.arns import (
    ACCOUNT_KINDS,
    CLEAN_ROOMS_KINDS,
    KINDS,
    MEMBERSHIP_KINDS,
    a,
    kind_of,
    membership_in,
)

from .exactness.service import pattern_of, service_model
from .support.samples import ACCOUNT, MEMBERSHIP, MODEL

UUIDS = st.uuids().map(str)
QUICK = settings(max_examples=100, deadline=None, derandomize=True, database=None)


@st.composite
def arns(draw: st.DrawFn) -> Arn:
    kind = draw(st.sampled_from(KINDS))
    names = st.text("abcXYZ019-_/.", min_size=1, max_size=80)
    return Arn(
        kind=kind,
        region=draw(st.sampled_from(["us-east-1", "eu-west-2", "cn-north-1"])),
        account=draw(st.text("0123456789", min_size=12, max_size=12)),
        identifier=draw(UUIDS if kind in CLEAN_ROOMS_KINDS else names),
        membership=draw(UUIDS) if kind in MEMBERSHIP_KINDS else None,
        partition=draw(st.sampled_from(["aws", "aws-cn", "aws-us-gov"])),
    )


@QUICK
@given(arns())
def test_there_and_back(arn: Arn) -> None:
    assert Arn.parse(str(arn)) == arn
    assert Arn.parse(str(arn), expect=arn.kind) == arn
    assert kind_of(str(arn)) == arn.kind
    assert pickle.loads(pickle.dumps(arn)) == arn
    inner = arn.identifier if arn.kind == "membership" else arn.membership
    assert membership_in(str(arn)) == inner


@QUICK
@given(arns(), st.sampled_from(KINDS))
def test_a_wrong_kind_names_both(arn: Arn, wanted: str) -> None:
    if wanted == arn.kind:
        return
    with pytest.raises(errors.ArnError) as caught:
        Arn.parse(str(arn), expect=wanted)
    assert a(wanted) in str(caught.value)
    assert a(arn.kind) in str(caught.value)


def test_every_kind_of_the_service_is_known() -> None:
    """The patterns of the service's own ARN shapes take what `Arn` builds, and know no other."""
    model = service_model("cleanroomsml")
    for kind in (*MEMBERSHIP_KINDS, *ACCOUNT_KINDS):
        inside = MEMBERSHIP if kind in MEMBERSHIP_KINDS else None
        text = str(Arn(kind, "us-east-1", ACCOUNT, "x", inside))
        fitting = {
            name
            for name in model.shape_names
            if model.shape_for(name).type_name == "string"
            and (pattern := pattern_of(model.shape_for(name)))
            and "cleanrooms-ml" in pattern.pattern
            and pattern.fullmatch(text)
        }
        assert len(fitting) == 2, (kind, fitting)  # its own shape, and the one of all that has tags
        assert "TaggableArn" in fitting


@pytest.mark.parametrize(
    "text",
    [
        "",
        "arn:aws:s3:::bucket",
        "arn:aws:cleanrooms-ml:us-east-1:1:audience-model/x",
        f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:audience-model/",
        f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:unheard-of/x",
        f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:trained-model/x",
        f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:membership/m/trained-model/x",
        f"arn:aws:cleanrooms:us-east-1:{ACCOUNT}:membership/m",
        f"arn:aws:cleanrooms:us-east-1:{ACCOUNT}:audience-model/x",
        f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:membership/{MEMBERSHIP}",
        MODEL + "\n",
        MODEL + "@base",
    ],
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(errors.ArnError) as caught:
        Arn.parse(text)
    assert repr(text) in str(caught.value)


def test_another_services_arn_is_named() -> None:
    with pytest.raises(errors.ArnError, match=r"'role'.* of the service 'iam'"):
        Arn.parse(f"arn:aws:iam::{ACCOUNT}:role/x", expect="trained-model")


def test_parts_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(errors.ArnError, match="lives in a membership"):
        Arn("trained-model", "us-east-1", ACCOUNT, "x")
    with pytest.raises(errors.ArnError, match="does not live in a membership"):
        Arn("audience-model", "us-east-1", ACCOUNT, "x", MEMBERSHIP)
    with pytest.raises(errors.ArnError, match="unknown kind"):
        Arn("bucket", "us-east-1", ACCOUNT, "x")
    with pytest.raises(errors.ArnError, match="unknown kind"):
        Arn.parse(MODEL, expect="bucket")
    with pytest.raises(errors.ArnError, match="not a sound ARN"):
        Arn("audience-model", "us-east-1", "12", "x")


def test_the_parts_are_attributes() -> None:
    arn = Arn.parse(MODEL)
    assert (arn.kind, arn.region, arn.account) == ("trained-model", "us-east-1", ACCOUNT)
    assert (arn.membership, arn.identifier, arn.partition) == (MEMBERSHIP, "x", "aws")
