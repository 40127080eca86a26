"""What the webhook is asked about each way to write an object."""

import collections
import json

from api import APPLY, MERGE, ask, done, hook, namespace, registered, rule
from objects import OBJECTS, changes, collection, made
from outcomes import denied
from serving import ROOT, wait_until_equal
from world import NAME, STRICT


def every_write_is_asked_about(world):
    for kind in OBJECTS:
        space, path = f"asked-{kind.lower()}", f"/asked/{kind}"
        with namespace(space), world.serving(STRICT) as kubevet:
            recorded = hook("record.example.com", world.recorder.url(path), world.authority, space)
            with registered(world.recorder, hook(NAME, kubevet.url, world.authority, space), recorded):
                expected = write_everything(kind, space)
            # A write is first tried, and asked about, against the old object of a cache, and once more if that
            # turns out to be outdated, or to change meanwhile.
            told = list({said[:-1]: said for said in map(asked, world.recorder.asked(path))}.values())
            assert told == expected, "\n".join(map(str, ["asked:", *told, "expected:", *expected]))
            # kubevet was asked the same, by controllers, too.
            requests = world.recorder.requests[path]
            reviews = "kubevet_reviews_total"
            wait_until_equal(lambda: (kubevet.metrics(reviews), collections.Counter(map(decided, requests))))
            assert not kubevet.metrics("kubevet_disagreements_total")


def decided(request):
    """The labels by which kubevet counts its decision about a request that nothing is wrong with."""
    if request["operation"] == "DELETE":
        return 'decision="passed",why="operation"'
    if "deletionTimestamp" in request["object"]["metadata"]:
        return 'decision="passed",why="deleting"'
    return 'decision="allowed"'


def asked(request):
    """What a request says: its operation, kind, name, options, whether it is a dry run, and for each of the
    new and the old object whether it is there, or the `step` that it tells of."""
    objects = [request[name] and request[name]["metadata"].get("annotations", {}) for name in ("object", "oldObject")]
    steps = [said if said is None else said.get("step", True) for said in objects]
    kind, options = request["kind"]["kind"], request["options"]["kind"]
    return (request["operation"], kind, request.get("name", ""), options, request["dryRun"], *steps)


def write_everything(kind, space):
    """Writes an object in all ways, and returns what the webhook is to be asked."""
    path = collection(kind, space)
    expected = []

    def step(asked, *arguments):
        operation, name, dry, *objects = asked
        done(ask(*arguments))
        # Patches, too: the options are those of what they come to.
        expected.append((operation, kind, name, f"{operation.capitalize()}Options", dry, *objects))

    step(("CREATE", "web", True, True, None), "POST", f"{path}?dryRun=All", made(kind, "web"))
    assert ask("GET", f"{path}/web").code == 404
    step(("CREATE", "web", False, True, None), "POST", path, made(kind, "web"))
    before = True
    for what in changes(kind, space, {}):
        step(("UPDATE", "web", False, what, before), *changes(kind, space, {"step": what})[what])
        before = what
    applied = (f"{path}/other?fieldManager=any", made(kind, "other"), APPLY)
    step(("CREATE", "other", False, True, None), "PATCH", *applied)
    step(("DELETE", "web", True, None, before), "DELETE", f"{path}/web?dryRun=All")
    step(("DELETE", "web", False, None, before), "DELETE", f"{path}/web")
    return expected


def every_object_of_a_collection_is_asked_about(world):
    for kind in OBJECTS:
        space, path = f"collection-{kind.lower()}", f"/collection/{kind}"
        with namespace(space):
            for name in ("one", "other"):
                done(ask("POST", collection(kind, space), made(kind, name)))
            recorded = hook("record.example.com", world.recorder.url(path), world.authority, space)
            with registered(world.recorder, recorded):
                for query in ("?dryRun=All", ""):
                    done(ask("DELETE", f"{collection(kind, space)}{query}"))
            told = sorted(map(asked, world.recorder.asked(path)), key=lambda said: not said[4])
            deleted = [
                ("DELETE", kind, "", "DeleteOptions", dry, None, True) for dry in (True, True, False, False)
            ]
            assert told == deleted, told
            # Only the objects have names.
            names = [request["oldObject"]["metadata"]["name"] for request in world.recorder.asked(path)]
            assert sorted(names) == ["one", "one", "other", "other"], names


