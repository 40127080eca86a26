"""A webhook that keeps what it is asked, and answers what it is told to, by path."""

import collections
import http.server
import json
import ssl
import threading

# Who asks in these checks: the controllers share the kubeconfig's user.
USER = "tester"


def review(request, **response):
    """The answer that is a decision."""
    response = {"uid": request["uid"], "allowed": True, **response}
    said = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}
    return 200, json.dumps(said).encode()


def denial(request, message):
    return review(request, allowed=False, status={"code": 403, "message": message})


class Recorder:
    """Runs until the end of `with`."""

    def __init__(self, authority):
        self.authority = authority
        self.answers, self.requests = {}, collections.defaultdict(list)
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.recorder = self
        self.server.trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.trust.load_cert_chain(*authority.leaf())

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def url(self, path, answer=review):
        """The address of a path; `answer` makes the code, the body and, if it likes, headers of an answer from a
        request."""
        self.answers[path] = answer
        return f"https://127.0.0.1:{self.server.server_port}{path}"

    def asked(self, path):
        """What was asked at a path because of these checks, and not of controllers."""
        return [request for request in self.requests[path] if request["userInfo"]["username"] == USER]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def get_request(self):
        plain, address = self.socket.accept()
        # Shakes hands as it is read from, which is in a thread of its own.
        return self.trust.wrap_socket(plain, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_):
        """Clients go away when a check is about that."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        path = self.path.partition("?")[0]
        recorder = self.server.recorder
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
        recorder.requests[path].append({**request, "at": self.path})
        code, body, *more = recorder.answers[path](request)
        self.send_response(code)
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **dict(*more)}
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """What was asked is kept."""
