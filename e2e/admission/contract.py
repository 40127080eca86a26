"""What the API server does by itself, and the design relies on: the rows of the contract that need no kubevet,
and no less a real API server. The recorder answers here.

The names are those of the rows: what is asked (R) and what is answered (A).
"""

import base64
import concurrent.futures
import json
import os
import threading
import time
import urllib.request

from api import CONFIGURATIONS, MERGE, ask, done, hook, namespace, registered, rule
from objects import collection, made
from recorder import USER, denial, review
from serving import wait_for

GROUP = "/apis/admissionregistration.k8s.io"
# Longer than any webhook is waited for.
LONG_SECONDS = 40
SERVICE = made("Service", "web")


def created(space, document=SERVICE):
    return ask("POST", f"{collection('Service', space)}?dryRun=All", document)


def labelled(**labels):
    return {**SERVICE, "metadata": {"name": "web", "labels": labels}}


def condition(expression):
    return {"name": "condition", "expression": expression}


def r1_to_r9_say_what_is_asked(world):
    """A call of its own for each webhook, with the time that is left, in whole seconds, rounded up."""
    url = world.recorder.url("/r1")
    hooks = [hook(f"{name}.example.com", url, world.authority, "r1") for name in ("one", "other")]
    with namespace("r1"), registered(world.recorder, *hooks):
        for query in ("", "&timeout=2500ms"):
            done(ask("POST", f"{collection('Service', 'r1')}?dryRun=All{query}", SERVICE))
    asked = world.recorder.asked("/r1")
    assert [request["at"] for request in asked] == ["/r1?timeout=10s"] * 2 + ["/r1?timeout=3s"] * 2, asked
    assert len({request["uid"] for request in asked}) == 4, asked
    for request in asked:
        kind = {"group": "", "version": "v1", "kind": "Service"}
        resource = {"group": "", "version": "v1", "resource": "services"}
        expected = {
            "kind": kind,
            "requestKind": kind,
            "resource": resource,
            "requestResource": resource,
            "name": "web",
            "namespace": "r1",
            "operation": "CREATE",
            "oldObject": None,
            "dryRun": True,
            "userInfo": {"username": USER, "groups": ["system:masters", "system:authenticated"]},
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions", "dryRun": ["All"]},
        }
        told = {name: said for name, said in request.items() if name not in ("uid", "object", "at")}
        assert told == expected, told


def r6_asks_again_where_the_old_object_is_outdated(world):
    """A write is first tried on what a cache has. If that is outdated, what was said of it counts for nothing,
    be it yes or no."""
    for what, answer in (("yes", review), ("no", lambda request: denial(request, "no"))):
        space, path = f"r6-{what}", f"/r6/{what}"
        web = f"{collection('Service', space)}/web"

        def first(request, answer=answer, web=web):
            if request["object"]["metadata"]["labels"] != {"step": "outer"}:
                return review(request)
            # Somebody else writes before this is answered.
            done(ask("PATCH", web, {"metadata": {"labels": {"other": "inner"}}}, MERGE))
            return answer(request)

        with namespace(space):
            done(ask("POST", collection("Service", space), SERVICE))
            recorded = hook("r6.example.com", world.recorder.url(path, first), world.authority, space)
            with registered(world.recorder, recorded):
                written = done(ask("PATCH", web, {"metadata": {"labels": {"step": "outer"}}}, MERGE))
        both = {"step": "outer", "other": "inner"}
        assert written.body["metadata"]["labels"] == both, written.body
        asked = [request["object"]["metadata"]["labels"] for request in world.recorder.asked(path)]
        assert asked == [{"step": "outer"}, {"other": "inner"}, both], asked


