#!/usr/bin/env python3
"""Packs container images without an engine: the same input, the same digests.

pack.py layer OUT.tar.gz SOURCE   packs a folder or a tar as one layer
pack.py push REGISTRY/NAME:TAG    pushes variants made of such layers as an index
pack.py digest REGISTRY/NAME:TAG… prints the digests of what the tags name
pack.py children REGISTRY/NAME:TAG   prints an index's platforms and digests

Needs nothing but Python's own library.
"""

import argparse
import gzip
import hashlib
import http.client
import json
import os
import stat
import sys
import tarfile
import urllib.parse

OCI = {
    "index": "application/vnd.oci.image.index.v1+json",
    "manifest": "application/vnd.oci.image.manifest.v1+json",
    "config": "application/vnd.oci.image.config.v1+json",
    "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
}
DOCKER = {
    "index": "application/vnd.docker.distribution.manifest.list.v2+json",
    "manifest": "application/vnd.docker.distribution.manifest.v2+json",
    "config": "application/vnd.docker.container.image.v1+json",
    "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
}
CREATED = "1970-01-01T00:00:00Z"


# Layers


class Hashed:
    """A file that knows the digest of what was written to it."""

    def __init__(self, file):
        self.file, self.hash, self.size = file, hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.size += len(data)
        return self.file.write(data)

    def flush(self):
        self.file.flush()

    def digest(self):
        return "sha256:" + self.hash.hexdigest()


def pack_layer(out, source, without):
    """Writes SOURCE as a gzipped tar: no times, no owners' names, a fixed order.

    What a manifest says of it goes beside it, to OUT.json.
    """
    partial = out + ".partial"
    with open(partial, "wb") as file:
        outer = Hashed(file)
        with gzip.GzipFile("", "wb", compresslevel=1, fileobj=outer, mtime=0) as zipped:
            inner = Hashed(zipped)
            with tarfile.open(fileobj=inner, mode="w|", format=tarfile.PAX_FORMAT, bufsize=1 << 20) as layer:
                add = add_folder if os.path.isdir(source) else add_tar
                add(layer, source, lambda name: any(name == w or name.startswith(w + "/") for w in without))
    with open(out + ".json", "w", encoding="utf-8") as facts:
        json.dump({"digest": outer.digest(), "size": outer.size, "diff_id": inner.digest()}, facts)
    os.replace(partial, out)


def add_folder(layer, folder, excluded):
    """Everything belongs to root; the modes do not depend on the user's umask."""
    names = []
    for parent, folders, files in os.walk(folder):
        names += [os.path.relpath(os.path.join(parent, name), folder) for name in folders + files]
    for name in sorted(names):
        if excluded(name):
            continue
        path = os.path.join(folder, name)
        entry = layer.gettarinfo(path, arcname=name)
        if entry.islnk():  # gettarinfo links files with one inode; keep them whole
            entry.type, entry.linkname, entry.size = tarfile.REGTYPE, "", os.path.getsize(path)
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        if entry.mode & stat.S_ISVTX:
            entry.mode = 0o1777
        else:
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
        if entry.isreg():
            with open(path, "rb") as content:
                layer.addfile(entry, content)
        else:
            layer.addfile(entry)


def add_tar(layer, path, excluded):
    """Owners, modes and order stay (hard links follow their targets); devices go."""
    with tarfile.open(path) as source:
        for entry in source:
            entry.name = os.path.normpath(entry.name)
            if entry.name == "." or entry.isdev() or excluded(entry.name):
                continue
            if entry.islnk():
                entry.linkname = os.path.normpath(entry.linkname)
            entry.mtime = 0
            entry.uname = entry.gname = ""
            entry.pax_headers = {}
            layer.addfile(entry, source.extractfile(entry) if entry.isreg() else None)


# The registry


class Registry:
    """One repository of a registry, over plain HTTP."""

    def __init__(self, host, repository):
        self.connection = http.client.HTTPConnection(host, timeout=120)
        self.host, self.base = host, f"/v2/{repository}"

    def request(self, method, path, body=None, headers=None, expect=()):
        try:
            self.connection.request(method, path, body, headers or {})
            response = self.connection.getresponse()
            text = response.text = response.read()
        except OSError as error:
            sys.exit(f"pack.py: error: no registry answers at {self.host}: {error}\n  start one with ci/registry")
        if expect and response.status not in expect:
            sys.exit(f"pack.py: error: {method} {path} at {self.host} answered {response.status}: {text[:500].decode(errors='replace')}")
        return response

    def push_blob(self, digest, body, size):
        if self.request("HEAD", f"{self.base}/blobs/{digest}").status == 200:
            return
        opened = self.request("POST", f"{self.base}/blobs/uploads/", headers={"Content-Length": "0"}, expect=(202,))
        where = urllib.parse.urlsplit(opened.headers["Location"])
        query = "&".join(filter(None, (where.query, urllib.parse.urlencode({"digest": digest}))))
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        self.request("PUT", f"{where.path}?{query}", body, headers, expect=(201,))

    def push_bytes(self, kind, content):
        digest = digest_of(content)
        self.push_blob(digest, content, len(content))
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    def push_layer(self, kind, path):
        """Returns the layer's descriptor and the digest of the tar in it."""
        with open(path + ".json", encoding="utf-8") as file:
            facts = json.load(file)
        with open(path, "rb") as file:
            self.push_blob(facts["digest"], file, facts["size"])
        return {"mediaType": kind, "digest": facts["digest"], "size": facts["size"]}, facts["diff_id"]

    def push_manifest(self, document, tag=None):
        content = encode(document)
        digest = digest_of(content)
        headers = {"Content-Type": document["mediaType"]}
        self.request("PUT", f"{self.base}/manifests/{tag or digest}", content, headers, expect=(201,))
        return {"mediaType": document["mediaType"], "digest": digest, "size": len(content)}


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def encode(document):
    return json.dumps(document, indent=2, sort_keys=True).encode()


