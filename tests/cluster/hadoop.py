"""A real HDFS and a real YARN on the loopback interface: Hadoop's own daemons in one Java process.

They are Hadoop's MiniDFSCluster and MiniYARNCluster. Clients get a configuration that says only where the daemons are.
"""

import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import psutil

from tests.cluster.java_gateway import java_gateway
from tests.cluster.maven import SPARK_JARS, fetch_jars

HOST = "127.0.0.1"
_JARS = (
    "org.apache.hadoop:hadoop-client-minicluster:3.3.4",  # of the Hadoop release that pyspark's own jars are
    "junit:junit:4.13.2",
    "org.hamcrest:hamcrest-core:1.3",
    "org.mockito:mockito-core:2.28.2",
    "org.bouncycastle:bcprov-jdk15on:1.60",
    "org.bouncycastle:bcpkix-jdk15on:1.60",
)
_DFS_DAEMONS = {
    "dfs.namenode.rpc-bind-host": HOST,
    "dfs.datanode.address": f"{HOST}:0",
    # A node that is gone is noticed in seconds, not in ten minutes.
    "dfs.heartbeat.interval": "1",
    "dfs.namenode.heartbeat.recheck-interval": "2000",
}
# What a client waits for when nodes are gone: Hadoop's own patience is minutes.
_DFS_CLIENT = {
    "dfs.replication": "1",
    "dfs.client.block.write.retries": "2",
    "dfs.client.max.block.acquire.failures": "1",
    "dfs.client.retry.window.base": "500",
    "ipc.client.connect.max.retries": "3",
    "ipc.client.connect.retry.interval": "500",
}
_MEMORY_MB, _CORES = 6144, 6  # of a NodeManager; what a container may use is not measured
_YARN_DAEMONS = {
    "yarn.minicluster.fixed.ports": "true",  # else they bind whatever address the machine's name has
    **{
        f"yarn.nodemanager.{part}": f"{HOST}:0"
        for part in ("address", "localizer.address", "webapp.address", "collector-service.address")
    },
    "yarn.scheduler.capacity.root.queues": "default",
    "yarn.scheduler.capacity.root.default.capacity": "100",
    "yarn.scheduler.capacity.maximum-am-resource-percent": "1.0",
    "yarn.scheduler.minimum-allocation-mb": "256",
    "yarn.scheduler.maximum-allocation-mb": str(_MEMORY_MB),
    "yarn.nodemanager.resource.memory-mb": str(_MEMORY_MB),
    "yarn.nodemanager.resource.cpu-vcores": str(_CORES),
    "yarn.nodemanager.pmem-check-enabled": "false",
    "yarn.nodemanager.vmem-check-enabled": "false",
    "yarn.nodemanager.disk-health-checker.enable": "false",  # a disk that is nearly full is no concern of a test
    "yarn.nodemanager.delete.debug-delay-sec": "3600",  # logs of containers are there to be read
    "yarn.nodemanager.heartbeat.interval-ms": "200",
    "yarn.resourcemanager.nodemanagers.heartbeat-interval-ms": "200",
    "yarn.timeline-service.enabled": "false",
}


@dataclass(frozen=True)
class Hadoop:
    """The daemons; `client` is a folder for HADOOP_CONF_DIR, `logs` where containers write theirs."""

    folder: Path
    client: Path
    _dfs: Any

    @property
    def url(self) -> str:
        """`hdfs://127.0.0.1:port`."""
        return f"hdfs://{HOST}:{self._dfs.getNameNodePort()}"

    @property
    def environment(self) -> dict[str, str]:
        """What clients need."""
        return {"HADOOP_CONF_DIR": str(self.client)}

    @contextmanager
    def datanode_stopped(self) -> Iterator[None]:
        """While the context lasts, a DataNode is gone as a machine that fails is; blocks that only it has are away."""
        stopped = self._dfs.stopDataNode(0)
        try:
            yield
        finally:
            self._dfs.restartDataNode(stopped, True)
            self._dfs.waitActive()

    def container_logs(self, characters: int = 3000) -> str:
        """The ends of what drivers and executors on YARN wrote, to show beside a failure."""
        files = sorted(self.folder.glob("**/application_*/container_*/std*"), key=lambda file: file.stat().st_mtime)
        ends = [file.read_text(encoding="utf-8", errors="replace")[-characters:] for file in files]
        return "\n".join(f"--- {'/'.join(f.parts[-2:])}\n{end}" for f, end in zip(files, ends, strict=True) if end)


