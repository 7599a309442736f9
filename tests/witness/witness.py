#!/usr/bin/env python3
"""A small witness of one log (C2SP tlog-witness, tlog-cosignature), for tests: nothing but Python's own library.

    witness.py --listen 127.0.0.1:PORT --state FILE --log VKEY [--log VKEY …] --name NAME --seed HEX
               [--origin ORIGIN] [--time T]

It serves POST /add-checkpoint and GET /HASH/checkpoint, HASH being the SHA-256 of the log's origin in hexadecimal. The
origin is the name of the log's keys unless --origin says otherwise. It prints its own verifier key, then the address
it listens on (port 0: one that is free), each on a line. FILE holds the last checkpoint it cosigned and is written, and
synced, before an answer leaves. --time makes it believe that it is always that second.
"""

import argparse, hashlib, os, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True
import c2sp

BODY_MAX = 1 << 20
PROOF_MAX = 63


class Answer(Exception):
    def __init__(self, status, text, kind="text/plain; charset=utf-8"):
        self.status, self.text, self.kind = status, text, kind


class State:
    """The last checkpoint cosigned of the log, with the signatures that were on it."""

    def __init__(self, path):
        self.path, self.lock, self.note = path, threading.Lock(), None
        self.size, self.root = 0, c2sp.EMPTY
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.note = file.read()
            _, self.size, self.root = c2sp.read_checkpoint(c2sp.read_note(self.note)[0])

    def keep(self, note, size, root):
        with open(self.path + ".new", "w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        os.replace(self.path + ".new", self.path)
        folder = os.open(os.path.dirname(os.path.abspath(self.path)), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        self.note, self.size, self.root = note, size, root


def read_request(body):
    """Old size, proof, note."""
    head, note = body.decode("utf-8").split("\n\n", 1)
    first, *proof = head.split("\n")
    word, size = first.split(" ")
    hashes = [c2sp.unbase64(h) for h in proof]
    if word != "old" or len(hashes) > PROOF_MAX or any(len(h) != 32 for h in hashes):
        raise ValueError("no request")
    return c2sp.read_size(size), hashes, note


class Witness:
    def __init__(self, options):
        self.name, self.seed, self.time = options.name, bytes.fromhex(options.seed), options.time
        self.vkey = c2sp.vkey(self.name, c2sp.COSIGNATURE, c2sp.public(self.seed))
        self.keys = [c2sp.read_vkey(text) for text in options.log]
        if len(self.seed) != 32 or any(kind != c2sp.NOTE for _, kind, _ in self.keys):
            raise ValueError("a seed has 32 bytes, and a log's key type 0x01")
        self.origin = options.origin or self.keys[0][0]
        self.state = State(options.state)

    def check_signed(self, text, signatures):
        """The lines of the log's keys; every one of them must verify."""
        trusted = {(name, c2sp.key_id(name, kind, key)): key for name, kind, key in self.keys}
        lines = [s for s in signatures if s[:2] in trusted]
        good = [c2sp.is_signed(trusted[s[:2]], text.encode(), s[2]) for s in lines]
        if not lines or not all(good):
            raise Answer(403, "the checkpoint is not signed by a key of this log\n")
        return lines

    def add_checkpoint(self, body):
        try:
            old, proof, note = read_request(body)
            text, signatures = c2sp.read_note(note)
            origin, size, root = c2sp.read_checkpoint(text)
        except (ValueError, UnicodeDecodeError):
            raise Answer(400, "write: old SIZE, hashes of the proof, a blank line, a checkpoint\n")
        if origin != self.origin:
            raise Answer(404, "this log is not followed here\n")
        lines = self.check_signed(text, signatures)
        if old > size:
            raise Answer(400, "the old size is beyond the checkpoint's\n")
        with self.state.lock:
            if old != self.state.size:
                raise Answer(409, f"{self.state.size}\n", "text/x.tlog.size")
            if size == 0 and root != c2sp.EMPTY:
                raise Answer(422, "the root of the empty tree is another\n")
            if not c2sp.is_consistent(old, self.state.root, size, root, proof):
                raise Answer(422, "the proof does not lead from the last checkpoint to this one\n")
            own = c2sp.cosigned_line(text, self.name, self.seed, self.time or int(time.time()))
            kept = "".join(c2sp.line(*line) for line in lines)
            self.state.keep(f"{text}\n{kept}{own}", size, root)
        return own

    def last_checkpoint(self, path):
        if path != f"/{hashlib.sha256(self.origin.encode()).hexdigest()}/checkpoint" or self.state.note is None:
            raise Answer(404, "nothing is known of such a log\n")
        return self.state.note


def handler(witness):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, do):
            try:
                status, text, kind = 200, do(), "text/plain; charset=utf-8"
            except Answer as refused:
                status, text, kind = refused.status, refused.text, refused.kind
            data = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            if status != 200:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(data)

        def body(self):
            length = self.headers.get("Content-Length", "")
            if self.path != "/add-checkpoint":
                raise Answer(404, "ask /add-checkpoint\n")
            if not length.isdigit() or int(length) > BODY_MAX:
                raise Answer(400, "a body of known length, at most 1 MiB\n")
            return self.rfile.read(int(length))

        def do_POST(self):
            self.answer(lambda: witness.add_checkpoint(self.body()))

        def do_GET(self):
            self.answer(lambda: witness.last_checkpoint(self.path))

        def log_message(self, *_):
            pass

    return Handler


def main():
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ["--listen", "--state", "--name", "--seed"]:
        asked.add_argument(name, required=True)
    asked.add_argument("--log", required=True, action="append")
    asked.add_argument("--origin")
    asked.add_argument("--time", type=int)
    options = asked.parse_args()
    witness = Witness(options)
    host, port = options.listen.rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), handler(witness))
    print(witness.vkey, flush=True)
    print(f"http://{host}:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
