"""Asks the API server, registers webhooks with it, and reads its audit log."""

import base64
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import re
import ssl
import urllib.parse

from recorder import USER, denial
from serving import wait_for

ACCESS = json.loads(pathlib.Path(os.environ["KUBECONFIG"]).read_text())
AUDIT_LOG = pathlib.Path(os.environ["KUBEVET_AUDIT_LOG"])
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
HERALDS = "/api/v1/namespaces/default/configmaps"
JSON, STRATEGIC, MERGE, APPLY = (
    "application/json-patch+json",
    "application/strategic-merge-patch+json",
    "application/merge-patch+json",
    "application/apply-patch+yaml",
)
numbers = itertools.count(1)


class Answer:
    """What the API server said."""

    def __init__(self, answer):
        self.code, self.audit_id = answer.status, answer.getheader("Audit-Id")
        text = answer.read().decode()
        self.body = json.loads(text) if text.startswith("{") else {"message": text}
        quoted = [re.fullmatch(r'299 - "(.*)"', value)[1] for value in answer.headers.get_all("Warning") or []]
        self.warnings = [re.sub(r"\\(.)", r"\1", text) for text in quoted]

    def __repr__(self):
        return f"{self.code} {self.body.get('message', '')} {self.warnings}"

    def annotations(self):
        """The annotations of the request in the audit log."""

        def event():
            lines = AUDIT_LOG.read_text().splitlines() if AUDIT_LOG.exists() else []
            found = (json.loads(line) for line in lines if self.audit_id in line and line.endswith("}"))
            return next((event for event in found if event["stage"] == "ResponseComplete"), None)

        return wait_for(f"the audit event {self.audit_id}", event).get("annotations", {})


def ask(method, path, body=None, media="application/json"):
    server = urllib.parse.urlsplit(ACCESS["clusters"][0]["cluster"]["server"])
    # The certificate is the server's own, made a moment ago on this machine.
    trust = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection(server.hostname, server.port, context=trust, timeout=60)
    with contextlib.closing(connection):
        headers = {
            "Authorization": f"Bearer {ACCESS['users'][0]['user']['token']}",
            "Content-Type": media,
            "Impersonate-User": USER,
            "Impersonate-Group": "system:masters",
        }
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return Answer(connection.getresponse())


def done(answer):
    """An answer that is a success."""
    assert answer.code < 300, answer
    return answer


@contextlib.contextmanager
def namespace(name):
    done(ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}}))
    try:
        yield name
    finally:
        ask("DELETE", f"/api/v1/namespaces/{name}")


def rule(group, *resources, operations=("*",)):
    of = {"apiGroups": [group], "apiVersions": ["*"], "resources": list(resources), "scope": "*"}
    return {**of, "operations": list(operations)}


# The four kinds that the webhook is for.
KINDS = [rule("apps", "deployments", "statefulsets"), rule("", "services", "persistentvolumeclaims")]


def hook(name, url, authority, space, **more):
    """A webhook for what happens in a namespace."""
    trusted = base64.b64encode(authority.certificate.read_bytes()).decode()
    defaults = {
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": space}},
        "rules": KINDS,
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }
    return {"name": name, "clientConfig": {"url": url, "caBundle": trusted}, **defaults, **more}


@contextlib.contextmanager
def registered(recorder, *hooks):
    """A configuration that the API server has learned of: one more webhook in it, for ConfigMaps with a label
    of its own, tells by refusing them."""
    name = f"herald-{next(numbers)}.example.com"
    url = recorder.url("/herald", lambda request: denial(request, "known"))
    herald = hook(name, url, recorder.authority, "default")
    herald.update(rules=[rule("", "configmaps")], objectSelector={"matchLabels": {"herald": name}})
    body = {"metadata": {"name": name}, "webhooks": [*hooks, herald]}
    sign = {"metadata": {"name": "any", "labels": {"herald": name}}}

    def known():
        return ask("POST", f"{HERALDS}?dryRun=All", sign).code == 403

    done(ask("POST", CONFIGURATIONS, body))
    try:
        wait_for(f"{name} to be known", known)
        yield
    finally:
        ask("DELETE", f"{CONFIGURATIONS}/{name}")
        wait_for(f"{name} to be gone", lambda: not known())