def r12_skips_by_rules_then_selectors_then_conditions(world):
    """What doesn't match is not asked about, whatever else is wrong; a condition that fails is left to the
    failure policy, unless another one says no."""
    broken, no, yes = condition("object.spec.unknown == 1"), condition("false"), condition("true")
    selector = {"matchLabels": {"judged": "yes"}}
    services = [rule("", "services", operations=["CREATE"])]
    cases = [
        # What the webhook says of itself, whether it is asked, and the code of the answer.
        ("all-match", {}, True, 201),
        ("other-kind", {"rules": [rule("", "configmaps")]}, False, 201),
        ("other-operation", {"rules": [rule("", "services", operations=["UPDATE"])]}, False, 201),
        ("other-label", {"objectSelector": selector}, False, 201),
        ("other-namespace", {"namespaceSelector": selector}, False, 201),
        ("condition-true", {"matchConditions": [yes]}, True, 201),
        ("condition-false", {"matchConditions": [yes, {**no, "name": "no"}]}, False, 201),
        ("condition-fails", {"matchConditions": [broken]}, False, 403),
        ("condition-fails-ignored", {"matchConditions": [broken], "failurePolicy": "Ignore"}, False, 201),
        ("false-beats-failing", {"matchConditions": [broken, {**no, "name": "no"}]}, False, 201),
        ("selector-beats-failing", {"matchConditions": [broken], "objectSelector": selector}, False, 201),
        ("rule-beats-failing", {"matchConditions": [broken], "rules": [rule("", "configmaps")]}, False, 201),
    ]
    with namespace("r12"):
        for name, says, asked, code in cases:
            url = world.recorder.url(f"/r12/{name}")
            says = {"rules": services, **says}
            with registered(world.recorder, hook(f"{name}.example.com", url, world.authority, "r12", **says)):
                answer = created("r12")
            told = len(world.recorder.asked(f"/r12/{name}"))
            assert (told == 1, answer.code) == (asked, code), f"{name}: asked {told} times, {answer}"
    many = [{"name": f"c{number}", "expression": "true"} for number in range(65)]
    for conditions, code in ((many[:64], 201), (many, 422)):
        url = world.recorder.url("/r12/many")
        body = configuration("many", hook("many.example.com", url, world.authority, "r12", matchConditions=conditions))
        answer = ask("POST", f"{CONFIGURATIONS}?dryRun=All", body)
        assert answer.code == code, answer


def r12_bounds_what_conditions_cost(world):
    """A condition may cost a million, and all together two and a half; what costs more fails."""
    numbers = list(range(100))
    url = world.recorder.url("/r12/cost")
    with namespace("r12-cost"):
        # By the length of the innermost of three lists that are gone through: about 0.9 and 1.1 million.
        for length, times, why in ((10, 2, None), (10, 3, "out of cost budget"), (12, 1, "cost limit exceeded")):
            loops = f"{numbers}.all(a, {numbers}.all(b, {numbers[:length]}.all(c, a + b + c >= 0)))"
            conditions = [{"name": f"c{number}", "expression": loops} for number in range(times)]
            costly = hook("cost.example.com", url, world.authority, "r12-cost", matchConditions=conditions)
            with registered(world.recorder, costly):
                answer = created("r12-cost")
            if why is None:
                done(answer)
            else:
                assert answer.code == 403 and why in answer.body["message"], answer


def configuration(name, *hooks):
    return {"metadata": {"name": f"{name}.example.com"}, "webhooks": hooks}


def r13_asks_nobody_about_the_configuration_of_admission(world):
    url = world.recorder.url("/r13")
    policies = [rule("admissionregistration.k8s.io", "*"), rule("storage.k8s.io", "storageclasses")]
    matches = {"resourceRules": [rule("", "services")]}
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}
    bodies = {
        "validatingwebhookconfigurations": configuration("any"),
        "mutatingwebhookconfigurations": configuration("any"),
        "validatingadmissionpolicies": {
            "metadata": {"name": "any"},
            "spec": {"matchConstraints": matches, "validations": [{"expression": "true"}]},
        },
        "validatingadmissionpolicybindings": {
            "metadata": {"name": "any"},
            "spec": {"policyName": "any", "validationActions": ["Deny"]},
        },
        "mutatingadmissionpolicies": {
            "metadata": {"name": "any"},
            "spec": {
                "matchConstraints": matches,
                "mutations": [mutation],
                "reinvocationPolicy": "Never",
            },
        },
        "mutatingadmissionpolicybindings": {"metadata": {"name": "any"}, "spec": {"policyName": "any"}},
    }
    served = done(ask("GET", f"{GROUP}/v1")).body["resources"]
    served = {resource["name"] for resource in served if "create" in resource["verbs"]}
    assert "validatingwebhookconfigurations" in served and served <= bodies.keys(), served
    with registered(world.recorder, hook("all.example.com", url, world.authority, "r13", rules=policies)):
        for resource in sorted(served):
            done(ask("POST", f"{GROUP}/v1/{resource}?dryRun=All", bodies[resource]))
        # It would be asked if it were anything else.
        storage = {"metadata": {"name": "any"}, "provisioner": "example.com/any"}
        done(ask("POST", "/apis/storage.k8s.io/v1/storageclasses?dryRun=All", storage))
    assert [request["kind"]["kind"] for request in world.recorder.asked("/r13")] == ["StorageClass"]