# Images


def platform_of(text):
    """linux/arm/v7 in the words of a descriptor."""
    parts = text.split("/")
    return dict(zip(("os", "architecture", "variant"), parts))


def push_variant(registry, kinds, platform, layers, config, tag=None):
    """Pushes one platform's manifest; config says what the image's config claims."""
    pushed = [registry.push_layer(kinds["layer"], path) for path in layers]
    document = dict(platform_of(platform))
    document["created"] = CREATED
    document["config"] = config
    document["rootfs"] = {"type": "layers", "diff_ids": [diff_id for _, diff_id in pushed]}
    document["history"] = [{"created": CREATED, "created_by": "ci/pack.py"} for _ in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": kinds["manifest"],
        "config": registry.push_bytes(kinds["config"], encode(document)),
        "layers": [layer for layer, _ in pushed],
    }
    return registry.push_manifest(manifest, tag)


def push_attestation(registry, kinds, subject):
    """A provenance entry beside SUBJECT, as buildkit writes it."""
    statement = encode(
        {
            "_type": "https://in-toto.io/Statement/v0.1",
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "subject": [{"name": "image", "digest": {"sha256": subject["digest"].split(":")[1]}}],
            "predicate": {"builder": {"id": ""}, "buildType": "ci/pack.py"},
        }
    )
    layer = registry.push_bytes("application/vnd.in-toto+json", statement)
    config = {"os": "unknown", "architecture": "unknown", "config": {}}
    config["rootfs"] = {"type": "layers", "diff_ids": [layer["digest"]]}
    manifest = {
        "schemaVersion": 2,
        "mediaType": kinds["manifest"],
        "config": registry.push_bytes(kinds["config"], encode(config)),
        "layers": [layer],
    }
    annotations = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": subject["digest"],
    }
    entry = registry.push_manifest(manifest)
    return entry | {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": annotations}


def open_reference(reference):
    host, _, name = reference.partition("/")
    repository, _, tag = name.rpartition(":")
    if not repository:
        sys.exit(f"pack.py: error: {reference} is not HOST:PORT/NAME:TAG")
    return Registry(host, repository), tag


def pull_manifest(reference):
    registry, tag = open_reference(reference)
    kinds = ", ".join(words[kind] for words in (OCI, DOCKER) for kind in ("index", "manifest"))
    path = f"{registry.base}/manifests/{tag}"
    return registry.request("GET", path, headers={"Accept": kinds}, expect=(200,)).text


def print_children(arguments):
    for child in json.loads(pull_manifest(arguments.reference)).get("manifests", []):
        platform = child.get("platform", {})
        words = [platform.get(key) for key in ("os", "architecture", "variant")]
        print("/".join(filter(None, words)) or "-", child["digest"])


def push_image(arguments):
    registry, tag = open_reference(arguments.reference)
    kinds = DOCKER if arguments.docker else OCI
    config = json.load(open(arguments.config, encoding="utf-8")) if arguments.config else {}
    claims = dict(claim.split("=", 1) for claim in arguments.claim)

    if arguments.bare:
        ((platform, *layers),) = arguments.variant
        return push_variant(registry, kinds, platform, layers, config, tag)

    children = []
    for platform, *layers in arguments.variant:
        child = push_variant(registry, kinds, claims.get(platform, platform), layers, config)
        children.append(child | {"platform": platform_of(platform)})
    if arguments.attest:
        children.append(push_attestation(registry, kinds, children[0]))
    index = {"schemaVersion": 2, "mediaType": kinds["index"], "manifests": children}
    if arguments.nested:
        index = index | {"manifests": [registry.push_manifest(index)]}
    return registry.push_manifest(index, tag)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    layer = commands.add_parser("layer", help="pack a folder or a tar as one layer")
    layer.add_argument("out")
    layer.add_argument("source")
    layer.add_argument("--without", action="append", default=[], metavar="PATH", help="leave PATH out")
    push = commands.add_parser("push", help="push variants as an index; prints its digest")
    push.add_argument("reference", help="HOST:PORT/NAME:TAG")
    push.add_argument("--variant", action="append", nargs="+", required=True, metavar=("PLATFORM", "LAYER"))
    push.add_argument("--config", metavar="FILE", help="JSON: the config's Env, Entrypoint and so on")
    push.add_argument("--claim", action="append", default=[], metavar="PLATFORM=OTHER",
                      help="let the config of PLATFORM's variant name another one")
    push.add_argument("--docker", action="store_true", help="Docker's media types")
    push.add_argument("--attest", action="store_true", help="add an attestation of the first variant")
    push.add_argument("--nested", action="store_true", help="put the index into another")
    push.add_argument("--bare", action="store_true", help="tag the one variant's manifest, without an index")
    children = commands.add_parser("children", help="print an index's platforms and digests")
    children.add_argument("reference", help="HOST:PORT/NAME:TAG")
    digest = commands.add_parser("digest", help="print the digests of what tags name")
    digest.add_argument("reference", nargs="+", help="HOST:PORT/NAME:TAG")
    arguments = parser.parse_args()
    if arguments.command == "layer":
        pack_layer(arguments.out, arguments.source, arguments.without)
    elif arguments.command == "digest":
        for reference in arguments.reference:
            print(digest_of(pull_manifest(reference)))
    elif arguments.command == "children":
        print_children(arguments)
    else:
        print(push_image(arguments)["digest"])


if __name__ == "__main__":
    main()
