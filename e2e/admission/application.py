"""A good application, brought to the cluster in any order under the strictest config: nobody is denied."""

import contextlib
import json
import os
import pathlib
import random
import subprocess

import cluster
from api import ask, done, hook, namespace, registered
from serving import wait_for
from world import NAME

CHART = pathlib.Path(__file__).resolve().parent / "application"
DOCUMENTS = [text for file in sorted(CHART.glob("templates/*.yaml")) for text in file.read_text().split("---\n")]
STORAGE_CLASS = {
    "metadata": {"name": "kwok-volume"},
    "provisioner": "kwok.x-k8s.io/volume",
    "volumeBindingMode": "Immediate",
}
STORAGE_CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
# How many pods run at least, once controllers have done their part; the autoscaler takes its time.
READY = {"deployments": {"web": 1, "worker": 1}, "statefulsets": {"db": 2}}
CLAIMS = {"uploads", "data-db-0", "data-db-1"}


def kubectl_applies_a_good_application_in_any_order(world):
    orders = [DOCUMENTS, DOCUMENTS[::-1]]
    shuffled = random.Random(1)
    orders += [shuffled.sample(DOCUMENTS, len(DOCUMENTS)) for _ in range(3)]
    spaces = [f"applied-{number}" for number in range(len(orders))]
    with strictest(world, spaces) as kubevet:
        for space, order in zip(spaces, orders):
            apply(world, space, "---\n".join(order))
        for space in spaces:
            wait_for(f"{space} to run", lambda: runs(space))
        # A new version of the whole, once what it needs was heard of.
        apply(world, spaces[-1], "---\n".join(orders[-1]).replace(":1\n", ":2\n"))
        # What was there before what it needs was seen to be, and held against nobody.
        absent = {labels for labels in nobody_was_denied(kubevet) if 'fate="absent"' in labels}
        assert 'rule="governing-service-missing",fate="absent"' in absent, absent


def apply(world, space, text):
    ran = world.kubectl("apply", f"--namespace={space}", "--filename=-", text=text)
    assert (ran.returncode, ran.stderr) == (0, ""), f"{text}: {ran.stderr}"


def helm_installs_a_good_application(world):
    helm = [cluster.built("clients") / "helm", "--namespace", "installed"]
    with strictest(world, ["installed"]) as kubevet:
        for verb in ("install", "upgrade"):
            # Warnings are on standard error.
            ran = subprocess.run([*helm, verb, "good", CHART], capture_output=True, text=True)
            assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
            wait_for("it to run", lambda: runs("installed"))
        subprocess.run([*helm, "uninstall", "good"], check=True, capture_output=True)
        nobody_was_denied(kubevet)


@contextlib.contextmanager
def strictest(world, spaces):
    """kubevet as the webhook of namespaces, in sight of the cluster, with all that it ever tells as an error,
    which is denied."""
    listed = json.loads(subprocess.run([world.program, "rules", "--json"], check=True, capture_output=True).stdout)
    rules = [rule["id"] for rule in listed if rule["admission"] in ("told", "absence")]
    config = json.dumps({"rules": dict.fromkeys(rules, "error")})
    chosen = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": spaces}
    with contextlib.ExitStack() as stack:
        if ask("POST", STORAGE_CLASSES, STORAGE_CLASS).code == 201:
            stack.callback(ask, "DELETE", f"{STORAGE_CLASSES}/kwok-volume")
        for space in spaces:
            stack.enter_context(namespace(space))
        kubevet = stack.enter_context(world.serving(config, "--kubeconfig", os.environ["KUBECONFIG"]))
        selector = {"matchExpressions": [chosen]}
        judge = hook(NAME, kubevet.url, world.authority, "", namespaceSelector=selector)
        stack.enter_context(registered(world.recorder, judge))
        yield kubevet


def runs(space):
    for kind, expected in READY.items():
        items = done(ask("GET", f"/apis/apps/v1/namespaces/{space}/{kind}")).body["items"]
        ready = {item["metadata"]["name"]: item["status"].get("readyReplicas", 0) for item in items}
        if any(ready[name] < least for name, least in expected.items()):
            return False
    claims = done(ask("GET", f"/api/v1/namespaces/{space}/persistentvolumeclaims")).body["items"]
    return CLAIMS == {claim["metadata"]["name"] for claim in claims if claim["status"].get("phase") == "Bound"}


def nobody_was_denied(kubevet):
    reviews = kubevet.metrics("kubevet_reviews_total")
    assert reviews['decision="allowed"'] > 0 and 'decision="denied"' not in reviews, reviews
    told = kubevet.metrics("kubevet_findings_total")
    # Controllers write what isn't complete yet, and may be warned of that.
    assert not any(fate in labels for labels in told for fate in ("deny", "disagrees")), told
    return told