def r14_asks_all_at_once_and_tells_the_first_denial(world):
    """First is who answers first, wherever it stands."""
    for number, order in enumerate((("quick", "slow"), ("slow", "quick"))):
        space, asked = f"r14-{number}", threading.Event()

        def quick(request, asked=asked):
            asked.set()
            return denial(request, "the quick one says no")

        def slow(request, asked=asked):
            # It answers only because the other one is asked meanwhile.
            assert asked.wait(LONG_SECONDS)
            time.sleep(2)
            return denial(request, "the slow one says no")

        answers = {"quick": quick, "slow": slow}
        paths = {name: f"/r14/{number}/{name}" for name in answers}
        hooks = [
            hook(f"{name}.example.com", world.recorder.url(paths[name], answers[name]), world.authority, space)
            for name in order
        ]
        with namespace(space), registered(world.recorder, *hooks):
            answer = created(space)
        said = answer.body["message"]
        assert said == 'admission webhook "quick.example.com" denied the request: the quick one says no', said
        assert [len(world.recorder.asked(path)) for path in paths.values()] == [1, 1]


def a1_to_a6_take_what_is_no_answer_for_a_failed_call(world):
    def said(**of_review):
        return lambda request: (200, json.dumps({**json.loads(review(request)[1]), **of_review}).encode())

    def coded(code):
        return lambda request: (code, review(request)[1])

    def of_type(media):
        return lambda request: (*review(request), {"Content-Type": media})

    status = {"apiVersion": "v1", "kind": "Status", "status": "Failure", "message": "it says why"}
    invalid, failed = "received invalid webhook response: ", "failed to call webhook: "
    cases = {
        "a1-version": (said(apiVersion="admission.k8s.io/v1beta1"), f"{failed}converting (v1beta1.AdmissionReview)"),
        "a1-kind": (said(kind="Review"), f'{failed}no kind "Review" is registered'),
        "a1-uid": (lambda _: review({"uid": "other"}), f"{invalid}expected response.uid="),
        "a2-null": (said(response=None), f"{invalid}webhook response was absent"),
        "a2-empty": (lambda _: (204, b""), f"{failed}0-length response with status code: 204"),
        "a3-status": (lambda _: (500, json.dumps(status).encode()), f"{failed}it says why"),
        "a3-text": (lambda _: (500, b"it says why"), f"{failed}an error on the server"),
        "a3-206": (coded(206), None),
        "a3-207": (coded(207), f"{failed}the server responded with the status code 207"),
        "a3-300": (coded(300), f"{failed}the server responded with the status code 300"),
        # Any type is read as JSON, if it is one.
        "a5-none": (of_type(None), None),
        "a5-other": (of_type("text/plain"), None),
        "a5-broken": (of_type("/"), f"{failed}"),
        "a6-patch": (lambda request: review(request, patch="W10="), f"{invalid}validating webhook may not return"),
        "a6-type": (lambda request: review(request, patchType="JSONPatch"), f"{invalid}validating webhook may not"),
    }
    hooks = [
        hook(
            f"{name}.example.com",
            world.recorder.url(f"/{name}", answer),
            world.authority,
            "a1-a6",
            objectSelector={"matchLabels": {"case": name}},
        )
        for name, (answer, _) in cases.items()
    ]
    with namespace("a1-a6"), registered(world.recorder, *hooks):
        for name, (_, why) in cases.items():
            answer = created("a1-a6", labelled(case=name))
            begin = f'Internal error occurred: failed calling webhook "{name}.example.com": {why}'
            if why is None:
                done(answer)
            else:
                assert answer.code == 500 and answer.body["message"].startswith(begin), answer


