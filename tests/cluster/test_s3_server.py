"""The S3 server of these tests answers, keeps what it got, and counts."""

from pathlib import Path

import pyarrow.fs

from tests.cluster.s3_server import BUCKET, S3Server, s3_server


def _client(server: S3Server) -> pyarrow.fs.S3FileSystem:
    key, secret = server.secrets
    return pyarrow.fs.S3FileSystem(
        access_key=key,
        secret_key=secret,
        endpoint_override=server.environment["AWS_ENDPOINT_URL"],
        region=server.environment["AWS_REGION"],
    )


def test_what_was_written_is_there_after_a_restart_and_requests_are_counted(tmp_path: Path) -> None:
    with s3_server(tmp_path) as server:
        with _client(server).open_output_stream(f"{BUCKET}/a b/dt=ü.txt") as stream:
            stream.write(b"kept")
        server.stop()
        server.start()
        assert _client(server).open_input_stream(f"{BUCKET}/a b/dt=ü.txt").read() == b"kept"
        assert server.count()["GetObject"] >= 1
        assert {request.key for request in server.requests()} >= {"a b/dt=ü.txt"}
        key, secret = server.secrets
        command = Path(f"/proc/{server._process.pid}/cmdline").read_bytes().decode()  # type: ignore[union-attr]
        assert key not in command and secret not in command
