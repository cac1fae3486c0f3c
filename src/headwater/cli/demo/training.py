# SPDX-License-Identifier: Apache-2.0
"""The demo's models: real ones, fitted on the spot."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CATEGORIES = ("household_profile",)
SEED = 1989


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A fitted pipeline, what it was fitted on, and how well it ranks applications that it has not seen."""

    model: Any
    features: Any
    decisions: Any
    area_under_curve: float


def logistic_regression() -> Any:
    """The plain model: one weight for each feature."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000)


def gradient_boosting() -> Any:
    """The newer model: small trees, each mending what those before it got wrong."""
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(n_estimators=80, max_depth=2, random_state=SEED)


def train(classifier: Any, features: Any, decisions: Any) -> Trained:
    """Fit a pipeline that ends in ``classifier`` on three quarters of the applications, and try it on the rest."""
    from sklearn.compose import ColumnTransformer
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    categories = [name for name in features.columns if name in CATEGORIES]
    prepared = ColumnTransformer(
        [("codes", OneHotEncoder(handle_unknown="ignore"), categories)], remainder=StandardScaler()
    )
    known, unseen, decided, outcome = train_test_split(
        features, decisions, test_size=0.25, stratify=decisions, random_state=SEED
    )
    model = Pipeline([("prepare", prepared), ("classify", classifier)]).fit(known, decided)
    score = roc_auc_score(outcome, model.predict_proba(unseen)[:, 1])
    return Trained(model=model, features=known, decisions=decided, area_under_curve=float(score))


def keep(trained: Trained, path: Path) -> str:
    """Write a model to its file; the place that the catalogue notes, which says nothing of this machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(trained.model))
    return f"{path.parent.name}/{path.name}"
