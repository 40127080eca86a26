"""Objects of the four kinds that the webhook is for, and the ways to change one."""

import copy

from api import APPLY, JSON, MERGE, STRATEGIC

TEMPLATE = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {"containers": [{"name": "web", "image": "registry.example/web:1"}]},
}
WORKLOAD = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": TEMPLATE}
CLAIM = {
    "accessModes": ["ReadWriteOnce"],
    "storageClassName": "none",
    "resources": {"requests": {"storage": "1Gi"}},
}
# Kinds with the path of their collection and a specification that nothing is wrong with.
OBJECTS = {
    "Deployment": ("apps/v1", "/apis/apps/v1/namespaces/{}/deployments", WORKLOAD),
    "StatefulSet": ("apps/v1", "/apis/apps/v1/namespaces/{}/statefulsets", {**WORKLOAD, "serviceName": "web"}),
    "Service": ("v1", "/api/v1/namespaces/{}/services", {"ports": [{"port": 80}], "selector": {"app": "web"}}),
    "PersistentVolumeClaim": ("v1", "/api/v1/namespaces/{}/persistentvolumeclaims", CLAIM),
}
# A suppression without a reason, which is denied in any kind.
BAD = {"allow.kubevet.dev/paused-at-creation": ""}
BAD_FIELD = "metadata.annotations[allow.kubevet.dev/paused-at-creation]"


def made(kind, name, annotations=None, **spec):
    version, _, sound = OBJECTS[kind]
    metadata = {"name": name, "annotations": annotations or {}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": {**copy.deepcopy(sound), **spec}}


def collection(kind, space):
    return OBJECTS[kind][1].format(space)


def changes(kind, space, annotations):
    """Requests that change the object `web`: what they are, and the arguments of `ask`."""
    path = f"{collection(kind, space)}/web"
    patch = {"metadata": {"annotations": annotations}}
    steps = [{"op": "add", "path": "/metadata/annotations", "value": annotations}]
    applied = {**made(kind, "web"), **{"metadata": {"name": "web", "annotations": annotations}}}
    return {
        "update": ("PUT", path, made(kind, "web", annotations)),
        "strategic patch": ("PATCH", path, patch, STRATEGIC),
        "merge patch": ("PATCH", path, patch, MERGE),
        "JSON patch": ("PATCH", path, steps, JSON),
        "apply": ("PATCH", f"{path}?fieldManager=any&force=true", applied, APPLY),
    }
