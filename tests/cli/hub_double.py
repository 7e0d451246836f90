"""A double of the Hugging Face hub on loopback, and of the content network that it redirects large files to.

Shapes of requests and headers are the hub's: /api/datasets/OWNER/NAME/revision/REV answers with the commit;
/datasets/OWNER/NAME/resolve/COMMIT/FILE answers for large files with 302, X-Linked-Etag (the SHA-256), X-Linked-Size and
a signed address elsewhere, and for small ones with a redirect on the same host.
"""

import hashlib
import http.server
import json
import re
import threading
import urllib.parse


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_hash(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, handler, double, tls):
        super().__init__(("127.0.0.1", 0), handler)
        self.double = double
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}"
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.seen = []  # (method, path, headers) of every request
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # a client that leaves early


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note(self):
        self.server.seen.append((self.command, self.path, dict(self.headers)))


class HubHandler(Handler):
    def do_GET(self):
        self.note()
        double = self.server.double
        path = urllib.parse.urlsplit(self.path).path
        if double.refuse is not None:
            status, headers = double.refuse
            self.answer(status, b"refused", **headers)
            return
        api = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/revision/([^/]+)", path)
        resolve = re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        kept = re.fullmatch(r"/api/resolve-cache/datasets/([^/]+/[^/]+)/([^/]+)/(.+)", path)
        if api:
            self.tell_commit(api[1], urllib.parse.unquote(api[2]))
        elif resolve:
            self.resolve(resolve[1], resolve[2], urllib.parse.unquote(resolve[3]))
        elif kept:
            data = double.files[kept[1], urllib.parse.unquote(kept[3])][0]
            self.answer(200, data, ETag=double.kept_etag or f'"{git_hash(data)}"', X_Repo_Commit=kept[2])
        else:
            self.answer(404, b"?")

    do_HEAD = do_GET

    def tell_commit(self, dataset, revision):
        double = self.server.double
        if dataset in double.renamed:
            self.answer(307, Location=self.path.replace(dataset, double.renamed[dataset]))
            return
        if not any(name == dataset for name, _ in double.files):
            self.answer(401, X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")
        elif revision not in double.revisions:
            self.answer(404, X_Error_Code="RevisionNotFound", X_Error_Message=f"Invalid rev id: {revision}")
        else:
            body = json.dumps({"_id": "0", "id": dataset, "sha": double.revisions[revision]}).encode()
            self.answer(200, body, Content_Type="application/json; charset=utf-8")

    def resolve(self, dataset, commit, file):
        double = self.server.double
        if dataset in double.renamed:
            self.answer(307, Location=self.path.replace(dataset, double.renamed[dataset]))
            return
        data, large = double.files.get((dataset, file), (None, False))
        if data is None:
            self.answer(404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found", X_Repo_Commit=commit)
        elif large:
            told = double.told.get(file, {})
            self.answer(
                302, b"Found. Redirecting to elsewhere", X_Repo_Commit=commit,
                X_Linked_Size=told.get("size", len(data)), X_Linked_Etag=f'"{told.get("sha256", sha256(data))}"',
                ETag='"of-the-redirect"', Accept_Ranges="bytes",
                Location=f"{double.network.url}/{dataset}/{urllib.parse.quote(file)}?Signature=abc")
        else:
            self.answer(307, Location=f"/api/resolve-cache/datasets/{dataset}/{commit}/{urllib.parse.quote(file)}?x=1",
                        X_Repo_Commit=commit)


class NetworkHandler(Handler):
    """Gives files, with ranges; `double.tricks` says what goes wrong with the next requests, one each."""

    def do_GET(self):
        self.note()
        double = self.server.double
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        owner, name, file = path[1:].split("/", 2)
        data = double.files[f"{owner}/{name}", file][0]
        trick = double.tricks.pop(0) if double.tricks else {}
        if "status" in trick:
            self.answer(trick["status"])
            return
        data = trick.get("data", data)
        etag = trick.get("etag", double.etag)
        begin = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if wanted and self.headers.get("If-Range", etag) == etag and not trick.get("no_ranges"):
            begin = int(wanted[1])
            self.send_response(206)
            shown = trick.get("range_begin", begin)
            self.send_header("Content-Range", f"bytes {shown}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("ETag", etag)
        rest = data[begin:]
        if trick.get("chunked"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(rest), rest))
            return
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        part = rest[:trick["cut"]] if "cut" in trick else rest[:len(rest) // 2]
        self.wfile.write(part)
        self.wfile.flush()
        if "wait" in trick:
            trick["sent"].set()
            trick["wait"].wait(60)
        if "cut" in trick:
            self.close_connection = True
        else:
            self.wfile.write(rest[len(part):])


class Double:
    def __init__(self, hub_tls=None, network_tls=None):
        self.files = {}      # (dataset, path) -> (bytes, large)
        self.revisions = {"main": "a" * 40}
        self.renamed = {}    # dataset -> dataset
        self.told = {}       # path -> what the hub says of it: size, sha256
        self.refuse = None   # (status, headers) of every answer of the hub
        self.tricks = []     # of the network's next answers
        self.kept_etag = None  # of small files, in place of git's hash
        self.etag = '"version-1"'
        self.hub = Server(HubHandler, self, hub_tls)
        self.network = Server(NetworkHandler, self, network_tls)

    def forget(self):
        """What was seen until now."""
        self.hub.seen.clear()
        self.network.seen.clear()
