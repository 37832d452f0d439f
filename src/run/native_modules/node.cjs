// Finds the Node packages of an image that carry or depend on native code,
// and loads each in this one process. Reports a line of JSON for each step,
// behind a nonce, so that what a module prints can't be taken for a report.
'use strict';
const fs = require('fs');
const path = require('path');
const Module = require('module');
const { createRequire } = Module;
const { pathToFileURL } = require('url');

const nonce = process.env.EVERYARCH_NONCE;
const arch = process.env.EVERYARCH_ARCH || process.arch;
const skip = new Set(JSON.parse(process.env.EVERYARCH_SKIP || '[]'));
const only = JSON.parse(process.env.EVERYARCH_ONLY || '[]');
for (const name of ['EVERYARCH_NONCE', 'EVERYARCH_ARCH', 'EVERYARCH_SKIP', 'EVERYARCH_ONLY']) delete process.env[name];

function say(report) {
  let rest = Buffer.from(`\n${nonce} ${JSON.stringify(report)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}

const list = (dir) => {
  try {
    return fs.readdirSync(dir, { withFileTypes: true });
  } catch {
    return [];
  }
};
const json = (file) => {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
};
const isFolder = (dir) => {
  try {
    return fs.statSync(dir).isDirectory();
  } catch {
    return false;
  }
};

function start(file, length) {
  const bytes = Buffer.alloc(length);
  let opened;
  try {
    opened = fs.openSync(file, 'r');
    return bytes.subarray(0, fs.readSync(opened, bytes, 0, length, 0));
  } catch {
    return Buffer.alloc(0);
  } finally {
    if (opened !== undefined) fs.closeSync(opened);
  }
}

// Node's own program names its loader, near its start. What lies in /lib proves
// less: Alpine's libc6-compat brings glibc's name for musl's loader.
const loader = /ld-musl-|ld-linux|ld64\.so/.exec(start(process.execPath, 8192).toString('latin1'));
const isMusl = loader ? loader[0] === 'ld-musl-' : list('/lib').some((entry) => entry.name.startsWith('ld-musl-'));

// --- which platform a file or package name speaks of -----------------------

const CPUS = new Map([
  ['x64', 'x64'], ['amd64', 'x64'], ['x86_64', 'x64'], ['64', 'x64'],
  ['ia32', 'ia32'], ['x86', 'ia32'], ['386', 'ia32'], ['i686', 'ia32'], ['32', 'ia32'],
  ['arm64', 'arm64'], ['aarch64', 'arm64'], ['arm64v8', 'arm64'], ['armv8', 'arm64'],
  ['arm', 'arm'], ['armv6', 'arm'], ['armv7', 'arm'], ['armv7l', 'arm'], ['armhf', 'arm'],
  ['ppc64', 'ppc64'], ['ppc64le', 'ppc64'], ['s390x', 's390x'], ['riscv64', 'riscv64'],
  ['loong64', 'loong64'], ['loongarch64', 'loong64'], ['mips64el', 'mips64el'], ['wasm32', 'wasm'],
]);
const SYSTEMS = new Map([
  ['linux', 'linux'], ['linuxmusl', 'linux'], ['alpine', 'linux'], ['darwin', 'other'], ['macos', 'other'],
  ['win32', 'other'], ['windows', 'other'], ['android', 'other'], ['freebsd', 'other'], ['netbsd', 'other'],
  ['openbsd', 'other'], ['sunos', 'other'], ['aix', 'other'], ['openharmony', 'other'], ['ohos', 'other'],
  ['wasm32', 'other'], ['wasi', 'other'], ['ios', 'other'],
]);

// Prisma names Linux on x64 by its distribution: debian-openssl-3.0.x.
function prismaTarget(name) {
  const found = /(?:query_engine|schema-engine|migration-engine|query-engine)-(.+?)(?:\.so\.node|\.node|$)/.exec(name);
  if (!found) return null;
  const target = found[1];
  const cpu = target.includes('arm64') ? 'arm64' : 'x64';
  const system = /^(debian|rhel|linux)/.test(target) ? 'linux' : 'other';
  return { system, cpu, musl: target.includes('musl'), glibc: system === 'linux' && !/musl|static/.test(target) };
}

function target(name) {
  const prisma = prismaTarget(name);
  if (prisma) return prisma;
  const words = name.toLowerCase().replace('x86_64', 'x64').split(/[-_./@+]/);
  const system = words.map((word) => SYSTEMS.get(word)).find(Boolean);
  const cpu = words.map((word) => CPUS.get(word)).find(Boolean);
  const musl = words.some((word) => ['musl', 'linuxmusl', 'alpine', 'musleabihf', 'musleabi'].includes(word));
  const glibc = words.some((word) => ['gnu', 'glibc', 'gnueabihf', 'gnueabi'].includes(word));
  return { system, cpu, musl, glibc };
}

// Whether a name is for the platform under test. One that says nothing is.
function isOurs(name) {
  const { system, cpu, musl, glibc } = target(name);
  if (system && system !== 'linux') return false;
  // `arm` in a package's own name is no architecture unless a system stands by it.
  if (cpu && system && cpu !== arch) return false;
  if (cpu && !system && /(?:^|\/)prebuilds\//.test(name) && cpu !== arch) return false;
  if (system && musl && !isMusl) return false;
  if (system && glibc && isMusl) return false;
  if (/\.musl\./.test(name) && !isMusl) return false;
  if (/\.glibc\./.test(name) && isMusl) return false;
  // Builds for one version of Node, or for another runtime: node.abi115.glibc.node.
  const abi = /\babi(\d+)\b/.exec(name);
  if (abi && abi[1] !== process.versions.modules) return false;
  return !/(?:^|\/)electron\.[^/]*\.node$/.test(name);
}
const namesPlatform = (name) => {
  const { system, cpu } = target(name);
  return Boolean(system && cpu);
};

// Whether a field of package.json (os, libc) allows a value: ["linux"], ["!win32"].
function allows(field, value) {
  const words = [].concat(field || []);
  if (words.includes(`!${value}`)) return false;
  return words.every((word) => word.startsWith('!')) || words.includes(value) || words.includes('any');
}
const isForHere = (manifest) => allows(manifest.os, 'linux') && allows(manifest.libc, isMusl ? 'musl' : 'glibc');

// --- packages ---------------------------------------------------------------

const OUTSIDE = new Set([
  '/proc', '/sys', '/dev', '/run', '/boot', '/etc', '/.everyarch', '/var/cache', '/var/log', '/var/lib/dpkg',
  '/var/lib/apt', '/usr/include', '/usr/share', '/usr/lib/python3', '/usr/lib/locale', '/usr/lib/jvm',
]);

// The folder of the package.json that a file belongs to; its own without one.
function owner(file) {
  for (let dir = path.dirname(file); dir !== '/'; dir = path.dirname(dir)) {
    if (fs.existsSync(path.join(dir, 'package.json'))) return dir;
  }
  return path.dirname(file);
}

function packageFolders() {
  const roots = new Set();
  const applications = new Map();
  const walk = (dir, depth) => {
    for (const entry of list(dir)) {
      const child = path.join(dir, entry.name);
      if (entry.isFile() && entry.name.endsWith('.node')) {
        const dir = owner(child);
        applications.set(dir, [...(applications.get(dir) || []), child]);
      }
      if (!entry.isDirectory()) continue;
      if (entry.name === 'node_modules') roots.add(child);
      else if (depth < 10 && entry.name !== '.git' && !OUTSIDE.has(child)) walk(child, depth + 1);
    }
  };
  walk('/', 0);
  for (const dir of ['/usr/share/nodejs', '/usr/lib/nodejs']) if (isFolder(dir)) roots.add(dir);

  const folders = new Map();
  const takeRoot = (root) => {
    for (const entry of list(root)) {
      const child = path.join(root, entry.name);
      if (entry.name === '.pnpm') {
        for (const stored of list(child)) takeRoot(path.join(child, stored.name, 'node_modules'));
      } else if (entry.name === '.prisma') {
        takeFolder(path.join(child, 'client'));
      } else if (entry.name.startsWith('@')) {
        for (const scoped of list(child)) takeFolder(path.join(child, scoped.name));
      } else if (!entry.name.startsWith('.')) {
        takeFolder(child);
      }
    }
  };
  const takeFolder = (dir) => {
    let real;
    try {
      real = fs.realpathSync(dir);
    } catch {
      return;
    }
    if (folders.has(real) || !isFolder(real)) return;
    folders.set(real, json(path.join(real, 'package.json')) || {});
    const nested = path.join(real, 'node_modules');
    if (isFolder(nested)) takeRoot(nested);
  };
  for (const root of roots) takeRoot(root);
  // Addons of an application's own, engines generated into its sources, bundles.
  for (const [dir, objects] of applications) {
    if (!folders.has(dir)) folders.set(dir, { ...json(path.join(dir, 'package.json')), ownObjects: objects });
  }
  return folders;
}

const NOT_CARRIED = new Set(['node_modules', 'test', 'tests', '__tests__', 'fixtures', 'obj.target', 'Debug', '.deps', '.git']);

function files(dir, depth = 0, found = []) {
  if (found.length > 5000) return found;
  for (const entry of list(dir)) {
    const child = path.join(dir, entry.name);
    if (entry.isDirectory()) {
      if (depth < 8 && !NOT_CARRIED.has(entry.name)) files(child, depth + 1, found);
    } else if (entry.isFile()) {
      found.push(child);
    }
  }
  return found;
}

const head = (file) => start(file, 20).toString('hex');
const isElf = (hex) => hex.startsWith('7f454c46');

// A dependency's folder as Node would find it from a package.
function resolveFolder(from, name) {
  for (let dir = from; ; dir = path.dirname(dir)) {
    const candidate = path.join(dir, 'node_modules', name);
    if (isFolder(candidate)) return candidate;
    if (path.basename(dir) === 'node_modules' && isFolder(path.join(dir, name))) return path.join(dir, name);
    if (dir === '/') return null;
  }
}

// What packages find their native code with, when they are loaded.
const FINDERS = new Set(['node-gyp-build', 'node-gyp-build-optional-packages', 'pkg-prebuilds', 'pkg-prebuilds/bindings', 'require-addon']);
const BUILT_BY = new Set([...FINDERS, 'bindings', 'prebuild-install', 'node-pre-gyp', '@mapbox/node-pre-gyp', 'node-addon-api', 'nan']);

// The packages per platform that a manifest names, and those for this one.
function platformPackages(manifest) {
  const all = Object.keys(manifest.optionalDependencies || {}).filter(namesPlatform);
  let ours = all.filter((dependency) => isOurs(dependency));
  // Beside a package for musl, the one that names no C library is for glibc.
  const forMusl = ours.filter((dependency) => target(dependency).musl);
  if (forMusl.length > 0) ours = forMusl;
  return { all, ours, areForLinux: all.some((dependency) => target(dependency).system === 'linux') };
}

function inspect(dir, manifest, children) {
  const isPrismaClient = dir.endsWith('/.prisma/client');
  const isApplication = Array.isArray(manifest.ownObjects);
  const name = isPrismaClient ? '@prisma/client' : manifest.name || (isApplication ? path.basename(dir) : path.relative(path.dirname(path.dirname(dir)), dir));
  const { all, ours, areForLinux } = isApplication ? { all: [], ours: [] } : platformPackages(manifest);
  const isPlatformPackage = Boolean((manifest.os || manifest.cpu) && namesPlatform(name));
  if (isPlatformPackage && !isOurs(name)) return null;
  if (!isForHere(manifest)) return null;

  const module = { key: dir, name, version: manifest.version || '', folder: dir, files: [], problem: null, objects: [], isPlatformPackage, isApplication, manifest };
  const carried = isApplication ? manifest.ownObjects : files(dir);
  const bins = Object.values(typeof manifest.bin === 'string' ? { bin: manifest.bin } : manifest.bin || {}).map((file) => path.resolve(dir, file));
  const objects = carried.filter((file) => file.endsWith('.node'));
  const take = (file) => {
    module.files.push({ path: file, head: head(file) });
    if (file.endsWith('.node')) module.objects.push(file);
  };
  for (const file of carried) {
    const isObject = file.endsWith('.node');
    const isLibrary = /\.so(\.\d+)*$/.test(file);
    if (!isObject && !isLibrary && !isPlatformPackage && !bins.includes(file)) continue;
    if (isOurs(path.relative(dir, file)) && (isObject || isElf(head(file)))) take(file);
  }
  let hasOurs = false;
  for (const dependency of ours) {
    const folder = resolveFolder(dir, dependency);
    if (!folder || !isForHere(json(path.join(folder, 'package.json')) || {})) continue;
    hasOurs = true;
    const real = fs.realpathSync(folder);
    children.add(real);
    for (const file of files(real)) {
      if (isOurs(path.relative(real, file)) && (file.endsWith('.node') || isElf(head(file)))) take(file);
    }
  }
  const isBuilt = manifest.gypfile === true || fs.existsSync(path.join(dir, 'binding.gyp'));
  const isBuiltOnInstall =
    Object.keys(manifest.dependencies || {}).some((dependency) => BUILT_BY.has(dependency)) ||
    /node-gyp|prebuild|node-pre-gyp|cmake-js/.test((manifest.scripts || {}).install || '');
  if (objects.length === 0 && !areForLinux && !(isBuilt && isBuiltOnInstall)) return null;

  const isPrisma = objects.some((file) => prismaTarget(path.basename(file)));
  if (module.objects.length > 0 || hasOurs) {
    // It has what it needs.
  } else if (name === 'next' && !all.some((dependency) => resolveFolder(dir, dependency))) {
    // It compiles with these when it builds; what it puts out for running leaves them out.
    return null;
  } else if (all.length > 0) {
    module.problem = { code: 'platform-package-missing', wanted: ours, there: all.filter((dependency) => resolveFolder(dir, dependency)) };
  } else if (isPrisma && /^(?:prisma|@prisma\/engines)$/.test(name)) {
    // Prisma's own tools fetch an engine they lack; the client can't.
    return null;
  } else if (objects.length > 0) {
    module.problem = { code: isPrisma ? 'prisma-engine-missing' : 'node-gyp-build-no-prebuild', wanted: [], there: objects.map((file) => path.relative(dir, file)).slice(0, 12) };
  } else {
    module.problem = { code: 'bindings-file-not-located', wanted: [], there: [] };
  }
  return module;
}

// --- loading ------------------------------------------------------------------

// Who was refused what it asked for, and who asked for a finder of native code:
// a package that did so when it was loaded, and loaded, does without. Finders are
// only watched: some look at the stack to see who calls them.
const asked = [];
const loadModule = Module._load;
Module._load = function (request, parent, ...rest) {
  const note = (refusal) => asked.push({ request, from: (parent && parent.filename) || '', refusal });
  if (FINDERS.has(request)) note(null);
  try {
    return loadModule.call(this, request, parent, ...rest);
  } catch (error) {
    note(firstLine(error));
    throw error;
  }
};
const firstLine = (error) => String((error && error.message) || error).split('\n')[0];
const isInside = (file, dir) => file.startsWith(`${dir}/`) && !file.slice(dir.length).includes('/node_modules/');
const isNative = (request) => request.endsWith('.node') || /\bbuild\/Release\b/.test(request) || namesPlatform(request);

// Returns nothing for a package without a main file: it has nothing to load but its objects.
async function loadPackage({ folder, name, manifest }) {
  const load = createRequire(path.join(folder, 'package.json'));
  let entry = null;
  for (const request of manifest.exports ? [name, folder] : [folder]) {
    try {
      entry = entry || load.resolve(request);
    } catch {
      // Its other name may lead further.
    }
  }
  if (!entry) return null;
  try {
    return { exports: load(entry) };
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM' && error.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    return { exports: await import(pathToFileURL(entry).href) };
  }
}

// Why a package whose native code is missing is healthy without it; null if it is not.
function excuse(module) {
  const hasAsked = asked.some(({ request, from, refusal }) => {
    if (refusal === null) return isInside(from, module.folder);
    return isNative(request) && (isInside(from, module.folder) || isInside(request, module.folder));
  });
  return hasAsked ? 'it has none of its native code for this platform, and loads without' : null;
}

// Why nobody misses a package that does not load: all that depend on it, do so
// optionally, have asked for it when they were loaded, and were loaded without it.
async function missedByNobody(module) {
  const places = [path.dirname(module.folder), path.dirname(path.dirname(module.folder))];
  const root = places.find((place) => path.basename(place) === 'node_modules');
  const project = root && json(path.join(path.dirname(root), 'package.json'));
  const dependents = [];
  for (const [folder, manifest] of packages) {
    const needs = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies });
    if (folder !== module.folder && needs.includes(module.name) && findsThere(folder, module)) dependents.push({ folder, name: manifest.name || '', manifest });
  }
  if (project && !dependents.some(({ folder }) => folder === path.dirname(root)) && module.name in { ...project.dependencies, ...project.optionalDependencies }) return null;
  for (const dependent of dependents) {
    try {
      await loadPackage(dependent);
    } catch {
      return null;
    }
    if (!asked.some(({ request, from, refusal }) => refusal !== null && request === module.name && isInside(from, dependent.folder))) return null;
  }
  const names = dependents.map(({ name }) => name).join(', ');
  return names && `${names} ${dependents.length > 1 ? 'do' : 'does'} without it`;
}
function findsThere(folder, module) {
  const found = resolveFolder(folder, module.name);
  return found !== null && fs.realpathSync(found) === module.folder;
}

// Packages that turn to their native code only when they are used.
const USES = new Map([
  ['esbuild', ({ transformSync }) => transformSync('let x: number = 1', { loader: 'ts' })],
  ['better-sqlite3', (Database) => new Database(':memory:').close()],
]);

async function load(module) {
  const notes = [];
  const texts = [];
  const text = (error) => {
    let whole = String((error && (error.stack || error.message)) || error);
    if (error && error.message && !whole.includes(error.message)) whole = `${error.message}\n${whole}`;
    for (let cause = error && error.cause; cause; cause = cause.cause) {
      for (const one of Array.isArray(cause) ? cause : [cause]) whole += `\ncaused by: ${(one && one.message) || one}`;
      if (Array.isArray(cause)) break;
    }
    // Frames of Node's own loader and of this script tell nothing; esbuild begins with an empty line.
    whole = whole.split('\n').filter((line) => !/^\s+at .*(?:node:internal\/|\[eval\])/.test(line)).join('\n');
    return whole.replace(/^(\w*Error: )\s*\n\s*/, '$1');
  };
  let packageError = null;
  let loaded = null;
  // An application's entry would start it.
  if (!module.isPlatformPackage && !module.isApplication) {
    try {
      loaded = await loadPackage(module);
    } catch (error) {
      packageError = error;
    }
  }
  const objectTexts = [];
  for (const file of module.objects) {
    try {
      require(file);
    } catch (error) {
      // Loaded once already by its package, and of the kind that can't be loaded twice.
      if (/did not self-register|already (been )?loaded/i.test(String(error && error.message)) && !packageError) continue;
      objectTexts.push(text(error));
    }
  }
  // Of Prisma's engines for several versions of OpenSSL, one is used.
  const isAnyEnough = module.objects.every((file) => prismaTarget(path.basename(file)));
  if (!isAnyEnough || objectTexts.length === module.objects.length) texts.push(...objectTexts);
  if (packageError) {
    const isLoader = packageError.code === 'ERR_DLOPEN_FAILED' || module.objects.length === 0 || texts.length > 0;
    if (isLoader) texts.unshift(text(packageError));
    else notes.push(`its objects load; the package itself does not: ${firstLine(packageError)}`);
  } else if (loaded && USES.has(module.name)) {
    try {
      USES.get(module.name)(loaded.exports);
    } catch (error) {
      texts.push(text(error));
    }
  }
  let excused = null;
  if (module.problem && texts.length === 0 && loaded) excused = excuse(module);
  else if (module.problem && packageError) excused = await missedByNobody(module);
  if (excused) {
    texts.length = 0;
    notes.push(excused);
  }
  return { ok: texts.length === 0, excused: Boolean(excused), text: texts.join('\n').slice(0, 8000), notes };
}

let packages = new Map();

(async () => {
  // A module's own stray rejection must not end the loading of the others.
  process.on('unhandledRejection', () => {});
  process.on('uncaughtException', () => {});
  const children = new Set();
  let modules = [];
  packages = packageFolders();
  for (const [dir, manifest] of packages) {
    const module = inspect(dir, manifest, children);
    if (module) modules.push(module);
  }
  modules = modules.filter((module) => !(module.isPlatformPackage && children.has(module.key)));
  const known = new Set(modules.map((module) => module.name));
  for (const name of only) {
    if (known.has(name)) continue;
    const folder = resolveFolder(process.cwd(), name);
    const manifest = (folder && json(path.join(folder, 'package.json'))) || {};
    if (folder) modules.push({ key: folder, name, version: manifest.version || '', folder, files: [], problem: null, objects: [], isPlatformPackage: false, isApplication: false, manifest });
  }
  modules.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.key < b.key ? -1 : 1));
  if (only.length > 0) modules = modules.filter((module) => only.includes(module.name));
  say({ found: modules.map(({ key, name, version, files, problem }) => ({ key, name, version, place: key, files, problem })) });
  // First those that lack their native code: nothing of theirs can end this
  // process, and only the one that reports what was found can excuse them.
  const inTurn = [...modules.filter((module) => module.problem), ...modules.filter((module) => !module.problem)];
  for (const module of inTurn) {
    if (skip.has(module.key)) continue;
    say({ loading: module.key });
    const started = process.hrtime.bigint();
    const result = await load(module);
    say({ loaded: module.key, ...result, seconds: Number(process.hrtime.bigint() - started) / 1e9 });
  }
  say({ done: true });
  // Modules may hold the event loop open for ever.
  process.exit(0);
})().catch((error) => {
  say({ broken: String((error && error.stack) || error) });
  process.exit(1);
});
