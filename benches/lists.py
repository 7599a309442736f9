#!/usr/bin/env python3
"""Ten thousand lines asked about at once, by every door: how long it takes, and how much memory the server has at most.

Usage: cargo build --release && python3 benches/lists.py [starmark]      (needs curl; starts a demo of its own)
Nine lines of ten name a certificate of the demo, each is held against an expected holder.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LINES = 10_000
# Until the client's address may ask for as much again.
PAUSE = 11


def memory(pid):
    """Megabytes now and at most since the last reset."""
    text = Path(f"/proc/{pid}/status").read_text().splitlines()
    told = {line.split(":")[0]: line.split()[1] for line in text if line.startswith("Vm")}
    return int(told["VmRSS"]) // 1024, int(told["VmHWM"]) // 1024


def main(program="target/release/starmark"):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        command = [program, "demo", "--json", "--data", str(place / "data"), "--listen", f"127.0.0.1:{port}"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        told = []
        for line in server.stdout:
            told.append(json.loads(line))
            if "ready" in told[-1]:
                break
        else:
            sys.exit("the demo did not start")
        numbers = [one["number"] for one in told if one.get("number")]
        lines = [numbers[i % len(numbers)] if i % 10 else f"29326SC{i:05}R9M" for i in range(LINES)]
        (place / "list.txt").write_text("证书编号\t投标人\n" + "".join(f"{line}\t示例商贸（北京）公司\n" for line in lines))
        questions = [json.dumps({"certificate": line, "holder": "示例商贸（北京）公司"}, ensure_ascii=False) for line in lines]
        (place / "list.ndjson").write_text("\n".join(questions) + "\n")
        out = place / "out"
        print(f"{len(numbers)} certificates, {LINES} lines; at rest {memory(server.pid)[0]} MB")

        def run(name, *arguments):
            time.sleep(PAUSE)
            Path(f"/proc/{server.pid}/clear_refs").write_text("5")
            begun = time.monotonic()
            asked = ["curl", "-s", "-o", str(out), "-w", "%{http_code} %{size_download} %{redirect_url}", *arguments]
            code, size, *leads = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
            took = time.monotonic() - begun
            print(f"{name:20} {code} {int(size):>9} bytes {took:6.2f} s, at most {memory(server.pid)[1]} MB", flush=True)
            return leads[0] if leads else ""

        run("lines (API)", "-H", "content-type: application/x-ndjson", "--data-binary", f"@{place}/list.ndjson", base + "/api/v1/verifications")
        answers = [json.loads(line) for line in out.read_text().splitlines()]
        assert answers.pop()["end"] and [a["asked"] for a in answers] == lines, "not all of them, or not in order"
        form = ["-F", f"lines=<{place}/list.txt", base + "/tender"]
        run("page", *form)
        run("CSV", "-F", "as=csv", *form)
        run("XLSX", "-F", "as=xlsx", *form)
        receipt = run("receipt, made", "-F", "as=receipt", *form)
        run("receipt, page", receipt)
        address = receipt.replace("/r/", "/api/v1/receipts/")
        run("receipt, JSON", address + "?format=json")
        run("receipt, PDF", address + "?format=pdf")
        server.send_signal(signal.SIGTERM)
        server.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
