# Finds the extension modules on Python's path, and imports each in this one
# process. Reports a line of JSON for each step, behind a nonce, so that what
# a module prints can't be taken for a report.
import importlib
import importlib.machinery
import importlib.util
import json
import os
import re
import sys
import sysconfig
import time
import traceback

NONCE = os.environ.pop("EVERYARCH_NONCE")
SKIP = set(json.loads(os.environ.pop("EVERYARCH_SKIP", "[]")))
ONLY = json.loads(os.environ.pop("EVERYARCH_ONLY", "[]"))
os.environ.pop("EVERYARCH_ARCH", None)
SUFFIXES = sorted(importlib.machinery.EXTENSION_SUFFIXES, key=len, reverse=True)
# foo.cpython-311-x86_64-linux-gnu.so, foo.pypy39-pp73-aarch64-linux-gnu.so
TAGGED = re.compile(r"^(?P<base>.+?)\.(?P<tag>(?:cpython|pypy|cp)[0-9a-z_-]+)\.so$")
NOT_CARRIED = {"__pycache__", "tests", "test", "testing", "node_modules", ".git"}


def say(report):
    data = ("\n%s %s\n" % (NONCE, json.dumps(report))).encode()
    while data:
        data = data[os.write(1, data):]


def head(path):
    try:
        with open(path, "rb") as file:
            return file.read(20).hex()
    except OSError:
        return ""


# Where virtual environments do not lie, or too much else does.
OUTSIDE = {"/proc", "/sys", "/dev", "/run", "/boot", "/etc", "/bin", "/sbin", "/lib", "/lib64", "/tmp", "/var/lib",
           "/var/cache", "/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/usr/share", "/usr/include", "/usr/local/lib"}


def environments():
    """Modules of virtual environments for this Python that it is not started from:
    an entrypoint may name /app/.venv/bin/python where no PATH leads to it."""
    site = os.path.join("lib", "python%d.%d" % sys.version_info[:2], "site-packages")
    places = []
    for folder, folders, names in os.walk("/"):
        if "pyvenv.cfg" in names:
            if os.path.isdir(os.path.join(folder, site)):
                places.append(os.path.join(folder, site))
            folders[:] = []
        elif folder.count(os.sep) >= 5:
            folders[:] = []
        folders[:] = sorted(
            name for name in folders if name not in NOT_CARRIED and os.path.join(folder, name) not in OUTSIDE
        )
    return places


def roots():
    paths = sysconfig.get_paths()
    standard = {os.path.realpath(paths[key]) for key in ("stdlib", "platstdlib") if key in paths}
    standard |= {os.path.join(place, "lib-dynload") for place in standard}
    seen = []
    for entry in sys.path:
        place = os.path.realpath(entry or ".")
        if place in standard or place == "/" or place in seen or not os.path.isdir(place):
            continue
        seen.append(place)
    return seen


def find():
    modules = {}
    for root in roots():
        for folder, folders, names in os.walk(root):
            # Another root below this one has its own turn.
            folders[:] = sorted(
                name for name in folders
                if name not in NOT_CARRIED and os.path.join(folder, name) not in roots_cache
            )
            for name in sorted(names):
                if not (name.endswith(".so") or ".so." in name):
                    continue
                path = os.path.join(folder, name)
                relative = os.path.relpath(path, root)
                parts = relative.split(os.sep)
                top = parts[0].split(".")[0] if len(parts) == 1 else parts[0]
                for ending in (".libs", ".data"):
                    top = top[: -len(ending)] if top.endswith(ending) else top
                module = modules.setdefault(
                    os.path.join(root, top),
                    {"name": top, "files": [], "names": [], "foreign": {}, "loadable": set()},
                )
                suffix = next((suffix for suffix in SUFFIXES if name.endswith(suffix)), None)
                tagged = TAGGED.match(name)
                is_plain = suffix == ".so" and not tagged
                dotted = None
                if suffix and (suffix != ".so" or is_plain) and not parts[0].endswith(".libs"):
                    base = name[: -len(suffix)]
                    if "." not in base and not base.startswith("lib"):
                        dotted = ".".join(parts[:-1] + [base])
                if dotted and all(part.isidentifier() for part in dotted.split(".")):
                    module["names"].append((dotted, path))
                    module["loadable"].add(dotted)
                    module["files"].append({"path": path, "head": head(path)})
                elif tagged:
                    base = ".".join(parts[:-1] + [tagged.group("base")])
                    module["foreign"].setdefault(base, []).append(path)
                else:
                    module["files"].append({"path": path, "head": head(path)})
    return modules


NATIVE = re.compile(
    r"\.so\b|shared object|ELF|[Ss]ymbol not found|undefined symbol|Error relocating|C[- ]extension|static TLS|GLIBC"
)


def is_native(error, module):
    if not isinstance(error, ImportError):
        return False
    if NATIVE.search(str(error)):
        return True
    missing = getattr(error, "name", None) or ""
    return missing.startswith((module["name"] + ".", "_" + module["name"])) or missing in module["loadable"]


def load(module):
    texts, notes, seen = [], [], set()
    for dotted in [module["name"]] + [dotted for dotted, _ in module["names"]]:
        try:
            importlib.import_module(dotted)
        except BaseException as error:  # SystemExit and the like are the module's own business
            line = "%s: %s" % (type(error).__name__, error)
            if line in seen:
                continue
            seen.add(line)
            if is_native(error, module):
                texts.append("".join(traceback.format_exception_only(type(error), error)).strip())
            elif not (dotted == module["name"] and isinstance(error, ModuleNotFoundError)):
                notes.append("%s: %s" % (dotted, line.splitlines()[0]))
    return {"ok": not texts, "text": "\n".join(texts)[:8000], "notes": notes[:5]}


# First, as in the environment's own Python; but behind the one that this is started from.
others = [place for place in environments() if place not in sys.path]
sys.path = sys.path + others if sys.prefix != sys.base_prefix else others + sys.path
roots_cache = set(roots())
sys.dont_write_bytecode = True
found = find()
report = []
for key, module in sorted(found.items()):
    orphans = {base: paths for base, paths in module["foreign"].items() if base not in module["loadable"]}
    if not module["names"] and not orphans:
        continue
    if ONLY and module["name"] not in ONLY:
        continue
    problem = None
    if orphans:
        there = [path for paths in orphans.values() for path in paths]
        problem = {"code": "py-extension-other-arch-skipped", "wanted": ["*" + SUFFIXES[0]], "there": there[:12]}
    report.append((key, module, problem))
for name in ONLY:
    if not any(module["name"] == name for _, module, _ in report) and importlib.util.find_spec(name):
        report.append((name, {"name": name, "files": [], "names": [], "loadable": set()}, None))
say({"found": [
    {"key": key, "name": module["name"], "version": "", "place": key, "files": module["files"], "problem": problem}
    for key, module, problem in report
]})
for key, module, _ in report:
    if key in SKIP:
        continue
    say({"loading": key})
    started = time.monotonic()
    result = load(module)
    result.update({"loaded": key, "seconds": time.monotonic() - started})
    say(result)
say({"done": True})
sys.stdout.flush()
# Extension modules may crash when they are torn down; that is not what is asked.
os._exit(0)
