# SPDX-License-Identifier: Apache-2.0
"""Train and register two models, in two versions each, on the MLflow server of the first argument."""

import sys
from typing import Any

import mlflow
import pandas
from mlflow.models import infer_signature
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

mlflow.set_tracking_uri(sys.argv[1])
WINES = pandas.DataFrame(
    {"fixed_acidity": [7.4, 7.8, 11.2, 7.9], "alcohol": [9.4, 9.8, 9.8, 10.1], "colour": ["red", "red", "white", "red"]}
)
QUALITY = [5.0, 6.0, 6.5, 5.5]
CUSTOMERS = pandas.DataFrame({"visits": [1.0, 9.0, 3.0, 7.0]})
LEFT = [1, 0, 1, 0]


def register(name: str, estimator: Any, frame: pandas.DataFrame, target: list[Any], **parameters: Any) -> None:
    """One run with its parameters, and the model it makes, as a new version."""
    estimator.fit(frame, target)
    with mlflow.start_run():
        mlflow.log_params(parameters)
        signature = infer_signature(frame, estimator.predict(frame))
        mlflow.sklearn.log_model(
            estimator, name="model", signature=signature, registered_model_name=name, pip_requirements=[]
        )


for alpha, solver in ((0.1, "auto"), (0.7, "svd")):
    coded = make_column_transformer((OneHotEncoder(), ["colour"]), remainder="passthrough")
    register(
        "wine", make_pipeline(coded, Ridge(alpha=alpha, solver=solver)), WINES, QUALITY, alpha=alpha, solver=solver
    )
for c in (1.0, 0.5):
    register("churn", LogisticRegression(C=c), CUSTOMERS, LEFT, C=c)
mlflow.MlflowClient().update_registered_model("wine", description="Wine **quality**")
