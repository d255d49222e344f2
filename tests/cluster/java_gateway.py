"""A Java process of its own that Python drives: started by py4j, ended with the test."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from py4j.java_gateway import GatewayParameters, JavaGateway, launch_gateway

from interest_spark.platform.java import ensure_java

_OPENED = ("java.lang", "java.util", "java.net")
_END_SECONDS = 30


@contextmanager
def java_gateway(
    folder: Path, class_path: Sequence[str], heap: str, options: Sequence[str] = ()
) -> Iterator[JavaGateway]:
    """A gateway on the loopback interface to a Java process in `folder`, which ends with the context.

    What it prints is in `folder/java.log`.
    """
    java = ensure_java()
    with (folder / "java.log").open("a", encoding="utf-8") as log:
        port, token, process = launch_gateway(
            classpath=os.pathsep.join(class_path),
            javaopts=[f"-Xmx{heap}", *options, *(f"--add-opens=java.base/{each}=ALL-UNNAMED" for each in _OPENED)],
            die_on_exit=True,
            create_new_process_group=True,
            java_path=java,
            redirect_stdout=log,
            redirect_stderr=log,
            cwd=str(folder),
            enable_auth=True,
            return_proc=True,
        )
        gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port, auth_token=token, auto_convert=True))
        try:
            yield gateway
        finally:
            gateway.close()
            _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, how)
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                continue
