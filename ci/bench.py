#!/usr/bin/env python3
"""The measurements of ci/bench, which makes ready what they need.

Every way of running the checks is run once to warm up and then once a round, one
after the other, so that a busy minute of the machine hits them all. Needs nothing
but Python's own library.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse

PLATFORMS = {"linux/amd64": "x86_64", "linux/arm64": "aarch64"}
COMMAND = ["uname", "-m"]
LARGE = ["demo/service:healthy", "test/runtimes:all"]


def main():
    parser = argparse.ArgumentParser(prog="ci/bench")
    parser.add_argument("--checks", type=int, default=100, help="on each platform")
    parser.add_argument("--rounds", type=int, default=3)
    for name in ("everyarch", "rival", "registry", "out"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: ended"))  # its containers too
    os.makedirs(options.out, exist_ok=True)
    endpoint = said(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"])
    os.environ["DOCKER_HOST"] = endpoint  # container-structure-test knows no contexts

    load_before = os.getloadavg()
    results = {
        "everyarch": said([options.everyarch, "--version"]),
        "rival": said([options.rival, "version"]),
        "engine": said(["docker", "version", "--format", "{{.Server.Version}}"]),
        "cores": os.cpu_count(),
        "checks": options.checks * len(PLATFORMS),
        "rounds": options.rounds,
        "version_seconds": time_version(options.everyarch),
        "memory_kib": {image: peak_memory(options, image) for image in LARGE},
        "seconds": time_checks(options, endpoint),
    }
    results["load"] = {"before": load_before, "after": os.getloadavg()}
    with open(os.path.join(options.out, "bench.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
    report(results)
    print(f"\nall numbers: {file.name}")


def said(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def timed(work):
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


# The command line


def time_version(everyarch):
    return [timed(lambda: said([everyarch, "--version"])) for _ in range(20)]


def peak_memory(options, image):
    """The most that a whole run of the built-in checks held, as the kernel says.

    What the kernel tells of a child that has ended counts its parent's memory too,
    so the child is asked until it ends.
    """
    note(f"memory: {image}")
    folder = os.path.join(options.out, "nothing")  # no everyarch.yaml there
    os.makedirs(folder, exist_ok=True)
    run = subprocess.Popen(
        [options.everyarch, "run", f"{options.registry}/{image}"],
        cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    most = 0
    while run.poll() is None:
        with open(f"/proc/{run.pid}/status", encoding="utf-8") as status:
            most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM:")])
        time.sleep(0.01)
    if run.returncode not in (0, 1):
        sys.exit(f"bench: everyarch could not run {image}: exit code {run.returncode}")
    return most


# The ways of running checks


def time_checks(options, endpoint):
    image = f"{options.registry}/test/busybox"
    digests = children(f"{image}:all")
    variants = {platform: f"{image}@{digests[platform]}" for platform in PLATFORMS}
    for platform, variant in variants.items():
        subprocess.run(["docker", "pull", "-q", "--platform", platform, variant], check=True, stdout=subprocess.DEVNULL)
    containers = {}
    try:
        for platform, variant in variants.items():
            containers[platform] = said(
                ["docker", "run", "-d", "--rm", "--platform", platform, variant, "sleep", "86400"])
        ways = {
            "everyarch": lambda count: by_everyarch(options, f"{image}:all", count),
            "everyarch --jobs 1": lambda count: by_everyarch(options, f"{image}:all", count, "--jobs", "1"),
            "container-structure-test": lambda count: by_rival(options, variants, count),
            "container-structure-test, both at once": lambda count: by_rival(options, variants, count, at_once=True),
            "docker run, a loop": lambda count: by_docker_run(variants, count),
            "docker exec, a loop": lambda count: by_docker_exec(containers, count),
            "the engine's API, a loop": lambda count: by_api(endpoint, containers, count),
            "the engine's API, a loop each at once": lambda count: by_api(endpoint, containers, count, at_once=True),
        }
        for way in ways.values():
            way(1)
        seconds = {name: [] for name in ways}
        for turn in range(options.rounds):
            for name, way in ways.items():
                took = timed(lambda way=way: way(options.checks))
                seconds[name].append(took)
                note(f"round {turn + 1}: {name}: {took:.2f} s")
        return seconds
    finally:
        for container in containers.values():
            subprocess.run(["docker", "rm", "-f", container], check=False, stdout=subprocess.DEVNULL)


def children(reference):
    pack = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pack.py")
    return dict(line.split() for line in said([sys.executable, pack, "children", reference]).splitlines())


def on_each(work, at_once):
    """Calls WORK with each platform, one after the other or at once."""
    if not at_once:
        for platform in PLATFORMS:
            work(platform)
        return
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(work, platform) for platform in PLATFORMS]:
            done.result()


def by_everyarch(options, image, count, *more):
    suite = os.path.join(options.out, "everyarch.yaml")
    with open(suite, "w", encoding="utf-8") as file:
        checks = [
            {"name": f"check {n}", "run": COMMAND, "expect": {"stdout": "${platform.uname}"}} for n in range(count)
        ]
        json.dump({"version": 1, "platforms": list(PLATFORMS), "smoke": checks}, file)
    subprocess.run([options.everyarch, "run", image, "--suite", suite, *more], check=True, stdout=subprocess.DEVNULL)


def by_rival(options, variants, count, at_once=False):
    def test(platform):
        config = os.path.join(options.out, f"{PLATFORMS[platform]}.json")
        with open(config, "w", encoding="utf-8") as file:
            checks = [
                {"name": f"check {n}", "command": COMMAND[0], "args": COMMAND[1:],
                 "expectedOutput": [f"^{PLATFORMS[platform]}\n$"]}
                for n in range(count)
            ]
            json.dump({"schemaVersion": "2.0.0", "commandTests": checks}, file)
        subprocess.run(
            [options.rival, "test", "--image", variants[platform], "--platform", platform, "--config", config],
            check=True, stdout=subprocess.DEVNULL)

    on_each(test, at_once)


def by_docker_run(variants, count):
    for platform, variant in variants.items():
        for _ in range(count):
            demand(platform, said(["docker", "run", "--rm", "--platform", platform, variant, *COMMAND]))


def by_docker_exec(containers, count):
    for platform, container in containers.items():
        for _ in range(count):
            demand(platform, said(["docker", "exec", container, *COMMAND]))


def by_api(endpoint, containers, count, at_once=False):
    def loop(platform):
        api = Api(endpoint)
        for _ in range(count):
            demand(platform, api.exec(containers[platform]).decode().strip())

    on_each(loop, at_once)


def demand(platform, output):
    if output != PLATFORMS[platform]:
        sys.exit(f"bench: on {platform}, {' '.join(COMMAND)} says {output!r}")


class Api:
    """The engine's API: one connection kept open, and one for each program's output."""

    def __init__(self, endpoint):
        self.url = urllib.parse.urlsplit(endpoint)
        self.kept = self.connection()

    def connection(self):
        if self.url.scheme not in ("unix", "tcp"):
            sys.exit(f"bench: an engine at {self.url.scheme}:// can't be measured")
        connection = http.client.HTTPConnection(self.url.netloc or "localhost")
        if self.url.scheme == "unix":
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(self.url.path)
        return connection

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"} if body else {}
        self.kept.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.kept.getresponse()
        content = answer.read()
        if answer.status >= 300:
            sys.exit(f"bench: {path}: {answer.status} {content!r}")
        return json.loads(content)

    def exec(self, container):
        """Runs the command and returns its standard output."""
        made = self.call("POST", f"/containers/{container}/exec",
                         {"AttachStdout": True, "AttachStderr": True, "Cmd": COMMAND})
        output = self.output(made["Id"])
        ended = self.call("GET", f"/exec/{made['Id']}/json")
        if ended["Running"] or ended["ExitCode"] != 0:
            sys.exit(f"bench: the program did not end well: {ended}")
        return output

    def output(self, program):
        connection = self.connection()
        connection.request("POST", f"/exec/{program}/start", json.dumps({"Detach": False, "Tty": False}), {
            "Content-Type": "application/json", "Connection": "Upgrade", "Upgrade": "tcp"})
        stream = connection.sock.makefile("rb")
        while stream.readline() not in (b"\r\n", b""):
            pass
        output = b""
        while header := stream.read(8):  # which stream, and how much
            piece = stream.read(int.from_bytes(header[4:], "big"))
            output += piece if header[0] == 1 else b""
        stream.close()
        connection.close()
        return output


# The report


def report(results):
    seconds, checks = results["seconds"], results["checks"]
    median = {name: statistics.median(each) for name, each in seconds.items()}
    own = median["everyarch"]
    load = results["load"]
    print(f"{results['everyarch']}, container-structure-test {results['rival']}, Docker {results['engine']}; "
          f"{results['cores']} cores, load {load['before'][0]:.1f} before, {load['after'][0]:.1f} after")
    print(f"{checks} checks, half of them on each of {' and '.join(PLATFORMS)}; medians of {results['rounds']} rounds\n")
    print(f"{'':40} {'seconds':>8} {'spread':>15} {'a check':>9} {'everyarch is':>17}")
    for name, each in seconds.items():
        spread = f"{min(each):.2f} to {max(each):.2f}"
        ratio = "" if name == "everyarch" else faster(median[name] / own)
        print(f"{name:40} {median[name]:8.2f} {spread:>15} {1000 * median[name] / checks:6.1f} ms {ratio:>17}")
    print()
    rival = median["container-structure-test"] / own
    target("container-structure-test's time / everyarch's", rival, "at least", 8, "")
    target("everyarch's time / the API loop's", own / median["the engine's API, a loop"], "at most", 1.15, "")
    target("everyarch --version", 1000 * statistics.median(results["version_seconds"]), "below", 10, " ms")
    for image, kib in results["memory_kib"].items():
        target(f"most memory, {image}", kib / 1024, "below", 60, " MiB")


def faster(ratio):
    return f"{ratio:.2f}× faster" if ratio >= 1 else f"{1 / ratio:.2f}× slower"


def target(what, value, relation, bound, unit):
    is_met = value >= bound if relation == "at least" else value <= bound
    print(f"{what:50} {value:8.2f}{unit:4} wanted: {relation} {bound}{unit}: {'met' if is_met else 'MISSED'}")


if __name__ == "__main__":
    main()
