"""What counts as secret, and addresses without it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interest_spark.foundation.credentials import is_secret, without_credentials

SECRETS = [
    "fs.s3a.secret.key", "fs.s3a.access.key", "fs.s3a.session.token", "spark.authenticate.secret", "accessToken",
    "keyStorePassword", "fs.azure.account.key.shop.blob", "fs.azure.sas.container.shop", "private_key",
    "AWS_SECRET_KEY", "credentials", "db.passwd", "PGPASSWORD", "api_key", "apikey", "X-Amz-Signature", "oauthToken",
    "passphrase", "pwd",
]  # fmt: skip
OPEN = [
    "blocks.tokens", "ingest.duplicate_keys", "warehouse", "sources.events.path", "train.epochs", "spark.master",
    "spark.kerberos.keytab", "spark.ssl.keyStore", "maintain.keep_days", "score.blocked_items", "shop.time_zone",
    "sources.events.columns.session_id", "spark.sql.shuffle.partitions",
]  # fmt: skip


@pytest.mark.parametrize("name", SECRETS)
def test_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", OPEN)
def test_open(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("s3://AKIA:s3cr/et@bucket/day", "s3://***@bucket/day"),
        ("https://joe:pa@ss@host:8080/a@b", "https://***@host:8080/a@b"),
        ("hdfs://:onlypass@host/x", "hdfs://***@host/x"),
        ("ftp://joe:12345@host/x", "ftp://***@host/x"),
        ("s3:/AKIA:secret@bucket/x", "s3:/***@bucket/x"),
        ("jdbc:postgresql://joe:pw#1@host/db", "jdbc:postgresql://***@host/db"),
        ("https://h/x?X-Amz-Signature=abc&day=1", "https://h/x?X-Amz-Signature=***&day=1"),
        ("https://h/x?sv=2020&sig=a%2Fb%3D", "https://h/x?sv=2020&sig=***"),
        ("https://h/x?AWSAccessKeyId=AK&Expires=9", "https://h/x?AWSAccessKeyId=***&Expires=9"),
        ("two: ftp://a:b@c and ftp://d:e@f", "two: ftp://***@c and ftp://***@f"),
        ("abfs://container@account.dfs/x", "abfs://container@account.dfs/x"),
        ("spark://host:7077", "spark://host:7077"),
        ("https://host:8080/x/@y", "https://host:8080/x/@y"),
        ("/data/a:b@c", "/data/a:b@c"),
    ],
)
def test_addresses(text: str, left: str) -> None:
    assert without_credentials(text) == left


WORD = st.text(st.characters(categories=["L", "N"], include_characters="-_.~!$&*+"), min_size=6, max_size=40)


@given(
    st.sampled_from(["s3", "hdfs", "https", "ftp", "sftp+ssh"]),
    WORD,
    WORD,
    st.sampled_from("/@:?#%'\" ".replace(" ", "")),
)
def test_no_password_is_left(scheme: str, user: str, word: str, odd: str) -> None:
    password = f"q{word}{odd}{word}"
    left = without_credentials(f"cannot list '{scheme}://{user}:{password}@host.of.logs/x': away")
    assert word not in left.replace("host.of.logs", "")


@pytest.mark.parametrize(
    "text", [":/" * 500_000, "://" + "a:" * 500_000, "://" + "a" * 1_000_000, "?a" * 500_000 + ":/"]
)
def test_no_text_takes_long(text: str) -> None:
    started = time.monotonic()
    without_credentials(text)
    assert time.monotonic() - started < 10
