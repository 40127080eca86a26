"""What comes of kubevet's answers: who is denied, warned or written down, and what is let go."""

import json

from api import APPLY, MERGE, ask, done
from objects import BAD, BAD_FIELD, OBJECTS, TEMPLATE, changes, collection, made
from serving import wait_for
from world import MINOR, NAME, STRICT

PAUSED = "the Deployment is paused, so it makes no pods and rolls out no change"


def every_write_is_denied_with_its_causes(world):
    with world.judged("denied", STRICT) as kubevet:
        for kind in OBJECTS:
            path = collection(kind, "denied")
            denied(ask("POST", path, made(kind, "web", BAD)), BAD_FIELD)
            denied(ask("POST", f"{path}?dryRun=All", made(kind, "web", BAD)), BAD_FIELD)
            denied(ask("PATCH", f"{path}/web?fieldManager=any", made(kind, "web", BAD), APPLY), BAD_FIELD)
            assert ask("GET", f"{path}/web").code == 404
            done(ask("POST", path, made(kind, "web")))
            for arguments in changes(kind, "denied", BAD).values():
                denied(ask(*arguments), BAD_FIELD)
            stored = done(ask("GET", f"{path}/web")).body["metadata"]
            assert BAD.keys().isdisjoint(stored.get("annotations", {})), stored
        # More than once each where the old object of the first try was outdated.
        assert kubevet.metrics("kubevet_reviews_total")['decision="denied"'] >= 8 * len(OBJECTS)
        logged = kubevet.logged("denied", kind="Service", operation="CREATE", dryRun=True, name="web")
        assert [finding["field"] for finding in logged["findings"]] == [BAD_FIELD], logged


def denied(answer, *fields):
    """Holds an answer to be kubevet's denial because of these fields."""
    causes = answer.body.get("details", {}).get("causes", [])
    assert (answer.code, answer.body["reason"]) == (403, "Forbidden"), answer
    assert [cause["field"] for cause in causes] == list(fields), answer.body
    assert answer.body["message"].startswith(f'admission webhook "{NAME}" denied the request: kubevet denies '), answer


def a_denial_arrives_as_it_was_said(world):
    probe = {"httpGet": {"path": "/", "port": "admin"}}
    template = {**TEMPLATE, "spec": {"containers": [{**TEMPLATE["spec"]["containers"][0], "livenessProbe": probe}]}}
    field = "spec.template.spec.containers[0].livenessProbe.httpGet.port"
    with world.judged("said", STRICT):
        deployment = made("Deployment", "web", template=template, paused=True)
        answer = ask("POST", collection("Deployment", "said"), deployment)
        causes = answer.body["details"].pop("causes")
        assert [(cause["reason"], cause["field"]) for cause in causes] == [
            ("undeclared-probe-port", field),
            ("paused-at-creation", "spec.paused"),
        ], causes
        assert answer.body["details"] == {"name": "web", "group": "apps", "kind": "Deployment"}, answer.body
        lines = [f'admission webhook "{NAME}" denied the request: kubevet denies Deployment/web in said:']
        lines += [f"- {cause['field']}: {cause['message']} ({cause['reason']})" for cause in causes]
        repeat = f"kubevet lint --kubernetes-version {MINOR} --select paused-at-creation,undeclared-probe-port FILE"
        assert answer.body["message"].split("\n") == [*lines, f"to see the same offline: {repeat}"], answer
        stateful = made("StatefulSet", "web", updateStrategy={"rollingUpdate": {"partition": 3}}, replicas=2)
        partition = "spec.updateStrategy.rollingUpdate.partition"
        denied(ask("POST", collection("StatefulSet", "said"), stateful), partition)


def an_update_answers_for_what_it_brings(world):
    """And deletion, scaling and the controllers' own writes aren't held up by what was there."""
    before = [made(kind, "web", BAD, **({"paused": True} if kind == "Deployment" else {})) for kind in OBJECTS]
    with world.judged("brought", STRICT, before=before):
        for kind in OBJECTS:
            web = f"{collection(kind, 'brought')}/web"
            for arguments in changes(kind, "brought", {**BAD, "any": "thing"}).values():
                said = done(ask(*arguments)).warnings
                assert any("bad-suppression" in warning for warning in said), f"{arguments}: {said}"
            more = {"allow.kubevet.dev/undeclared-probe-port": ""}
            for arguments in changes(kind, "brought", {**BAD, **more}).values():
                denied(ask(*arguments), f"metadata.annotations[{next(iter(more))}]")
            if kind in ("Deployment", "StatefulSet"):
                done(ask("PATCH", web, {"spec": {"replicas": 1}}, MERGE))
                done(ask("PATCH", f"{web}/scale", {"spec": {"replicas": 0}}, MERGE))
            done(ask("DELETE", web))


def what_is_being_deleted_passes(world):
    with world.judged("deleting", STRICT) as kubevet:
        for kind in OBJECTS:
            document = made(kind, "web")
            document["metadata"]["finalizers"] = ["example.com/any"]
            web = f"{collection(kind, 'deleting')}/web"
            done(ask("POST", collection(kind, "deleting"), document))
            done(ask("DELETE", web))
            # What comes with it would be denied otherwise.
            done(ask("PATCH", web, {"metadata": {"annotations": BAD, "finalizers": None}}, MERGE))
            wait_for("the end", lambda: ask("GET", web).code == 404)
        assert kubevet.metrics("kubevet_reviews_total")['decision="passed",why="deleting"'] >= len(OBJECTS)


