#!/usr/bin/env python3
"""The measurements of `ci/bench stack`, which makes ready what they need.

Three services that wait for one another to be healthy are brought up and taken
down again, on the platform of the engine's host: by the compose plugin, and by
`everyarch run` of a suite with the same file. They take turns, so that a busy
minute of the machine hits both. Needs nothing but Python's own library.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

COMPOSE = """\
x-service: &service
  image: %s
  command: sh -c "trap 'exit 0' TERM; httpd -p 8080 -h /; while :; do sleep 1000 & wait $$!; done"
  healthcheck: { test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1:8080/etc/group"], interval: 1s, retries: 60 }
services:
  db:
    <<: *service
    volumes: ["data:/data"]
  api:
    <<: *service
    depends_on: { db: { condition: service_healthy } }
  app:
    <<: *service
    ports: ["8080"]
    depends_on: { api: { condition: service_healthy } }
volumes: { data: {} }
"""


def main():
    parser = argparse.ArgumentParser(prog="ci/bench stack")
    parser.add_argument("--rounds", type=int, default=10)
    for name in ("everyarch", "compose", "registry", "out"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.folder = os.path.join(options.out, "stack")
    os.makedirs(options.folder, exist_ok=True)
    architecture = said(["docker", "version", "--format", "{{.Server.Arch}}"])
    image = f"{options.registry}/test/busybox:all"
    subprocess.run(["docker", "pull", "-q", image], check=True, stdout=subprocess.DEVNULL)
    write(options, image, f"linux/{architecture}")

    # The plugin asks for the whole of each; everyarch takes as long in all.
    ways = {
        "docker compose up --wait, down -v": lambda: by_compose(options),
        "everyarch run": lambda: by_everyarch(options, image),
    }
    load_before = os.getloadavg()
    for way in ways.values():  # to warm up
        way()
    seconds = {name: [] for name in ways}
    for turn in range(options.rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - begun)
            note(f"round {turn + 1}: {name}: {seconds[name][-1]:.2f} s")
    results = {
        "everyarch": said([options.everyarch, "--version"]),
        "compose": said([options.compose, "version", "--short"]),
        "engine": said(["docker", "version", "--format", "{{.Server.Version}}"]),
        "cores": os.cpu_count(), "rounds": options.rounds, "seconds": seconds,
        "load": {"before": load_before, "after": os.getloadavg()},
    }
    with open(os.path.join(options.out, "stack.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
    report(results)
    print(f"\nall numbers: {file.name}")


def said(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def write(options, image, platform):
    with open(os.path.join(options.folder, "compose.yaml"), "w", encoding="utf-8") as file:
        file.write(COMPOSE % image)
    stack = {"name": "stack", "compose": "compose.yaml", "under_test": "app",
             "checks": [{"service": "app", "logs": {"not_contains": "error"}}]}
    with open(os.path.join(options.folder, "everyarch.yaml"), "w", encoding="utf-8") as file:
        json.dump({"version": 1, "platforms": [platform], "integration": [stack]}, file)


def quietly(options, command):
    done = subprocess.run(command, cwd=options.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}\n{done.stdout}")


def by_compose(options):
    project = [options.compose, "-f", "compose.yaml", "-p", "everyarch-bench"]
    quietly(options, [*project, "up", "-d", "--wait"])
    quietly(options, [*project, "down", "-v"])


def by_everyarch(options, image):
    quietly(options, [options.everyarch, "run", image, "--no-audit"])


def report(results):
    load = results["load"]
    print(f"{results['everyarch']}, compose {results['compose']}, Docker {results['engine']}; "
          f"{results['cores']} cores, load {load['before'][0]:.1f} before, {load['after'][0]:.1f} after")
    print(f"three services up and down, medians of {results['rounds']} rounds\n")
    medians = {name: statistics.median(each) for name, each in results["seconds"].items()}
    for name, median in medians.items():
        spread = results["seconds"][name]
        print(f"{name:<40}{median:8.2f} s   {min(spread):.2f} to {max(spread):.2f}")
    compose, own = medians.values()
    print(f"\neveryarch's time / the compose plugin's   {own / compose:8.2f}   "
          f"wanted: at most 1: {'met' if own <= compose else 'MISSED'}")


if __name__ == "__main__":
    main()
