#!/usr/bin/env python3
"""The rounds of ci/soak, which makes ready what they need.

Needs nothing but Python's own library, and Docker's command line, which Podman's
service answers too.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time

PLATFORMS = ["linux/amd64", "linux/arm64"]
OWNER = "dev.everyarch.owner"
# Labels of what others make on the same engine.
FOREIGN = [OWNER, "com.docker.compose.project", "org.testcontainers.managed-by"]
# Who listens on a published port for a container.
PROXIES = {"docker": {"docker-proxy"}, "podman": {"conmon", "rootlessport"}}
# An engine frees some things a moment after it has said so; and what others start
# is gone by then.
SETTLED = 60

COMPOSE = """\
services:
  app:
    image: unused
    command: sh -c "echo hello >/data/index.html && exec httpd -f -p 8080 -h /data"
    ports: ["8080", "8081:8081/udp"]
    volumes: ["data:/data", "/anonymous"]
    healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/"], retries: 120 }
    stop_grace_period: 0s
  tests:
    image: %(registry)s/test/busybox:all
    command: sh -c "wget -q -O- http://app:8080/ | grep hello"
    volumes: ["/anonymous"]
    depends_on: { app: { condition: service_healthy } }
volumes: { data: {} }
"""


def main():
    parser = argparse.ArgumentParser(prog="ci/soak")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--stacks", type=int, default=10, help="at once, on each platform")
    parser.add_argument("--engine", help="an address, as everyarch's own --engine takes it")
    for name in ("everyarch", "registry", "out"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    write(options)
    engine = Engine(options.engine)

    run(options, 0)  # so that what is pulled once is there before anything is counted
    before = engine.everything()
    rounds = []
    for turn in range(1, options.rounds + 1):
        begun = time.perf_counter()
        passed = run(options, turn)
        took = time.perf_counter() - begun
        left = engine.settled(before)
        counts = {kind: len(found) for kind, found in left.items()}
        rounds.append({"seconds": took, "passed": passed, "left": {kind: sorted(found) for kind, found in left.items()}})
        note(f"round {turn}: {took:.1f} s, {passed} stacks passed, left: {told(counts)}")
    with open(os.path.join(options.out, "soak.json"), "w", encoding="utf-8") as file:
        json.dump({"before": {kind: len(all) for kind, all in before.items()}, "rounds": rounds}, file, indent=2)
    sys.exit(report(options, rounds, file.name))


def note(text):
    print(f"soak: {text}", file=sys.stderr, flush=True)


def told(counts):
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing"


def write(options):
    stacks = [
        {"name": f"stack {number}", "compose": "compose.yaml", "under_test": "app", "exit_code_from": "tests",
         "checks": [{"service": "app", "http": {"get": ":8080/", "status": 200, "contains": "hello"}}]}
        for number in range(1, options.stacks + 1)
    ]
    with open(os.path.join(options.out, "everyarch.yaml"), "w", encoding="utf-8") as file:
        json.dump({"version": 1, "platforms": PLATFORMS, "integration": stacks}, file)
    with open(os.path.join(options.out, "compose.yaml"), "w", encoding="utf-8") as file:
        file.write(COMPOSE % vars(options))


def run(options, turn):
    """All stacks on all platforms, at once; returns how many of them passed."""
    result, log = (os.path.join(options.out, f"round-{turn}.{kind}") for kind in ("json", "log"))
    everything = options.stacks * len(PLATFORMS)
    command = [options.everyarch, "run", f"{options.registry}/test/busybox:docker", "--no-audit",
               "--jobs", str(everything), "--json", result]
    if options.engine:
        command += ["--engine", options.engine]
    with open(log, "w", encoding="utf-8") as output:
        done = subprocess.run(command, cwd=options.out, stdout=output, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        with open(log, encoding="utf-8") as output:
            print(output.read()[-5000:], file=sys.stderr)
        sys.exit(f"soak: error: round {turn} did not pass: exit code {done.returncode}\n  its log: {log}")
    with open(result, encoding="utf-8") as file:
        cases = json.load(file)["cases"]
    passed = sum(case["outcome"] == "passed" for case in cases if case["name"].endswith("services come up"))
    if passed != everything:
        sys.exit(f"soak: error: round {turn}: {passed} of {everything} stacks were up\n  its log: {log}")
    return passed


class Engine:
    def __init__(self, address):
        self.command = ["docker"] + (["--host", address] if address else [])
        version = "".join(self.ask("version", "--format", "{{json .Server}}"))
        self.proxies = PROXIES["podman" if "Podman" in version else "docker"]

    def ask(self, *words):
        return subprocess.run([*self.command, *words], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()

    def labelled(self, *words):
        """What is there, but for what carries a label of somebody who still runs."""
        shown = "\t".join(f'{{{{.Label "{label}"}}}}' for label in FOREIGN)
        found = set()
        for line in self.ask(*words, "--format", "{{.%s}}\t" % ("ID" if words[0] == "ps" else "Name") + shown):
            name, *labels = line.split("\t")
            owner, *others = labels
            if not any(others) and not is_alive(owner):
                found.add(name)
        return found

    def everything(self):
        return {
            "containers": self.labelled("ps", "--all", "--no-trunc"),
            "networks": self.labelled("network", "ls", "--no-trunc"),
            "volumes": self.labelled("volume", "ls"),
            "ports": ports(self.proxies),
            "interfaces": set(os.listdir("/sys/class/net")),
        }

    def settled(self, before):
        """What is there and was not before, once nothing of it goes by itself any more."""
        until = time.monotonic() + SETTLED
        left = None
        while True:
            now = self.everything()
            new = {kind: now[kind] - before[kind] for kind in now}
            # Only what has been there the whole time is left behind.
            left = new if left is None else {kind: left[kind] & new[kind] for kind in left}
            if not any(left.values()) or time.monotonic() > until:
                return left
            time.sleep(0.5)


def is_alive(owner):
    """Whether a label's owner is a process of this machine that runs."""
    pid = re.search(r"/(\d+)/", owner)
    return bool(pid) and os.path.isdir(f"/proc/{pid.group(1)}")


