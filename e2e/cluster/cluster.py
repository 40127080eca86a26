"""A Kubernetes control plane on this machine, without containers: etcd, kube-apiserver and, for a
whole cluster, kube-controller-manager, kube-scheduler and kwok as the kubelet of its nodes.

Used by `e2e/run`. What runs on the cluster lives beside it in suites.
"""

import json
import os
import pathlib
import re
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TOKEN = "kubevet"
READY_SECONDS = 60

# What kwok plays: nodes that answer, pods that run as soon as they have a node, and volumes for
# the claims of the class `kwok-volume`.
STAGES = ["node/fast", "node/heartbeat-with-lease", "pod/fast", "volume/fast"]

# Who changes what webhooks are asked about, and what they say to it.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {
            "level": "Metadata",
            "users": ["admin"],
            "verbs": ["create", "update", "patch", "delete", "deletecollection"],
            "resources": [
                {"group": "", "resources": ["services", "persistentvolumeclaims"]},
                {"group": "apps", "resources": ["deployments", "statefulsets"]},
            ],
        },
        {"level": "None"},
    ],
}

# Some nodes as clouds have them: three zones, and one that takes nothing without a toleration.
ZONES = ["a", "b", "c"]
ALLOCATABLE = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}


def minors():
    """The minors that are pinned here, oldest first; the one of KUBEBUILDER_ASSETS if that is set."""
    if "KUBEBUILDER_ASSETS" in os.environ:
        server = pathlib.Path(os.environ["KUBEBUILDER_ASSETS"], "kube-apiserver")
        said = subprocess.run([server, "--version"], check=True, capture_output=True, text=True).stdout
        return [re.search(r"v(1\.\d+)", said)[1]]
    pinned = [folder.name.removeprefix("kubernetes-") for folder in HERE.glob("kubernetes-*")]
    return sorted(pinned, key=lambda minor: int(minor.split(".")[1]))


def program(name, minor):
    """The path of a program: that of KUBEBUILDER_ASSETS, or else one that is built here."""
    given = pathlib.Path(os.environ.get("KUBEBUILDER_ASSETS", ""), name)
    if "KUBEBUILDER_ASSETS" in os.environ and given.exists():
        return given
    return built(name if name in ("etcd", "kwok") else f"kubernetes-{minor}") / name


def built(folder):
    """Where the programs are that a folder pins: its name here, or its path."""
    run = subprocess.run([HERE / "build", folder], check=True, stdout=subprocess.PIPE, text=True)
    return pathlib.Path(run.stdout.strip())


