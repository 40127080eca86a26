"""What is recorded of a namespace: in short, and nothing that another run would say otherwise (names
made by chance, times, addresses, nodes)."""

import collections

# Where the kinds live that pages are made of, or that are looked at.
KINDS = {
    "Namespace": ("/api/v1", "namespaces"),
    "Pod": ("/api/v1", "pods"),
    "Service": ("/api/v1", "services"),
    "PersistentVolumeClaim": ("/api/v1", "persistentvolumeclaims"),
    "Deployment": ("/apis/apps/v1", "deployments"),
    "ReplicaSet": ("/apis/apps/v1", "replicasets"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets"),
    "DaemonSet": ("/apis/apps/v1", "daemonsets"),
    "ControllerRevision": ("/apis/apps/v1", "controllerrevisions"),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices"),
    "StorageClass": ("/apis/storage.k8s.io/v1", "storageclasses"),
}
WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"]
STORAGE_CLASS = {
    "metadata": {
        "name": "kwok-volume",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "provisioner": "kwok.x-k8s.io/volume",
}


def collection(kind, namespace=None):
    root, plural = KINDS[kind]
    return f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}"


def is_workload(document):
    return document["kind"] in WORKLOADS


def observe(request, namespaces):
    """What there is in each of the namespaces, and whether controllers have yet to look at some of it."""
    lists = ["Pod", "Service", "PersistentVolumeClaim", "ReplicaSet", "ControllerRevision", "EndpointSlice"]
    there = {name: collections.defaultdict(list) for name in namespaces}
    unseen = False
    for kind in [*WORKLOADS, *lists]:
        for item in request("GET", collection(kind))["items"]:
            metadata = item["metadata"]
            if metadata["namespace"] in there:
                there[metadata["namespace"]][kind].append(item)
                seen = item.get("status", {}).get("observedGeneration")
                unseen = unseen or "deletionTimestamp" in metadata
                unseen = unseen or kind in WORKLOADS and seen != metadata["generation"]
    return {name: told(objects) for name, objects in there.items()}, unseen


def told(objects):
    said = {}
    for kind in WORKLOADS:
        for workload in objects[kind]:
            said[f"{kind}/{workload['metadata']['name']}"] = workload_told(kind, workload, objects)
    for claim in objects["PersistentVolumeClaim"]:
        size = claim["spec"]["resources"]["requests"]["storage"]
        said[f"PersistentVolumeClaim/{claim['metadata']['name']}"] = {
            "phase": claim["status"]["phase"],
            "size": size,
        }
    for service in objects["Service"]:
        name = service["metadata"]["name"]
        said[f"Service/{name}"] = service_told(service, objects["EndpointSlice"])
    return said


def workload_told(kind, workload, objects):
    status = workload["status"]
    revisions = objects["ReplicaSet" if kind == "Deployment" else "ControllerRevision"]
    owners = owned(revisions, workload)
    pods = owned(objects["Pod"], *(owners if kind == "Deployment" else [workload]))
    conditions = {
        condition["type"]: condition.get("reason", condition["status"])
        for condition in status.get("conditions", [])
    }
    return {
        "conditions": conditions,
        "pods": sorted((pod_told(pod, kind) for pod in pods), key=str),
        "ready": status.get("readyReplicas", status.get("numberReady", 0)),
        "revisions": len(owners),
        "volumes": volumes(workload["spec"]["template"]["spec"]),
        "wanted": workload["spec"].get("replicas", status.get("desiredNumberScheduled", 0)),
    }


def owned(objects, *owners):
    uids = {owner["metadata"]["uid"] for owner in owners}
    return [
        item for item in objects if any(owner["uid"] in uids for owner in item["metadata"].get("ownerReferences", []))
    ]


def pod_told(pod, kind):
    conditions = {condition["type"]: condition for condition in pod["status"].get("conditions", [])}
    said = {
        "images": [container["image"] for container in pod["spec"]["containers"]],
        "phase": pod["status"]["phase"],
        "volumes": volumes(pod["spec"]),
    }
    # The pods of other kinds are named by chance.
    if kind == "StatefulSet":
        said["name"] = pod["metadata"]["name"]
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        said["unscheduled"] = scheduled["message"]
    return said


def volumes(spec):
    """The volumes by name with their sources, but for those that the server adds to each pod."""
    said = {}
    for volume in spec.get("volumes", []):
        if not volume["name"].startswith("kube-api-access-"):
            said[volume["name"]] = next(key for key in volume if key != "name")
    return said


def service_told(service, slices):
    """How many ready endpoints each port has, and which names they have in DNS."""
    slices = [
        piece
        for piece in slices
        if piece["metadata"]["labels"].get("kubernetes.io/service-name") == service["metadata"]["name"]
    ]
    names = [endpoint.get("hostname") for piece in slices for endpoint in piece["endpoints"] or []]
    ports = {}
    for port in service["spec"].get("ports", []):
        wanted = (port.get("name", ""), port["protocol"])
        found = collections.Counter()
        for piece in slices:
            for offered in piece["ports"] or []:
                if (offered.get("name", ""), offered["protocol"]) == wanted:
                    ready = [e for e in piece["endpoints"] or [] if e["conditions"]["ready"]]
                    found[str(offered["port"])] += len(ready)
        ports[f"{port['port']}/{port['protocol']}"] = {number: times for number, times in found.items() if times}
    return {"hostnames": sorted(filter(None, names)), "endpoints": ports}