def a4_asks_again_when_it_is_told_when(world):
    """At most ten times more."""
    tries = []

    def busy(request):
        tries.append(request)
        return review(request) if len(tries) == 3 else (429, b"", {"Retry-After": "1"})

    def never(request):
        tries.append(request)
        return 503, b"", {"Retry-After": "0"}

    with namespace("a4"):
        for answer, code, times in ((busy, 201, 3), (never, 500, 11)):
            tries.clear()
            url = world.recorder.url("/a4", answer)
            with registered(world.recorder, hook("a4.example.com", url, world.authority, "a4", timeoutSeconds=30)):
                said = created("a4")
            assert (said.code, len(tries)) == (code, times), f"{len(tries)}: {said}"
            # It is the same call, with the same name.
            assert len({request["uid"] for request in tries}) == 1


def a7_to_a10_pass_on_what_they_take(world):
    causes = [{"reason": "b", "message": "c", "field": "a"}]
    invalid = {"status": "Success", "message": "m", "code": 422, "reason": "Invalid", "details": {"causes": causes}}
    long = [f"{number:02}" + "x" * 400 for number in range(30)]
    cases = {
        # What the response says, the code of the answer, and what it says.
        "a7-code": ({"allowed": False, "status": {"code": 200, "message": "m"}}, 400, "denied the request: m"),
        "a7-silent": ({"allowed": False}, 400, "denied the request without explanation"),
        "a7-reason": ({"allowed": False, "status": {"reason": "Gone"}}, 400, "denied the request: Gone"),
        "a7-causes": ({"allowed": False, "status": invalid}, 422, "denied the request: m"),
        "a8-status": ({"status": {"status": "Failure", "code": 500}}, 201, []),
        "a9-once": ({"warnings": ["same", "same", "", "other"]}, 201, ["same", "other"]),
        "a9-control": ({"warnings": ["first", "a\x07bell"]}, 201, ["first"]),
        "a9-few": ({"warnings": long[:10]}, 201, long[:10]),
        "a9-many": ({"warnings": long}, 201, [text[:256] for text in long[:16]]),
        "a10-keys": ({"auditAnnotations": {"ok": "said", "a/b": "lost", "-": "lost", "x" * 64: "lost"}}, 201, []),
    }
    with namespace("a7-a10"):
        for name, (says, code, expected) in cases.items():
            url = world.recorder.url(f"/{name}", lambda request, says=says: review(request, **says))
            with registered(world.recorder, hook(f"{name}.example.com", url, world.authority, "a7-a10")):
                answer = created("a7-a10")
            if code == 201:
                assert (answer.code, answer.warnings) == (code, expected), f"{name}: {answer}"
            else:
                said = f'admission webhook "{name}.example.com" {expected}'
                assert (answer.code, answer.body["message"]) == (code, said), f"{name}: {answer}"
            if name == "a7-causes":
                told = {key: answer.body[key] for key in ("status", "reason", "details")}
                assert told == {"status": "Failure", "reason": "Invalid", "details": {"causes": causes}}, told
            if name == "a10-keys":
                ours = {key: text for key, text in answer.annotations().items() if key.startswith(name)}
                assert ours == {f"{name}.example.com/ok": "said"}, ours


def a11_refuses_dry_runs_where_a_webhook_has_side_effects(world):
    """The API takes no such webhook any more; one that older versions stored makes it refuse before any call."""
    url = world.recorder.url("/a11")
    harmful = hook("a11.example.com", url, world.authority, "a11", sideEffects="Some")
    answer = ask("POST", CONFIGURATIONS, configuration("a11", harmful))
    assert answer.code == 422 and "sideEffects" in answer.body["message"], answer
    body = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "a11.example.com", "uid": "a11", "creationTimestamp": "2020-01-01T00:00:00Z"},
        "webhooks": [harmful],
    }
    with namespace("a11"):
        store("validatingwebhookconfigurations/a11.example.com", body)
        try:
            answer = wait_for("a refusal", lambda: (said := created("a11")).code != 201 and said)
            assert (answer.code, answer.body["reason"]) == (400, "BadRequest"), answer
            assert answer.body["message"] == 'admission webhook "a11.example.com" does not support dry run', answer
            assert world.recorder.asked("/a11") == []
            done(ask("POST", collection("Service", "a11"), SERVICE))
            assert len(world.recorder.asked("/a11")) == 1
        finally:
            done(ask("DELETE", f"{CONFIGURATIONS}/a11.example.com"))
    for effects in ("None", "NoneOnDryRun"):
        space = f"a11-{effects.lower()}"
        says = {"sideEffects": effects}
        with namespace(space), registered(world.recorder, hook("a11.example.com", url, world.authority, space, **says)):
            done(created(space))
            assert world.recorder.asked("/a11")[-1]["dryRun"] is True


