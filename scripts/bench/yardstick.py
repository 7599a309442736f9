"""What the scripts that measure share: servers on one core, the load on the other, in turn, and the ratios between them."""

import atexit
import http.client
import json
import os
import pathlib
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts" / "bench"
TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE, LOAD_CORE = "0", "1"


def need(*programs):
    """Ends with what to install where a program is missing."""
    packages = {"nginx": "nginx-light", "wrk": "wrk", "taskset": "util-linux"}
    missing = [packages.get(p, p) for p in programs if not shutil.which(p, path=os.environ["PATH"] + ":/usr/sbin")]
    if missing:
        sys.exit(f"not installed: {' '.join(missing)} (apt-get install {' '.join(missing)})")
    if os.cpu_count() < 2:
        sys.exit("this needs two cores: one for the server, one for the load")


def machine():
    """The machine, in a line."""
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return f"{os.cpu_count()} cores of {model}, Linux {platform.release()}, {time.strftime('%Y-%m-%d')}"


def build(*yardsticks):
    """The release binary, and these programs of ours that it is held against."""
    # All of them every time: what is built together decides what it is built from.
    all_of_them = ["--example", "constant", "--example", "appending"]
    subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "starmark", *all_of_them], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    target = (target if target.is_absolute() else ROOT / target) / "release"
    return [target / "starmark", *(target / "examples" / name for name in yardsticks)]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """A server on its own core."""

    def __init__(self, name, command, port, log, core=SERVER_CORE, **options):
        self.name, self.port, self.core = name, port, core
        self.log = open(log, "ab")
        command = command if core is None else ["taskset", "-c", core, *command]
        began = time.monotonic()
        self.process = subprocess.Popen(list(map(str, command)), stdout=self.log, stderr=self.log, **options)
        atexit.register(self.process.kill)  # where the run ends for another reason
        self.started_in = self.ready(began)

    def ready(self, began, longest=7_200):
        while time.monotonic() - began < longest:
            if self.process.poll() is not None:
                sys.exit(f"{self.name} ended: see {self.log.name}")
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return time.monotonic() - began
            except OSError:
                time.sleep(0.002)
        sys.exit(f"{self.name} does not answer")

    def pids(self):
        """The process and its children."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def cpu(self):
        """Seconds of CPU it has taken."""
        total = 0
        for pid in self.pids():
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self):
        """MiB resident, and of these those that are no file's."""
        total, own = 0, 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                kib = lambda: int(line.split()[1])
                total += kib() if line.startswith("VmRSS") else 0
                own += kib() if line.startswith("RssAnon") else 0
        return total / 1024, own / 1024

    def stop(self, how=signal.SIGTERM):
        """Ends it; how long that took."""
        began = time.monotonic()
        self.process.send_signal(how)
        self.process.wait(timeout=120)
        return time.monotonic() - began


def nginx(root, work, kinds=(), open_files=0):
    """nginx on files, one worker, no log; `kinds` are (prefix, media type). It keeps so many files open."""
    port = free_port()
    name = "nginx, files kept open" if open_files else "nginx, static files"
    keeps = f"open_file_cache max={open_files} inactive=1h; open_file_cache_valid 1h;" if open_files else ""
    work = work / name.replace(", ", "-").replace(" ", "-")
    work.mkdir(exist_ok=True)
    types = "".join(f"location {prefix} {{ default_type {kind}; }}\n" for prefix, kind in kinds)
    config = work / "nginx.conf"
    config.write_text(
        f"""daemon off; worker_processes 1; worker_rlimit_nofile {open_files + 5000}; pid {work}/nginx.pid; error_log {work}/nginx.err;
user root;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 75; keepalive_requests 1000000000;
  gzip_static on; {keeps}
  client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3; uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
  server {{ listen 127.0.0.1:{port}; root {root}; default_type application/octet-stream; {types} }}
}}
"""
    )
    path = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    return Server(name, [path, "-c", config, "-p", work], port, work / "nginx.log")


def starmark(binary, data, work, *more, core=SERVER_CORE, name="starmark", level="warn"):
    """Ours, on that data directory."""
    port = free_port()
    command = [binary, "--data", data, "serve", "--listen", f"127.0.0.1:{port}", "--unlimited", *more]
    return Server(name, command, port, work / "starmark.log", core, env={**os.environ, "RUST_LOG": level})


