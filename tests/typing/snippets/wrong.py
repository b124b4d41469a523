"""What a type checker must refuse: each marked line, by the rule it names, and no other."""

from __future__ import annotations

from crml_sdk import LATEST, CleanRoomsML, Paginator, TrainedModelRef, models

ARN = "arn:aws:cleanrooms-ml:us-east-1:111122223333:membership/m/trained-model/x"


async def arguments(sdk: CleanRoomsML) -> None:
    await sdk.trained_models.get()  # expect: reportCallIssue
    await sdk.trained_models.get(trainedModelArn=ARN)  # expect: reportCallIssue
    await sdk.trained_models.get(ARN, LATEST)  # expect: reportCallIssue
    await sdk.trained_models.get(ARN, version=1)  # expect: reportArgumentType,reportCallIssue
    await sdk.trained_models.export(ARN, name="x")  # expect: reportCallIssue
    await sdk.tags.add(ARN, tags={"a": 1})  # expect: reportArgumentType
    sdk.trained_models.versions(ARN, maxResults=5)  # expect: reportCallIssue
    sdk.trained_models.versions(ARN, status="READY")  # expect: reportArgumentType
    sdk.trained_models.list(version=LATEST)  # expect: reportCallIssue
    await sdk.trained_models.cancel(ARN)  # expect: reportCallIssue,reportArgumentType
    await sdk.trained_models.delete_output(ARN)  # expect: reportCallIssue,reportArgumentType


async def nested(sdk: CleanRoomsML) -> None:
    await sdk.inference_jobs.start(
        ARN,
        name="x",
        resource_config={"instance_type": "ml.m5.huge"},  # expect: reportArgumentType
        output_configuration={"members": [{"accountId": "1"}]},  # expect: reportArgumentType
        data_source={},  # expect: reportArgumentType
    )
    models.ResourceConfig(instance_type=models.InstanceType.ML_M5_LARGE)  # expect: reportCallIssue


async def requests(sdk: CleanRoomsML, request: models.GetTrainedModelRequest) -> None:
    await sdk.call({"trained_model_arn": ARN})  # expect: reportArgumentType
    await sdk.call(models.CreateTrainedModelRequest)  # expect: reportArgumentType
    await sdk.call(await sdk.call(request))  # expect: reportArgumentType
    said: models.TrainedModelSummary = await sdk.call(request)  # expect: reportAssignmentType
    models.InferenceResourceConfig(instance_type="ml.m5.huge")  # expect: reportArgumentType
    request.trained_model_arn = ARN  # expect: reportAttributeAccessIssue
    ref = TrainedModelRef(ARN)
    ref.version = "latest"  # expect: reportAttributeAccessIssue
    print(said)


async def replies(sdk: CleanRoomsML) -> None:
    model = await sdk.trained_models.get(ARN)
    print(model.trainedModelArn)  # expect: reportAttributeAccessIssue
    print(model["name"])  # expect: reportIndexIssue
    print(model.description.upper())  # expect: reportOptionalMemberAccess
    model.name = "other"  # expect: reportAttributeAccessIssue
    said: str = await sdk.tags.remove(ARN, tag_keys=[])  # expect: reportAssignmentType
    print(said)


async def lists(sdk: CleanRoomsML) -> None:
    listed = sdk.trained_models.versions(ARN)
    print(listed.name)  # expect: reportAttributeAccessIssue
    for row in listed:  # expect: reportGeneralTypeIssues
        print(row)
    async for page in listed.pages():
        print((await page).name)  # expect: reportGeneralTypeIssues
        print(page.name)  # expect: reportAttributeAccessIssue
    first: models.TrainedModelSummary = await listed.first()  # expect: reportAssignmentType
    jobs: Paginator[models.TrainedModelInferenceJobSummary] = listed  # expect: reportAssignmentType
    async for page in listed.pages():
        print(page.reply.ml_input_channels_list)  # expect: reportAttributeAccessIssue
        page.next_token = None  # expect: reportAttributeAccessIssue
    rows = await listed
    print(rows.name)  # expect: reportAttributeAccessIssue
    print(rows[:1].status)  # expect: reportAttributeAccessIssue
    print(rows[0].version)  # expect: reportAttributeAccessIssue
    print(first, jobs)


async def waits(sdk: CleanRoomsML, ref: TrainedModelRef) -> None:
    await sdk.wait(42)  # expect: reportCallIssue,reportArgumentType
    await sdk.wait(await sdk.trained_models.list())  # expect: reportCallIssue,reportArgumentType
    await sdk.wait_all("abc")  # expect: reportCallIssue,reportArgumentType
    await sdk.wait_all(ref)  # expect: reportCallIssue,reportArgumentType
    sdk.as_completed(ARN)  # expect: reportCallIssue,reportArgumentType
    handle = sdk.inference_jobs.handle(ARN)
    model: models.GetTrainedModelResponse = await sdk.wait(handle)  # expect: reportAssignmentType
    base: models.GetTrainedModelResponse = await sdk.wait(ref)  # expect: reportAssignmentType
    rows = await sdk.wait_all([handle])
    print(rows[0].model.status)  # expect: reportOptionalMemberAccess
    print(model, base)
    rows[0].error = None  # expect: reportAttributeAccessIssue
    short = await sdk.wait_all(await sdk.trained_models.list(), details=False)
    print(short[0].result().data_channels)  # expect: reportAttributeAccessIssue
    async for change in sdk.inference_jobs.watch(ARN):
        print(change.model.trained_model_version)  # expect: reportAttributeAccessIssue
        print(change.state)  # expect: reportAttributeAccessIssue
    await sdk.wait(handle, timeout="6h")  # expect: reportArgumentType,reportCallIssue
    await sdk.wait(handle, poll="30s")  # expect: reportArgumentType,reportCallIssue
    await sdk.wait(handle, on_update="print")  # expect: reportArgumentType,reportCallIssue


def client() -> None:
    CleanRoomsML("us-east-1")  # expect: reportCallIssue
    CleanRoomsML(region="us-east-1")  # expect: reportCallIssue
    CleanRoomsML(http_backend="requests")  # expect: reportArgumentType
    CleanRoomsML(find_membership="no")  # expect: reportArgumentType
    with CleanRoomsML() as sdk:  # expect: reportAttributeAccessIssue,reportGeneralTypeIssues
        print(sdk)
