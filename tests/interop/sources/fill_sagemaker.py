# SPDX-License-Identifier: Apache-2.0
"""Make two models in the SageMaker that answers at the first argument, or delete the one of the second argument."""

import sys

import boto3

client = boto3.client(
    "sagemaker",
    endpoint_url=sys.argv[1],
    region_name="us-east-1",
    aws_access_key_id="key",
    aws_secret_access_key="secret",
)
if len(sys.argv) > 2:
    client.delete_model(ModelName=sys.argv[2])
else:
    for name in ("xgb", "bert"):
        client.create_model(
            ModelName=name,
            PrimaryContainer={"Image": f"images/{name}:1", "ModelDataUrl": f"s3://models/{name}.tar.gz"},
            ExecutionRoleArn="arn:aws:iam::123456789012:role/models",
        )
