#!/usr/bin/env python3
"""The measurements of `ci/bench audit`, which makes ready what they need.

The layers of one image of the registry, as an OCI layout on this disk, are read by
`everyarch audit` without a cache and with a warm one, and by `gzip -dc | tar -t`,
one layer after the other and as many at once as there are processors. A round
runs them all, so that a busy minute of the machine hits them all. Needs nothing
but Python's own library.
"""

import argparse
import concurrent.futures
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

ACCEPT = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in ("oci.image.index.v1", "oci.image.manifest.v1",
                 "docker.distribution.manifest.list.v2", "docker.distribution.manifest.v2"))


def main():
    parser = argparse.ArgumentParser(prog="ci/bench audit")
    parser.add_argument("--image", default="test/runtimes:all", help="an image of the registry")
    parser.add_argument("--rounds", type=int, default=3)
    for name in ("everyarch", "registry", "out"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    layout = os.path.join(options.out, "layout")
    shutil.rmtree(layout, ignore_errors=True)
    layers = copy(options.registry, options.image, layout)
    size = sum(os.path.getsize(layer) for layer in layers)
    note(f"{options.image}: {len(layers)} layers of {size / 1e6:.0f} MB, gzip")

    cache = os.path.join(options.out, "cache")
    ways = {
        "everyarch audit, no cache": lambda: audit(options, layout, "--no-cache"),
        "gzip -dc | tar -t, one after the other": lambda: unpack(layers, 1),
        f"gzip -dc | tar -t, {os.cpu_count()} at once": lambda: unpack(layers, os.cpu_count()),
        "everyarch audit, warm cache": lambda: audit(options, layout, "--cache", cache),
    }
    for way in ways.values():  # to warm up
        way()
    results = {"bytes": size, "cores": os.cpu_count(), "rounds": options.rounds, "seconds": {name: [] for name in ways}, "memory_kib": 0}
    for turn in range(options.rounds):
        for name, way in ways.items():
            begun = time.perf_counter()
            memory = way()
            results["seconds"][name].append(time.perf_counter() - begun)
            if memory:
                results["memory_kib"] = max(results["memory_kib"], memory)
            note(f"round {turn + 1}: {name}: {results['seconds'][name][-1]:.2f} s")
    with open(os.path.join(options.out, "audit.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
    report(results)
    print(f"\nall numbers: {file.name}")


def note(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def copy(registry, image, layout):
    """Writes the image as an OCI layout; returns its gzip layers' files, each once."""
    repository, tag = image.rsplit(":", 1)
    blobs = os.path.join(layout, "blobs", "sha256")
    os.makedirs(blobs)

    def fetch(kind, name):
        request = urllib.request.Request(
            f"http://{registry}/v2/{repository}/{kind}/{name}", headers={"Accept": ACCEPT})
        with urllib.request.urlopen(request) as answer:
            return answer.read(), answer.headers

    def keep(digest, data):
        path = os.path.join(blobs, digest.split(":")[1])
        with open(path, "wb") as file:
            file.write(data)
        return path

    root, headers = fetch("manifests", tag)
    digest = headers["Docker-Content-Digest"]
    keep(digest, root)
    layers = {}
    for child in json.loads(root)["manifests"]:
        manifest, _ = fetch("manifests", child["digest"])
        keep(child["digest"], manifest)
        manifest = json.loads(manifest)
        for blob in [manifest["config"], *manifest["layers"]]:
            if blob["digest"] not in layers:
                path = keep(blob["digest"], fetch("blobs", blob["digest"])[0])
                if "gzip" in blob["mediaType"]:
                    layers[blob["digest"]] = path
    with open(os.path.join(layout, "oci-layout"), "w", encoding="utf-8") as file:
        json.dump({"imageLayoutVersion": "1.0.0"}, file)
    with open(os.path.join(layout, "index.json"), "w", encoding="utf-8") as file:
        json.dump({"schemaVersion": 2, "manifests": [
            {"mediaType": headers["Content-Type"], "digest": digest, "size": len(root)}]}, file)
    return list(layers.values())


def audit(options, layout, *more):
    """Audits it; returns the most memory it held, in KiB."""
    run = subprocess.Popen(
        [options.everyarch, "audit", f"oci:{layout}", "--quiet", *more],
        cwd=options.out, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0
    while run.poll() is None:
        with open(f"/proc/{run.pid}/status", encoding="utf-8") as status:
            most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM:")])
        time.sleep(0.005)
    if run.returncode not in (0, 1):
        sys.exit(f"bench: everyarch could not audit {layout}: exit code {run.returncode}")
    return most


def unpack(layers, at_once):
    def one(layer):
        subprocess.run(["bash", "-o", "pipefail", "-c", 'gzip -dc <"$1" | tar -t >/dev/null', "bash", layer], check=True)

    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        list(pool.map(one, layers))


def report(results):
    medians = {name: statistics.median(all) for name, all in results["seconds"].items()}
    cold, serial, parallel, warm = medians.values()
    print(f"{results['bytes'] / 1e6:.0f} MB of gzip layers, {results['cores']} cores; medians of {results['rounds']} rounds\n")
    for name, median in medians.items():
        spread = results["seconds"][name]
        print(f"{name:<42}{median:8.2f} s   {min(spread):.2f} to {max(spread):.2f}")
    print()
    wanted("audit's time / the faster of gzip and tar", cold / min(serial, parallel), "at most 1.25", cold / min(serial, parallel) <= 1.25)
    wanted("cold audit's time / warm audit's", cold / warm, "at least 20", cold / warm >= 20)
    memory = results["memory_kib"] / 1024
    wanted("most memory, MiB", memory, "below 100", memory < 100)


def wanted(what, value, words, is_met):
    print(f"{what:<46}{value:8.2f}   wanted: {words}: {'met' if is_met else 'NOT MET'}")


if __name__ == "__main__":
    main()