def store(key, document):
    """Puts an object where the API server finds it, past the API."""
    pair = {"key": f"/registry/{key}", "value": json.dumps(document)}
    body = json.dumps({name: base64.b64encode(text.encode()).decode() for name, text in pair.items()})
    with urllib.request.urlopen(f"{os.environ['KUBEVET_ETCD']}/v3/kv/put", body.encode(), timeout=30):
        pass


def a12_waits_as_long_as_the_webhook_says(world):
    for seconds, code in ((0, 422), (1, 201), (30, 201), (31, 422)):
        url = world.recorder.url("/a12")
        body = configuration("a12", hook("a12.example.com", url, world.authority, "a12", timeoutSeconds=seconds))
        answer = ask("POST", f"{CONFIGURATIONS}?dryRun=All", body)
        assert answer.code == code, f"{seconds}: {answer}"
    released = threading.Event()

    def late(request):
        released.wait(LONG_SECONDS)
        return review(request)

    with namespace("a12"):
        unsaid = hook("a12.example.com", world.recorder.url("/a12/unsaid"), world.authority, "a12")
        del unsaid["timeoutSeconds"]
        with registered(world.recorder, unsaid):
            done(created("a12"))
        url = world.recorder.url("/a12/late", late)
        with registered(world.recorder, hook("a12.example.com", url, world.authority, "a12", timeoutSeconds=1)):
            begun = time.monotonic()
            answer = created("a12")
            took = time.monotonic() - begun
            released.set()
    assert answer.code == 500 and answer.body["message"].endswith("context deadline exceeded"), answer
    assert 1 <= took < LONG_SECONDS / 2, took
    at = [world.recorder.asked(path)[0]["at"] for path in ("/a12/unsaid", "/a12/late")]
    assert at == ["/a12/unsaid?timeout=10s", "/a12/late?timeout=1s"], at


def a13_leaves_failed_calls_to_the_failure_policy(world):
    """And the audit log says which webhook was passed over."""
    sound, broken = world.recorder.url("/a13"), world.recorder.url("/a13/broken", lambda _: (500, b"no review"))
    with namespace("a13"):
        for policy in ("Fail", "Ignore"):
            hooks = [
                hook(f"{name}.example.com", url, world.authority, "a13", failurePolicy=policy)
                for name, url in (("first", sound), ("second", broken), ("third", sound))
            ]
            with registered(world.recorder, *hooks):
                answer = created("a13")
            if policy == "Fail":
                assert (answer.code, answer.body["reason"]) == (500, "InternalError"), answer
                begin = 'Internal error occurred: failed calling webhook "second.example.com": '
                assert answer.body["message"].startswith(begin), answer
            else:
                begin = "failed-open.validating.webhook.admission.k8s.io/"
                annotations = done(answer).annotations().items()
                passed = {key: said for key, said in annotations if key.startswith(begin)}
                assert passed == {f"{begin}round_0_index_1": "second.example.com"}, passed


def a14_reads_an_answer_of_any_size(world):
    def long(request):
        code, body = review(request, warnings=["it is read to the end"])
        return code, b" " * (8 << 20) + body

    url = world.recorder.url("/a14", long)
    with namespace("a14"), registered(world.recorder, hook("a14.example.com", url, world.authority, "a14")):
        assert done(created("a14")).warnings == ["it is read to the end"]


def a15_asks_as_often_as_it_is_asked(world):
    """All of these are in hand at once: with the limit of other clients, 5 a second after the first 10, the last
    would come 38 s after the first."""
    times = 200
    barrier = threading.Barrier(times)

    def together(request):
        barrier.wait(LONG_SECONDS)
        return review(request)

    url = world.recorder.url("/a15", together)
    with namespace("a15"):
        with registered(world.recorder, hook("a15.example.com", url, world.authority, "a15", timeoutSeconds=30)):
            with concurrent.futures.ThreadPoolExecutor(times) as pool:
                answers = list(pool.map(lambda _: created("a15"), range(times)))
    assert {answer.code for answer in answers} == {201}, answers