def parts_are_asked_about_by_their_own_names(world):
    """A rule for `deployments` isn't one for their scale; asked about that, kubevet lets it pass."""
    for kind in ("Deployment", "StatefulSet"):
        space, resource = f"parts-{kind.lower()}", f"{kind.lower()}s"
        paths = {what: f"/parts/{kind}/{what}" for what in ("whole", "scale", "status")}
        rules = {what: [rule("apps", resource if what == "whole" else f"{resource}/{what}")] for what in paths}
        with world.judged(space, STRICT, before=[made(kind, "web")], rules=rules["scale"]) as kubevet:
            hooks = [
                hook(f"{what}.example.com", world.recorder.url(path), world.authority, space, rules=rules[what])
                for what, path in paths.items()
            ]
            with registered(world.recorder, *hooks):
                web = f"{collection(kind, space)}/web"
                scaled = {"spec": {"replicas": 1}}
                done(ask("PATCH", f"{web}/scale", scaled, MERGE))
                scale = {"kind": "Scale", "metadata": {"name": "web", "namespace": space}, "spec": {"replicas": 0}}
                done(ask("PUT", f"{web}/scale", {"apiVersion": "autoscaling/v1", **scale}))
                world.kubectl("scale", f"--namespace={space}", f"{kind}/web", "--replicas=1").check_returncode()
                done(ask("PATCH", f"{web}/status", {"status": {}}, MERGE))
                done(ask("PATCH", web, scaled, MERGE))
            passed = kubevet.metrics("kubevet_reviews_total")
            scales = [request["subResource"] for request in world.recorder.asked(paths["scale"])]
        told = {what: {asked(request)[:2] for request in world.recorder.asked(path)} for what, path in paths.items()}
        parts = {"whole": {("UPDATE", kind)}, "scale": {("UPDATE", "Scale")}, "status": {("UPDATE", kind)}}
        assert told == parts, told
        # At least once each: a write may be tried again.
        assert set(scales) == {"scale"} and len(scales) >= 3, scales
        assert passed == {'decision="passed",why="subresource"': len(scales)}, passed


def names_are_made_before_the_webhook_is_asked(world):
    for kind in OBJECTS:
        space, path = f"names-{kind.lower()}", f"/names/{kind}"
        document = made(kind, "any")
        document["metadata"] = {"generateName": "web-"}
        recorded = hook("record.example.com", world.recorder.url(path), world.authority, space)
        with namespace(space), registered(world.recorder, recorded):
            stored = done(ask("POST", collection(kind, space), document)).body["metadata"]["name"]
        (request,) = world.recorder.asked(path)
        assert request["name"] == request["object"]["metadata"]["name"] == stored, request


def what_the_server_rejects_is_not_asked_about(world):
    """By its own validation, which is why kubevet has no say in what that says."""
    wrong = {"Service": {"ports": [{"port": 0}]}, "PersistentVolumeClaim": {"accessModes": []}}
    for kind in OBJECTS:
        space, path = f"rejected-{kind.lower()}", f"/rejected/{kind}"
        recorded = hook("record.example.com", world.recorder.url(path), world.authority, space)
        with namespace(space):
            done(ask("POST", collection(kind, space), made(kind, "web")))
            with registered(world.recorder, recorded):
                document = made(kind, "other", **wrong.get(kind, {"replicas": -1}))
                created = ask("POST", collection(kind, space), document)
                document["metadata"]["name"] = "web"
                updated = ask("PUT", f"{collection(kind, space)}/web", document)
        assert (created.code, updated.code) == (422, 422), f"{created} {updated}"
        assert world.recorder.asked(path) == []


def the_manifests_ask_about_no_more_than_is_judged(world):
    """The webhook as `deploy` has it, but for where it is."""
    manifest = ROOT / "deploy" / "base" / "webhook.yaml"
    ran = world.kubectl("create", "--dry-run=client", "--output=json", f"--filename={manifest}")
    (deployed,) = json.loads(ran.stdout)["webhooks"]
    with namespace("deployed"):
        place = hook(NAME, world.recorder.url("/deployed"), world.authority, "deployed")
        selector = {**deployed["namespaceSelector"], **place["namespaceSelector"]}
        asking = {**deployed, "clientConfig": place["clientConfig"], "namespaceSelector": selector}
        expected = []
        with registered(world.recorder, asking):
            for kind in OBJECTS:
                expected += [said for said in write_everything(kind, "deployed") if said[0] != "DELETE"]
                if kind in ("Deployment", "StatefulSet"):
                    other = f"{collection(kind, 'deployed')}/other"
                    done(ask("PATCH", f"{other}/scale", {"spec": {"replicas": 1}}, MERGE))
                    done(ask("PATCH", f"{other}/status", {"status": {}}, MERGE))
                done(ask("DELETE", collection(kind, "deployed")))
    told = list({said[:-1]: said for said in map(asked, world.recorder.asked("/deployed"))}.values())
    assert told == expected, told


def what_is_as_large_as_can_be_is_judged(world):
    """A request may have 3 MiB, and what is stored at most 1.5."""
    mib = 1 << 20
    path = collection("Deployment", "large")
    with world.judged("large", STRICT, before=[padded(mib)]):
        denied(ask("POST", f"{path}?dryRun=All", padded(3 * mib - 4096, "other", paused=True)), "spec.paused")
        denied(ask("PUT", f"{path}/web?dryRun=All", padded(3 * mib - 4096, paused=True)), "spec.paused")
        done(ask("PUT", f"{path}/web?dryRun=All", padded(3 * mib - 4096)))


def padded(size, name="web", **spec):
    document = made("Deployment", name, **spec)
    document["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "PADDING", "value": "x" * size}]
    return document