class Cluster:
    """A running control plane; `with Cluster("1.37", whole=False) as cluster` stops it at the end.

    Without `whole` there is only the API server, and none of its admission plugins: it says what
    decoding, defaulting and validation say, and takes objects in namespaces that aren't there. A whole
    one writes an audit log of who changes what webhooks are asked about.
    """

    def __init__(self, minor, whole):
        self.minor = minor
        self.whole = whole
        self.processes = []

    def __enter__(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="kubevet-e2e-")
        self.folder = pathlib.Path(self.temporary.name)
        self.audit_log = self.folder / "audit.log"
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    # --- Programs -------------------------------------------------------------------------------

    def start(self):
        self.start_etcd()
        self.start_server()
        if self.whole:
            for name in ("kube-controller-manager", "kube-scheduler"):
                self.start_controller(name)
            self.start_kwok()
            self.make_nodes()

    def start_etcd(self):
        clients, peers = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        self.etcd = clients
        self.run(
            "etcd",
            "--name=default",
            f"--data-dir={self.folder / 'data'}",
            f"--listen-client-urls={clients}",
            f"--advertise-client-urls={clients}",
            f"--listen-peer-urls={peers}",
            f"--initial-advertise-peer-urls={peers}",
            f"--initial-cluster=default={peers}",
            "--unsafe-no-fsync",
        )

    def start_server(self):
        port = free_port()
        self.server = f"https://127.0.0.1:{port}"
        key = self.folder / "accounts.key"
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        tokens = self.folder / "tokens.csv"
        tokens.write_text(f"{TOKEN},admin,admin,system:masters\n")
        options = [
            f"--etcd-servers={self.etcd}",
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            f"--secure-port={port}",
            f"--cert-dir={self.folder / 'certificates'}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-signing-key-file={key}",
            f"--service-account-key-file={key}",
            "--authorization-mode=RBAC",
            f"--token-auth-file={tokens}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--allow-privileged=true",
            "--endpoint-reconciler-type=none",
        ]
        if self.whole:
            policy = self.folder / "audit-policy.json"
            policy.write_text(json.dumps(AUDIT_POLICY))
            options += [f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}"]
        else:
            plugins = ",".join(default_plugins(program("kube-apiserver", self.minor)))
            options.append(f"--disable-admission-plugins={plugins}")
        self.run("kube-apiserver", *options)
        self.await_ready()
        self.kubeconfig = self.folder / "kubeconfig"
        self.kubeconfig.write_text(json.dumps(self.access()))

    def start_controller(self, name):
        access = [f"--{use}kubeconfig={self.kubeconfig}" for use in ("", "authentication-", "authorization-")]
        options = [
            "--bind-address=127.0.0.1",
            f"--secure-port={free_port()}",
            f"--cert-dir={self.folder / name}",
            "--leader-elect=false",
        ]
        if name == "kube-controller-manager":
            options.append(f"--service-account-private-key-file={self.folder / 'accounts.key'}")
            # A busy machine must not look like a lost node.
            options.append("--node-monitor-grace-period=1h")
        self.run(name, *access, *options)

    def start_kwok(self):
        stages = program("kwok", self.minor).parent / "stage"
        files = [file for stage in STAGES for file in sorted((stages / stage).glob("*.yaml"))]
        self.run(
            "kwok",
            f"--kubeconfig={self.kubeconfig}",
            "--manage-all-nodes=true",
            "--node-ip=127.0.0.1",
            "--node-lease-duration-seconds=40",
            f"--server-address=127.0.0.1:{free_port()}",
            *[f"--config={file}" for file in files if "kind: Stage" in file.read_text()],
        )

    def run(self, name, *options):
        self.spawn(name, [program(name, self.minor), *options])

    def spawn(self, name, command):
        """Starts a program that ends with the cluster, and writes beside the others' logs."""
        with open(self.folder / f"{name}.log", "w") as log:
            # A group of its own: who interrupts `e2e/run` leaves stopping to it.
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append((name, process))
        return process

    def await_ready(self):
        begun = time.monotonic()
        while time.monotonic() - begun < READY_SECONDS:
            for name, process in self.processes:
                if process.poll() is not None:
                    raise RuntimeError(f"{name} ended:\n{self.log(name)}")
            try:
                self.request("GET", "/readyz")
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"kube-apiserver isn't ready:\n{self.log('kube-apiserver')}")

    def log(self, name):
        """The last lines that a program wrote."""
        return "\n".join((self.folder / f"{name}.log").read_text().splitlines()[-10:])

    def stop(self):
        # Nothing of it is kept, so nothing has to be put in order.
        for _, process in self.processes:
            process.kill()
            process.wait()
        self.processes = []
        self.temporary.cleanup()

    # --- The API --------------------------------------------------------------------------------

    def access(self):
        """A kubeconfig."""
        cluster = {
            "server": self.server,
            "certificate-authority": str(self.folder / "certificates" / "apiserver.crt"),
        }
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "admin"}}],
            "clusters": [{"name": "it", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": TOKEN}}],
        }

    def request(self, method, path, body=None):
        """The answer's JSON, or its text; raises HTTPError for codes that tell of an error."""
        return request(self.server, TOKEN, method, path, body)

    def make_nodes(self):
        for zone in ZONES:
            self.request("POST", "/api/v1/nodes", node(f"node-{zone}", zone, []))
        taint = {"key": "dedicated", "value": "batch", "effect": "NoSchedule"}
        self.request("POST", "/api/v1/nodes", node("node-batch", ZONES[0], [taint]))


def request(server, token, method, path, body=None):
    # The certificate is the server's own, made a moment ago on this machine.
    trust = ssl._create_unverified_context()
    format = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Authorization": f"Bearer {token}", "Content-Type": format}
    data = None if body is None else json.dumps(body).encode()
    asked = urllib.request.Request(server + path, data, headers, method=method)
    with urllib.request.urlopen(asked, context=trust, timeout=30) as answer:
        text = answer.read().decode()
    return json.loads(text) if text.startswith("{") else text


def node(name, zone, taints):
    labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": "standard-8",
        "topology.kubernetes.io/region": "region-1",
        "topology.kubernetes.io/zone": f"region-1{zone}",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {"taints": taints},
        "status": {"capacity": ALLOCATABLE, "allocatable": ALLOCATABLE},
    }


def default_plugins(server):
    """The admission plugins that are on unless one says otherwise, from the program's own help."""
    said = subprocess.run([server, "--help"], check=True, capture_output=True, text=True).stdout
    listed = re.search(r"--disable-admission-plugins .*?default enabled plugins list \(([^)]*)\)", said)
    return listed[1].split(", ")


def free_port():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]
