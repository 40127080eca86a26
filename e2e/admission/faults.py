"""What the API server makes of a kubevet that gives no decision: the failure policy, and back again."""

import contextlib
import signal

from api import ask, done, hook, namespace, registered
from objects import collection, made
from outcomes import denied
from serving import PATIENCE_SECONDS, Authority
from world import NAME, STRICT

FAILED_OPEN = "failed-open.validating.webhook.admission.k8s.io/round_0_index_0"


def a_fault_of_kubevet_leaves_it_to_the_failure_policy(world):
    with world.serving(STRICT) as kubevet:
        elsewhere = kubevet.url.replace("/validate", "/elsewhere")
        without_decision(world, "fault", elsewhere, world.authority, "there is nothing here")
    with world.serving(STRICT, "--no-cluster", "--client-ca", world.authority.certificate) as kubevet:
        why = "a review takes a client certificate"
        without_decision(world, "unauthorized", kubevet.url, world.authority, why)
        kubevet.logged("no decision", reason="Unauthorized", why=why)


def whom_the_server_does_not_trust_leaves_it_to_the_failure_policy(world):
    other = Authority(world.folder, "other")
    with world.serving(STRICT) as kubevet:
        without_decision(world, "untrusted", kubevet.url, other, "x509: certificate signed by unknown authority")
        assert kubevet.metrics("kubevet_handshakes_failed_total")[""] > 0


def who_is_gone_leaves_it_to_the_failure_policy(world):
    with world.serving(STRICT) as kubevet:
        pass
    without_decision(world, "gone", kubevet.url, world.authority, "connect: connection refused")


def who_is_too_slow_leaves_it_to_the_failure_policy(world):
    with world.serving(STRICT) as kubevet:
        with stopped(kubevet):
            without_decision(world, "slow", kubevet.url, world.authority, "context deadline exceeded", timeoutSeconds=1)


def without_decision(world, space, url, authority, why, **more):
    """Holds requests, bad or not, to be refused or let by, as the policy has it."""
    path = collection("Deployment", space)
    sound, bad = made("Deployment", "sound"), made("Deployment", "bad", paused=True)
    with namespace(space):
        with registered(world.recorder, hook(NAME, url, authority, space, failurePolicy="Fail", **more)):
            for document in (sound, bad):
                answer = ask("POST", path, document)
                assert (answer.code, answer.body["reason"]) == (500, "InternalError"), answer
                begin = f'Internal error occurred: failed calling webhook "{NAME}": '
                said = answer.body["message"]
                assert said.startswith(begin) and why in said, said
            assert ask("GET", f"{path}/sound").code == 404
        with registered(world.recorder, hook(NAME, url, authority, space, failurePolicy="Ignore", **more)):
            before = failed_open()
            for document in (sound, bad):
                answer = done(ask("POST", path, document))
                assert (answer.warnings, answer.annotations()[FAILED_OPEN]) == ([], NAME), answer.annotations()
            assert failed_open() >= before + 2, failed_open()


def failed_open():
    """How often the API server has let something by."""
    lines = ask("GET", "/metrics").body["message"].splitlines()
    begin = f'apiserver_admission_webhook_fail_open_count{{name="{NAME}",'
    return sum(float(line.split()[-1]) for line in lines if line.startswith(begin))


def a_decision_is_none_of_the_failure_policy_s_business(world):
    """And who comes back, decides again, on the connections that there were."""
    with world.judged("decided", STRICT, failurePolicy="Ignore", timeoutSeconds=1) as kubevet:
        path = f"{collection('Deployment', 'decided')}?dryRun=All"
        paused = made("Deployment", "web", paused=True)
        denied(ask("POST", path, paused), "spec.paused")
        with stopped(kubevet):
            done(ask("POST", path, paused))
        denied(ask("POST", path, paused), "spec.paused")


@contextlib.contextmanager
def stopped(kubevet):
    kubevet.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        kubevet.signal(signal.SIGCONT)


def who_is_told_to_stop_still_answers(world):
    """As long as the API server may not know; a second signal ends it."""
    path = f"{collection('Deployment', 'stopping')}?dryRun=All"
    paused = made("Deployment", "web", paused=True)
    with world.judged("stopping", STRICT, "--no-cluster", "--drain-delay=600") as kubevet:
        denied(ask("POST", path, paused), "spec.paused")
        kubevet.signal(signal.SIGTERM)
        kubevet.logged("stopping")
        for _ in range(20):
            denied(ask("POST", path, paused), "spec.paused")
        kubevet.signal(signal.SIGTERM)
        kubevet.logged("stopped at once")
        kubevet.process.wait(PATIENCE_SECONDS)
        assert ask("POST", path, paused).code == 500
