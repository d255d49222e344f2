"""What Spark is told of stores: where they are, from the environment; and of keys nothing."""

import pytest

from interest_spark.foundation.credentials import is_secret
from interest_spark.platform.connectors import connector_defaults

_NAMES = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_REGION", "AWS_DEFAULT_REGION")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _NAMES:
        monkeypatch.delenv(name, raising=False)


def test_amazons_own_stores_need_nothing_from_the_environment() -> None:
    settings = connector_defaults()
    assert settings["spark.hadoop.fs.s3.impl"].endswith("S3AFileSystem")
    assert not {key for key in settings if "endpoint" in key or "path.style" in key}


def test_a_server_of_ones_own_is_asked_by_paths_below_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    settings = connector_defaults()
    assert settings["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:9000"
    assert settings["spark.hadoop.fs.s3a.path.style.access"] == "true"
    assert settings["spark.hadoop.fs.s3a.endpoint.region"] == "eu-central-1"


def test_the_address_of_s3_alone_comes_before_that_of_all_services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9001")
    assert connector_defaults()["spark.hadoop.fs.s3a.endpoint"] == "http://127.0.0.1:9001"


def test_no_key_becomes_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "PlantedS3cret")
    settings = connector_defaults()
    assert "PlantedS3cret" not in settings.values()
    assert not any(map(is_secret, settings))


def test_a_store_that_is_away_ends_within_minutes() -> None:
    settings = connector_defaults()
    retries = int(settings["spark.hadoop.fs.s3a.retry.limit"])
    pauses = 0.5 * (2**retries - 1)
    connections = int(settings["spark.hadoop.fs.s3a.connection.establish.timeout"]) / 1000
    attempts = int(settings["spark.hadoop.fs.s3a.attempts.maximum"]) * (retries + 1)
    assert pauses + attempts * connections < 120
