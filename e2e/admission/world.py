"""What checks share, and what each of them begins with."""

import contextlib
import os
import subprocess

import cluster
from api import ask, done, hook, namespace, registered
from objects import collection
from recorder import USER, Recorder
from serving import Authority, Mount, Serving, built

MINOR = os.environ["KUBEVET_MINOR"]
NAME = "validate.kubevet.dev"
# All that can be denied of one object.
STRICT = """
rules: {bad-suppression: error, duplicate-claim-template: error, partition-holds-all-pods: error,
  paused-at-creation: error, undeclared-probe-port: error}
"""


class World:
    """What checks share: who signs, the recorder, a folder, and the program."""

    def __init__(self, folder):
        self.folder, self.program, self.mounts = folder, built(), 0
        self.authority = Authority(folder, "authority")
        self.recorder = Recorder(self.authority)

    def __enter__(self):
        self.recorder.__enter__()
        return self

    def __exit__(self, *_):
        self.recorder.__exit__()

    def mount(self, config):
        self.mounts += 1
        return Mount(self.folder / f"mount-{self.mounts}", ".kubevet.yaml", config)

    def serving(self, config, *arguments):
        """kubevet, with the text of a config or the mount of one, and `--no-cluster` unless there are other
        arguments."""
        mount = self.mount(config) if isinstance(config, str) else config
        arguments = arguments or ["--no-cluster"]
        return Serving(self.program, self.authority, mount.file, "--kubernetes-version", MINOR, *arguments)

    @contextlib.contextmanager
    def judged(self, space, config, *arguments, before=(), **more):
        """kubevet, as the webhook of a new namespace; `before` are objects that are there already, `more` is said
        of the webhook."""
        with namespace(space), self.serving(config, *arguments) as kubevet:
            for document in before:
                done(ask("POST", collection(document["kind"], space), document))
            with registered(self.recorder, hook(NAME, kubevet.url, self.authority, space, **more)):
                yield kubevet

    def kubectl(self, *arguments, text=None):
        """Runs kubectl, and returns what it ends with, prints and complains of."""
        command = [cluster.built("clients") / "kubectl", f"--as={USER}", "--as-group=system:masters", *arguments]
        return subprocess.run(command, input=text, capture_output=True, text=True)
