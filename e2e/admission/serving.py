"""`kubevet serve` as a process, with a certificate and a config as a cluster mounts them."""

import collections
import json
import operator
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60


def wait_for(what, happened):
    """Waits until something is so, and returns what was said of it."""
    begun = time.monotonic()
    while not (said := happened()):
        if time.monotonic() - begun > PATIENCE_SECONDS:
            raise TimeoutError(f"{what}: not in {PATIENCE_SECONDS} s")
        time.sleep(0.1)
    return said


def wait_until_equal(both):
    """Waits until two values are the same."""
    try:
        wait_for("equality", lambda: operator.eq(*both()))
    except TimeoutError:
        one, other = both()
        raise AssertionError(f"{one} is not {other}") from None


class Authority:
    """Signs certificates for servers on this machine."""

    def __init__(self, folder, name):
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        self.folder, self.signed = folder, 0
        openssl(self.certificate, self.key, "-subj", f"/CN={name}")

    def leaf(self):
        """The files of a certificate for 127.0.0.1 and of its key."""
        self.signed += 1
        name = f"{self.certificate.stem}-{self.signed}"
        files = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        options = ["-CA", self.certificate, "-CAkey", self.key, "-addext", "subjectAltName=IP:127.0.0.1"]
        openssl(*files, "-subj", f"/CN={name}", *options, "-addext", "basicConstraints=critical,CA:FALSE")
        return files


def openssl(certificate, key, *options):
    key_options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key]
    command = ["openssl", "req", "-x509", "-days", "2", *key_options, "-out", certificate, *options]
    subprocess.run(command, check=True, capture_output=True, text=True)


class Mount:
    """A folder with one file, exchanged as kubelet does it for a ConfigMap
    (`pkg/volume/util/atomic_writer.go`)."""

    def __init__(self, folder, name, text):
        self.folder, self.name, self.version = folder, name, 0
        folder.mkdir(parents=True)
        self.swap(text)
        self.file.symlink_to(pathlib.Path("..data", name))

    @property
    def file(self):
        return self.folder / self.name

    def swap(self, text):
        old, self.version = self.folder / f"..{self.version}", self.version + 1
        new = self.folder / f"..{self.version}"
        new.mkdir()
        (new / self.name).write_text(text)
        link = self.folder / "..data_tmp"
        link.symlink_to(new.name)
        link.rename(self.folder / "..data")
        if old.exists():
            shutil.rmtree(old)


def built():
    """The program, built for debugging."""
    command = ["cargo", "build", "--quiet", "--locked", "--features", "webhook", "--message-format=json"]
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = (json.loads(line) for line in said.splitlines())
    return next(line["executable"] for line in found if line.get("executable"))


class Serving:
    """A server that runs until the end of `with`; `log` has the lines that it wrote."""

    def __init__(self, program, authority, config, *arguments):
        certificate, key = authority.leaf()
        command = [program, "serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"]
        command += ["--tls-cert", certificate, "--tls-key", key, "--config", config, *arguments]
        # A group of its own: who interrupts `e2e/run` leaves stopping to it.
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
        self.authority, self.log = authority, []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stderr:
            self.log.append(json.loads(line) if line.startswith("{") else {"message": line})

    def __enter__(self):
        self.logged("ready")
        addresses = [self.logged(f"listening{what}")["address"] for what in ("", " for metrics")]
        self.url, self.metrics_url = f"https://{addresses[0]}/validate", f"http://{addresses[1]}/metrics"
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()

    def signal(self, number):
        os.kill(self.process.pid, number)

    def logged(self, message, **fields):
        """The first line with this message and these fields, once it is there."""

        def found():
            assert self.process.poll() is None or self.log, "kubevet ended"
            wanted = {"message": message, **fields}.items()
            return next((line for line in self.log if wanted <= line.items()), None)

        return wait_for(f"kubevet's log: {message} {fields}", found)

    def metrics(self, name):
        """The values of a metric by its labels, as they stand in the text; those of 0 are left out."""
        with urllib.request.urlopen(self.metrics_url, timeout=10) as answer:
            text = answer.read().decode()
        samples = re.findall(rf"^{name}(?:\{{(.*)\}})? (\d+)$", text, re.M)
        return collections.Counter({labels: int(value) for labels, value in samples if value != "0"})
