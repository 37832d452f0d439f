#!/usr/bin/env python3
"""Tries each image of the corpus on an engine, and prints who notices its fault."""

import argparse
import json
import os
import subprocess
import sys
import tempfile

from pack import Registry

# Whoever is offered a platform that does not exist asks for the one that was meant.
MEANT = {"linux/amr64": "linux/arm64", "linux/amd64/v8": "linux/amd64"}
SECONDS = 20


class Refused(Exception):
    """The registry does not take the image."""


def main():
    parser = argparse.ArgumentParser(prog="ci/corpus")
    parser.add_argument("--only", metavar="SIGNATURE")
    for name in ("everyarch", "rival", "registry", "corpus"):
        parser.add_argument(f"--{name}", required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ["DOCKER_HOST"] = said(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"])
    with open(os.path.join(options.corpus, "entries.json"), encoding="utf-8") as file:
        entries = [entry for entry in json.load(file) if options.only in (None, entry["signature"])]
    print("| signature | incident | `docker run --platform` | `container-structure-test` | `everyarch audit` |")
    print("|---|---|---|---|---|")
    sums = {}
    for entry in entries:
        row = trial(options, entry)
        for column, cell in zip(("run", "rival", "audit"), row):
            count = sums.setdefault((entry["run"], column), {})
            word = cell.split(":")[0]
            count[word] = count.get(word, 0) + 1
        print("|", " | ".join([f"`{entry['signature']}`", entry["incident"], *row]), "|", flush=True)
    server = said(["docker", "version", "--format", "{{.Server.Version}} on {{.Server.Os}}/{{.Server.Arch}}"])
    rival = said([options.rival, "version"])
    print(f"\nDocker Engine {server}; container-structure-test {rival}.")
    for (kind, column), count in sorted(sums.items()):
        print(f"{kind}, {column}: " + ", ".join(f"{number} {word}" for word, number in sorted(count.items())))


def said(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def trial(options, entry):
    """The three cells of an entry's row."""
    audit = audited(options, entry)
    platform = MEANT.get(entry["broken"], entry["broken"])
    folder = os.path.join(options.corpus, entry["folder"])
    if entry["run"] == "loader":
        return ("no verdict: its loader is a stand-in",) * 2 + (audit,)
    image = f"{options.registry}/corpus/{entry['folder']}"
    try:
        return on_engine(options, entry, platform, image, folder) + (audit,)
    except Refused as why:
        return (f"no verdict: {why}",) * 2 + (audit,)
    finally:
        for state in ("mended", "broken"):
            # What was ended because it took too long leaves its container behind.
            left = said(["docker", "ps", "--all", "--quiet", "--filter", f"ancestor={image}:{state}"]).split()
            silently(["docker", "rm", "-f", *left])
            silently(["docker", "image", "rm", "-f", f"{image}:{state}"])


def on_engine(options, entry, platform, image, folder):
    push(image, folder, "mended")
    entrypoint = config_of(folder, entry["broken"]).get("config", {}).get("Entrypoint")
    judge = lambda name: (run(name, platform), rival(options.rival, name, platform, entry["path"], entrypoint))
    control, _ = judge(f"{image}:mended")
    if control is not None:
        return (f"no verdict: the twin fails too ({control})",) * 2
    # What an engine has already it does not ask for again.
    silently(["docker", "image", "rm", "-f", f"{image}:mended"])
    push(image, folder, "broken")
    failure, found = judge(f"{image}:broken")
    if failure and not said(["docker", "image", "ls", "--quiet", f"{image}:broken"]):
        found = "the image can't be pulled"
    note = {"host": ": the host decides", "untouched": ": nothing touches the file"}.get(entry["run"], "")
    cells = ["passes" + note if why is None else f"fails: {why}" for why in (failure, found)]
    return tuple(cells)


def audited(options, entry):
    """What the audit says of the broken image: read again here, from the bytes."""
    with tempfile.TemporaryDirectory() as folder:
        report = os.path.join(folder, "report.json")
        layout = os.path.join(options.corpus, entry["folder"], "broken")
        command = [options.everyarch, "audit", f"oci:{layout}", "--no-cache", "--json", report, *entry["arguments"]]
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(report, encoding="utf-8") as file:
            findings = json.load(file)["findings"]
    for finding in findings:
        hint = finding["hint"] or ""
        is_it = f"({entry['signature']})" in hint if entry["is_cause"] else finding["code"] == entry["signature"]
        if is_it and (finding["platform"] or "") == entry["platform"] and finding["path"] == entry["path"]:
            return f"{finding['severity']}: names the cause" if entry["is_cause"] else finding["severity"]
    return "missed"


# The engine


def ended(command):
    """The exit code and what was said; a code of its own where it took too long."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS)
        return done.returncode, done.stdout.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return None, f"no end within {SECONDS} s"


def run(image, platform):
    """Why `docker run` fails; None where it does not."""
    container = f"everyarch-corpus-{os.getpid()}"
    code, text = ended(["docker", "pull", "--quiet", "--platform", platform, image])
    if code == 0:
        code, text = ended(["docker", "run", "--rm", "--name", container, "--network", "none",
                            "--pull", "never", "--platform", platform, image])
    elif code is not None:
        code = 125  # that of `docker run`, which would have pulled
    silently(["docker", "rm", "-f", container])
    if code == 0:
        return None
    text = short(text, image)
    return f"exit {code}, `{text}`" if code is not None else text


def silently(command):
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def short(text, image):
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith(("See 'docker", "Run 'docker"))]
    line = (lines or [""])[0].replace(image, "IMAGE").replace(image.rpartition(":")[0], "IMAGE")
    for prefix in ("docker: ", "Error response from daemon: "):
        line = line.removeprefix(prefix)
    line = line.replace("|", "/").replace("`", "'").strip()
    return line if len(line) <= 90 else line[:45].rstrip() + " … " + line[-42:].lstrip().rstrip(".")


def rival(program, image, platform, path, entrypoint):
    """Which of container-structure-test's tests fails; None where none does."""
    config = {"schemaVersion": "2.0.0"}
    if path:
        config["fileExistenceTests"] = [{"name": "the file", "path": path, "shouldExist": True}]
    if entrypoint:
        command, *arguments = entrypoint
        config["commandTests"] = [{"name": "the entrypoint", "command": command, "args": arguments, "exitCode": 0}]
    with tempfile.TemporaryDirectory() as folder:
        tests, report = os.path.join(folder, "tests.json"), os.path.join(folder, "report.json")
        with open(tests, "w", encoding="utf-8") as file:
            json.dump(config, file)
        code, text = ended([program, "test", "--image", image, "--platform", platform, "--config", tests,
                            "--output", "json", "--test-report", report])
        if code == 0:
            return None
        try:
            with open(report, encoding="utf-8") as file:
                results = json.load(file)["Results"] or []
        except (OSError, ValueError, KeyError):
            results = []
    failed = [result["Name"].split(": ")[-1] for result in results if not result["Pass"]]
    return " and ".join(failed) or "the image can't be had"


# Pushing a layout


def blob(folder, digest):
    with open(os.path.join(folder, "blobs", *digest.split(":")), "rb") as file:
        return file.read()


def blobs(folder):
    return set(os.listdir(os.path.join(folder, "blobs", "sha256")))


def root_of(folder):
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
        return json.load(file)["manifests"][0]


def push(image, folder, state):
    """Pushes one of an entry's layouts."""
    registry = Registry(*image.split("/", 1))
    try:
        push_layout(registry, folder, state)
    except SystemExit as why:
        raise Refused(str(why).splitlines()[0]) from why


def push_layout(registry, folder, state):
    """What the layout lacks is pushed from its twin, and then deleted."""
    layout, twin = os.path.join(folder, state), os.path.join(folder, "mended")
    lost = blobs(twin) - blobs(layout) if root_of(twin)["digest"] == root_of(layout)["digest"] else set()
    push_manifest(registry, twin if lost else layout, root_of(layout), state)
    for digest in lost:
        for kind in ("manifests", "blobs"):
            registry.request("DELETE", f"{registry.base}/{kind}/sha256:{digest}")


def push_manifest(registry, folder, descriptor, tag=None):
    content = blob(folder, descriptor["digest"])
    document = json.loads(content)
    for child in document.get("manifests", []):
        push_manifest(registry, folder, child)
    parts = document.get("layers", []) + [document[key] for key in ("config",) if key in document]
    for part in parts:
        body = blob(folder, part["digest"])
        registry.push_blob(part["digest"], body, len(body))
    headers = {"Content-Type": descriptor["mediaType"]}
    answer = registry.request("PUT", f"{registry.base}/manifests/{tag or descriptor['digest']}", content, headers)
    if answer.status != 201:
        raise Refused(f"the registry answers {answer.status}")


def config_of(folder, platform):
    """The config of a platform in the broken layout, as the index lists it."""
    layout = os.path.join(folder, "mended")
    root = json.loads(blob(layout, root_of(layout)["digest"]))
    for child in root.get("manifests", []):
        words = [child["platform"].get(key) for key in ("os", "architecture", "variant")]
        if "/".join(filter(None, words)) == MEANT.get(platform, platform):
            manifest = json.loads(blob(layout, child["digest"]))
            return json.loads(blob(layout, manifest["config"]["digest"]))
    return {}


if __name__ == "__main__":
    sys.exit(main())