def a_dry_run_is_judged_and_stores_nothing(world):
    with world.judged("dry", "") as kubevet:
        for kind in OBJECTS:
            path = collection(kind, "dry")
            said = done(ask("POST", f"{path}?dryRun=All", made(kind, "web", BAD))).warnings
            assert len(said) == 1 and "bad-suppression" in said[0], said
            assert ask("GET", f"{path}/web").code == 404
        assert kubevet.metrics("kubevet_dry_runs_total")[""] == len(OBJECTS)


def kubectl_prints_warnings_and_denials(world):
    text = json.dumps(made("Deployment", "web", BAD, paused=True))
    for space, config, expected in (
        ("printed", "", f"Warning: kubevet paused-at-creation: spec.paused: {PAUSED}\n"),
        ("refused", "rules: {paused-at-creation: error}", f"- spec.paused: {PAUSED} (paused-at-creation)\n"),
    ):
        with world.judged(space, config):
            apply = ["apply", f"--namespace={space}", "--filename=-"]
            ways = ("--dry-run=server", "--server-side=true", "--server-side=false")
            runs = [world.kubectl(*apply, how, text=text) for how in ways]
        for ran in runs:
            assert expected in ran.stderr and "Warning: kubevet bad-suppression: metadata" in ran.stderr, ran.stderr
            assert (ran.returncode == 0) == (space == "printed"), ran
            assert space == "printed" or f'admission webhook "{NAME}" denied the request' in ran.stderr, ran.stderr


def more_warnings_than_three_are_counted(world):
    rules = ("duplicate-object", "missing-claim", "missing-secret", "overlapping-selectors", "paused-at-creation")
    annotations = {f"allow.kubevet.dev/{rule}": "" for rule in rules}
    with world.judged("counted", ""):
        said = done(ask("POST", collection("Service", "counted"), made("Service", "web", annotations))).warnings
    assert len(said) == 4 and said[3] == "kubevet: and 2 more", said


def what_is_only_audited_is_in_the_audit_log(world):
    with world.judged("audited", "admission: {actions: [{action: audit}]}"):
        for kind in OBJECTS:
            answer = done(ask("POST", collection(kind, "audited"), made(kind, "web", BAD)))
            annotations = answer.annotations()
            assert answer.warnings == [] and annotations[f"{NAME}/bad-suppression"].startswith(BAD_FIELD), annotations


def what_is_exempt_is_in_the_audit_log_with_its_reason(world):
    exemption = "{rules: [paused-at-creation], namespaces: [exempt], names: [we*], until: %s, reason: it moves}"
    strict = "rules: {paused-at-creation: error}\nadmission: {exemptions: [" + exemption + "]}"
    with world.judged("exempt", strict % "9999-12-31"):
        path = collection("Deployment", "exempt")
        answer = done(ask("POST", path, made("Deployment", "web", paused=True)))
        said = f"spec.paused: {PAUSED} (exempt until 9999-12-31: it moves)"
        assert answer.annotations()[f"{NAME}/paused-at-creation"] == said, answer.annotations()
        assert answer.warnings == [], answer
        denied(ask("POST", path, made("Deployment", "other", paused=True)), "spec.paused")
    with world.judged("no-longer", strict.replace("[exempt]", "[no-longer]") % "2026-01-01") as kubevet:
        path = collection("Deployment", "no-longer")
        denied(ask("POST", path, made("Deployment", "web", paused=True)), "spec.paused")
        assert kubevet.metrics("kubevet_exemptions_expired")[""] == 1


def what_an_annotation_allows_is_let_be(world):
    allowed = {"allow.kubevet.dev/paused-at-creation": "resumed by the release"}
    with world.judged("allowed", STRICT):
        path = collection("Deployment", "allowed")
        answer = done(ask("POST", path, made("Deployment", "web", allowed, paused=True)))
        ours = [key for key in answer.annotations() if key.startswith(NAME)]
        assert (answer.warnings, ours) == ([], []), answer
        # It was allowed as long as the annotation stood.
        denied(ask("PATCH", f"{path}/web", {"metadata": {"annotations": None}}, MERGE), "spec.paused")


def actions_differ_by_namespace(world):
    config = "admission: {actions: [{action: audit}, {action: deny, rules: [workload], namespaces: [strict-*]}]}"
    for space in ("strict-one", "lax"):
        with world.judged(space, config):
            answer = ask("POST", collection("Deployment", space), made("Deployment", "web", paused=True))
        denied(answer, "spec.paused") if space == "strict-one" else done(answer)


def a_changed_config_is_taken_over_and_a_bad_one_is_not(world):
    mount = world.mount(STRICT)
    path = f"{collection('Deployment', 'reloaded')}?dryRun=All"
    paused = made("Deployment", "web", paused=True)
    with world.judged("reloaded", mount) as kubevet:
        denied(ask("POST", path, paused), "spec.paused")
        mount.swap("rules: {paused-at-creation: warning}\n")
        kubevet.logged("replaced", what="config")
        assert len(done(ask("POST", path, paused)).warnings) == 1
        mount.swap("rules: {paused-at-creation: fatal}\n")
        why = kubevet.logged("kept the last good one", what="config")["why"]
        assert why.startswith(f"{mount.file}:1:29: "), why
        assert len(done(ask("POST", path, paused)).warnings) == 1
        mount.swap(STRICT)
        wait_for("the good one", lambda: kubevet.metrics("kubevet_reloads_total")[""] == 2)
        denied(ask("POST", path, paused), "spec.paused")
        assert kubevet.metrics("kubevet_reloads_failed_total")[""] == 1