@contextmanager
def hadoop(folder: Path, datanodes: int = 1, nodemanagers: int = 2) -> Iterator[Hadoop]:
    """Start both in a Java process of their own; with `nodemanagers=0`, HDFS alone. All is stopped afterwards.

    Skips the test, naming the reason, where Hadoop's jars cannot be had.
    """
    # Before pyspark's own jars, whose Hadoop classes are the same but for the tests'.
    class_path = [*map(str, fetch_jars(*_JARS)), str(SPARK_JARS / "*")]
    folder.mkdir(parents=True, exist_ok=True)
    options = [f"-Djava.io.tmpdir={folder}", f"-Dtest.build.data={folder}", "-Djava.net.preferIPv4Stack=true"]
    with java_gateway(folder, class_path, "768m", options) as gateway:
        jvm = gateway.jvm
        stops = []
        try:
            dfs = _start_dfs(jvm, folder, datanodes)
            stops.append(dfs.shutdown)
            client = {"fs.defaultFS": f"hdfs://{HOST}:{dfs.getNameNodePort()}", **_DFS_CLIENT}
            if nodemanagers:
                addresses = _resource_manager_addresses()
                yarn = _start_yarn(jvm, {**client, **addresses}, nodemanagers)
                stops.append(yarn.stop)
                client |= addresses
            write_client(folder / "client", client)
            yield Hadoop(folder, folder / "client", dfs)
        finally:
            for stop in reversed(stops):
                stop()
            _end_containers(folder)


def _start_dfs(jvm: Any, folder: Path, datanodes: int) -> Any:
    configuration = _configuration(jvm.org.apache.hadoop.hdfs.HdfsConfiguration(), {**_DFS_CLIENT, **_DFS_DAEMONS})
    builder = getattr(jvm.org.apache.hadoop.hdfs, "MiniDFSCluster$Builder")
    dfs = builder(configuration, jvm.java.io.File(str(folder / "dfs"))).numDataNodes(datanodes).build()
    dfs.waitActive()
    return dfs


def _start_yarn(jvm: Any, client: Mapping[str, str], nodemanagers: int) -> Any:
    configuration = jvm.org.apache.hadoop.yarn.conf.YarnConfiguration()
    yarn = jvm.org.apache.hadoop.yarn.server.MiniYARNCluster("yarn", nodemanagers, 1, 1)
    yarn.init(_configuration(configuration, {**client, **_YARN_DAEMONS}))
    yarn.start()
    if not yarn.waitForNodeManagersToConnect(60_000):
        raise TimeoutError("YARN's NodeManagers did not register within 60 s")
    return yarn


def _configuration(configuration: Any, settings: Mapping[str, str]) -> Any:
    for key, value in settings.items():
        configuration.set(key, value)
    return configuration


def _resource_manager_addresses() -> dict[str, str]:
    parts = ("address", "scheduler.address", "resource-tracker.address", "admin.address", "webapp.address")
    addresses = zip(parts, _free_ports(len(parts)), strict=True)
    return {f"yarn.resourcemanager.{part}": f"{HOST}:{port}" for part, port in addresses}


def _free_ports(count: int) -> list[int]:
    probes = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def write_client(folder: Path, settings: Mapping[str, str]) -> None:
    """A configuration folder of Hadoop's clients with those settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for file, prefixes in {
        "core-site.xml": ("fs.", "ipc."),
        "hdfs-site.xml": ("dfs.",),
        "yarn-site.xml": ("yarn.",),
    }.items():
        properties = [
            f"<property><name>{escape(key)}</name><value>{escape(value)}</value></property>"
            for key, value in settings.items()
            if key.startswith(prefixes)
        ]
        (folder / file).write_text("\n".join(["<configuration>", *properties, "</configuration>\n"]), encoding="utf-8")


def _end_containers(folder: Path) -> None:
    """End what NodeManagers started and did not end; each container runs in a session of its own below the folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if process.pid != os.getpid() and str(folder) in process.cwd():
                process.send_signal(signal.SIGKILL)
