"""What a person does with a pod: read its log, run a command in it, reach its port."""

import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from .conftest import Kubectl, container


def test_kubectl_logs_shows_what_the_container_printed(kubectl: Kubectl, web: str) -> None:
    assert "serving" in kubectl("logs", f"deployment/{web}")


def test_kubectl_exec_runs_a_command_in_the_container(kubectl: Kubectl, web: str) -> None:
    assert kubectl("exec", f"deployment/{web}", "--", "python3", "-c", "print(6 * 7)").strip() == "42"


@pytest.fixture
def forwarded_port(kubectl: Kubectl, web: str) -> Iterator[int]:
    command = kubectl.command("port-forward", f"deployment/{web}", ":8000")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=kubectl.environment) as process:
        assert process.stdout is not None
        first = process.stdout.readline()  # Forwarding from 127.0.0.1:40123 -> 8000
        yield int(first.split(" -> ")[0].rpartition(":")[2])
        process.terminate()


def test_kubectl_port_forward_reaches_the_container(forwarded_port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{forwarded_port}/etc/hostname", timeout=10) as answer:
        assert answer.read().startswith(b"web-")


def test_a_job_completes_and_its_pod_goes_with_it(kubectl: Kubectl) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [container(["python3", "-c", "print('done')"])]}}
    job = {"metadata": {"name": "once"}, "spec": {"backoffLimit": 0, "template": template}}
    kubectl.apply({"apiVersion": "batch/v1", "kind": "Job", **job})
    kubectl.wait("job/once", "condition=Complete")
    assert kubectl("logs", "job/once").strip() == "done"
    pod = kubectl("get", "pods", "--selector=job-name=once", "--output=name").strip()
    kubectl("delete", "job/once", "--cascade=background")
    kubectl.wait(pod, "delete")