def ports(proxies):
    """The ports on which an engine listens for containers: none but its own programs'.

    Only the processes are counted where they are somebody else's to look into; of
    Podman's even those are not: one goes on for minutes after each program it ran.
    """
    listening = {}
    for table in ("tcp", "tcp6", "udp", "udp6"):
        with open(f"/proc/net/{table}", encoding="utf-8") as lines:
            for line in list(lines)[1:]:
                words = line.split()
                if words[3] in ("0A", "07"):
                    listening[words[9]] = f"{table} {int(words[1].split(':')[1], 16)}"
    found = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{process}/comm", encoding="utf-8") as file:
                name = file.read().strip()
            if name not in proxies:
                continue
            if name == "docker-proxy":
                found.add(f"{name} {process}")
            for handle in os.scandir(f"/proc/{process}/fd"):
                socket = os.readlink(handle.path).removeprefix("socket:[").rstrip("]")
                if socket in listening:
                    found.add(listening[socket])
        except OSError:  # it has ended, or is not ours to look into
            continue
    return found


def report(options, rounds, name):
    seconds = sorted(one["seconds"] for one in rounds)
    stacks = sum(one["passed"] for one in rounds)
    print(f"{options.stacks} stacks at once on each of {' and '.join(PLATFORMS)}, {len(rounds)} rounds: "
          f"{stacks} stacks up and down in {sum(seconds) / 60:.1f} min")
    print(f"a round: {seconds[len(seconds) // 2]:.1f} s, {seconds[0]:.1f} to {seconds[-1]:.1f}\n")
    is_clean = True
    for kind in rounds[0]["left"]:
        left = set().union(*(one["left"][kind] for one in rounds))
        is_clean &= not left
        print(f"{kind:12} left behind: {len(left)}" + "".join(f"\n  {one}" for one in sorted(left)))
    print(f"\nall numbers: {name}")
    return 0 if is_clean else "soak: error: something was left behind: see above"


if __name__ == "__main__":
    main()