def constant(binary, size, work):
    """axum with nothing behind it."""
    port = free_port()
    return Server("axum, a constant", [binary, f"127.0.0.1:{port}", size], port, work / "constant.log")


def appending(binary, file, work):
    """The least that durable issuing can be: signed, appended, synced in groups."""
    port = free_port()
    return Server("a signed file, synced in groups", [binary, f"127.0.0.1:{port}", file], port, work / "appending.log", core=None)


def get(port, path, headers=None):
    """(status, headers, body) of one answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


def load(server, paths, seconds, connections=64, headers=(), order="random"):
    """One round: requests a second, CPU and latencies. `order` as in load.lua."""
    before = server.cpu()
    command = wrk("load.lua", server, seconds, connections, paths, order, *headers)
    found = read_load(subprocess.run(["taskset", "-c", LOAD_CORE, *command], capture_output=True, text=True, check=True, cwd=SCRIPTS).stdout)
    found["cpu"] = (server.cpu() - before) / found["requests"] * 1e6
    return found


def wrk(script, server, seconds, connections, *arguments):
    """The command of a round; it runs in SCRIPTS."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script, f"http://127.0.0.1:{server.port}", "--", *arguments]
    return list(map(str, command))


def read_load(output):
    """What a round of wrk printed."""
    found = json.loads(output.splitlines()[-1])
    return {
        **{name: found[name] for name in ("requests", "p50", "p99", "p999", "refused", "broken")},
        "rate": found["requests"] / found["micros"] * 1e6,
        "bytes": found["bytes"] / max(1, found["requests"]),
    }


def each_once(server, paths, count, headers=()):
    """Asks for every path once, one after the other; answers a second."""
    done, began = 0, time.monotonic()
    while done < count:
        # wrk begins at once and ends on the second: what is asked twice is asked twice.
        done += load(server, paths, min(30, max(2, (count - done) // 4000 + 1)), headers=headers, order=f"from {max(0, done - 64)}")["requests"] - 64
    return count / (time.monotonic() - began)


def register(binary, work, count):
    """A register of that size, and the file that lists it; made once. And the seconds that took, where it was made now."""
    data, listing = work / f"data-{count}", work / f"data-{count}.list"
    if listing.exists():
        return data, listing, None
    began = time.monotonic()
    command = [binary, "--data", data, "bench-data", "--certificates", count, "--list", listing]
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL)
    return data, listing, time.monotonic() - began


def lines(listing, most=None):
    """What a register lists, as far as asked."""
    with open(listing) as file:
        return [json.loads(line) for line, _ in zip(file, range(most or sys.maxsize))]


def median(rounds, what):
    return statistics.median(r[what] for r in rounds)


def spread(rounds, what="rate"):
    """Half of what lies between the quickest and the slowest round, in per cent of the median."""
    values = [r[what] for r in rounds]
    return (max(values) - min(values)) / 2 / statistics.median(values) * 100


def in_turn(servers, rounds, measure):
    """A B A B: what `measure` finds of each, by its name."""
    found = {server.name: [] for server in servers}
    for _ in range(rounds):
        for server in servers:
            found[server.name].append(measure(server))
    return found


def table(head, rows):
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, ["---"] * len(head), *rows])


def lookup_table(found, yardstick):
    """What rounds of load came to, held against one of the servers."""
    rows = []
    base = found[yardstick]
    for name, rounds in found.items():
        m = lambda what: median(rounds, what)
        ratio = lambda what: f"{m(what) / median(base, what):.2f}"
        wrong = sum(r["refused"] + r["broken"] for r in rounds)
        rows.append(
            [name, f"{m('rate'):,.0f} ± {spread(rounds):.0f} %", ratio("rate"), f"{m('cpu'):.1f}", ratio("cpu"),
             f"{m('p50') / 1000:.2f}", f"{m('p99') / 1000:.2f}", ratio("p99"), f"{m('p999') / 1000:.2f}", f"{m('bytes'):,.0f}", wrong]
        )
    head = ["server", "answers/s", "ratio", "CPU µs", "ratio", "p50 ms", "p99 ms", "ratio", "p99.9 ms", "bytes", "other than 2xx, 3xx"]
    return table(head, rows)
