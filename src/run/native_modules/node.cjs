// Finds the Node packages of an image that carry or depend on native code,
// and loads each in this one process. Reports a line of JSON for each step,
// behind a nonce, so that what a module prints can't be taken for a report.
'use strict';
const fs = require('fs');
const path = require('path');
const { createRequire } = require('module');
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

const isMusl =
  list('/lib').some((entry) => entry.name.startsWith('ld-musl-')) &&
  !list('/lib').concat(list('/lib64')).some((entry) => /^ld-linux|^ld64/.test(entry.name));

// --- which platform a file or package name speaks of -----------------------

const CPUS = new Map([
  ['x64', 'x64'], ['amd64', 'x64'], ['x86_64', 'x64'], ['ia32', 'ia32'], ['x86', 'ia32'], ['386', 'ia32'],
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
  return true;
}
const namesPlatform = (name) => {
  const { system, cpu } = target(name);
  return Boolean(system && cpu);
};

// --- packages ---------------------------------------------------------------

const OUTSIDE = new Set([
  '/proc', '/sys', '/dev', '/run', '/boot', '/etc', '/.everyarch', '/var/cache', '/var/log', '/var/lib/dpkg',
  '/var/lib/apt', '/usr/include', '/usr/share', '/usr/lib/python3', '/usr/lib/locale', '/usr/lib/jvm',
]);

function packageFolders() {
  const roots = new Set();
  const walk = (dir, depth) => {
    for (const entry of list(dir)) {
      if (!entry.isDirectory()) continue;
      const child = path.join(dir, entry.name);
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

function head(file) {
  const bytes = Buffer.alloc(20);
  let opened;
  try {
    opened = fs.openSync(file, 'r');
    return bytes.subarray(0, fs.readSync(opened, bytes, 0, 20, 0)).toString('hex');
  } catch {
    return '';
  } finally {
    if (opened !== undefined) fs.closeSync(opened);
  }
}
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

const BUILT_BY = ['bindings', 'node-gyp-build', 'node-gyp-build-optional-packages', 'prebuild-install', 'node-pre-gyp', '@mapbox/node-pre-gyp', 'pkg-prebuilds', 'node-addon-api', 'nan'];

function inspect(dir, manifest, children) {
  const name = manifest.name || path.relative(path.dirname(path.dirname(dir)), dir);
  const isPrisma = dir.endsWith('/.prisma/client');
  const optional = Object.keys(manifest.optionalDependencies || {});
  const perPlatform = optional.filter(namesPlatform);
  const ours = perPlatform.filter((dependency) => isOurs(dependency));
  const isPlatformPackage = Boolean((manifest.os || manifest.cpu) && namesPlatform(name));
  if (isPlatformPackage && !isOurs(name)) return null;

  const module = { key: dir, name: isPrisma ? '@prisma/client' : name, version: manifest.version || '', folder: dir, files: [], problem: null, isPlatformPackage, objects: [] };
  const carried = files(dir);
  const bins = Object.values(typeof manifest.bin === 'string' ? { bin: manifest.bin } : manifest.bin || {}).map((file) => path.resolve(dir, file));
  const objects = carried.filter((file) => file.endsWith('.node'));
  const take = (file, shown) => {
    const bytes = head(file);
    module.files.push({ path: shown || file, head: bytes });
  };
  for (const file of carried) {
    const relative = path.relative(dir, file);
    const isObject = file.endsWith('.node');
    const isLibrary = /\.so(\.\d+)*$/.test(file);
    if (!isObject && !isLibrary && !isPlatformPackage && !bins.includes(file)) continue;
    if (!isOurs(relative)) continue;
    if (isObject) {
      module.objects.push(file);
      take(file);
    } else if (isElf(head(file))) {
      take(file);
    }
  }
  let hasOurs = false;
  for (const dependency of ours) {
    const folder = resolveFolder(dir, dependency);
    if (!folder) continue;
    hasOurs = true;
    children.add(fs.realpathSync(folder));
    for (const file of files(folder)) {
      if (file.endsWith('.node') || isElf(head(file))) take(file);
    }
  }
  const isNative = objects.length > 0 || ours.length > 0;
  const isBuilt = manifest.gypfile === true || fs.existsSync(path.join(dir, 'binding.gyp'));
  const dependsOnBuild = Object.keys(manifest.dependencies || {}).some((dependency) => BUILT_BY.includes(dependency));
  if (!isNative && !(isBuilt && dependsOnBuild)) return null;

  if (ours.length > 0 && !hasOurs) {
    const there = perPlatform.filter((dependency) => resolveFolder(dir, dependency));
    const hasFallback = optional.some((dependency) => dependency.includes('wasm') && resolveFolder(dir, dependency));
    if (!hasFallback && module.objects.length === 0) {
      module.problem = { code: 'platform-package-missing', wanted: ours, there };
    }
  } else if (objects.length > 0 && module.objects.length === 0) {
    module.problem = { code: isPrisma ? 'prisma-engine-missing' : 'node-gyp-build-no-prebuild', wanted: [], there: objects.map((file) => path.relative(dir, file)).slice(0, 12) };
  } else if (objects.length === 0 && ours.length === 0) {
    module.problem = { code: 'bindings-file-not-located', wanted: [], there: [] };
  }
  return module;
}

// --- loading ------------------------------------------------------------------

async function loadPackage(module) {
  const load = createRequire(path.join(module.folder, 'package.json'));
  let entry;
  try {
    entry = load.resolve(module.folder);
  } catch (error) {
    // A package without a main file has nothing to load but its objects.
    if (module.objects.length > 0 || error.code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
  try {
    return load(entry);
  } catch (error) {
    if (error.code !== 'ERR_REQUIRE_ESM' && error.code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error;
    return import(pathToFileURL(entry).href);
  }
}

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
    return whole;
  };
  let packageError = null;
  let loaded = null;
  if (!module.isPlatformPackage) {
    try {
      loaded = await loadPackage(module);
    } catch (error) {
      packageError = error;
    }
  }
  let hasObjectFailed = false;
  for (const file of module.objects) {
    try {
      require(file);
    } catch (error) {
      // Loaded once already by its package, and of the kind that can't be loaded twice.
      if (/did not self-register|already (been )?loaded/i.test(String(error && error.message)) && !packageError) continue;
      hasObjectFailed = true;
      texts.push(text(error));
    }
  }
  if (packageError) {
    const isLoader = packageError.code === 'ERR_DLOPEN_FAILED' || module.objects.length === 0 || hasObjectFailed;
    if (isLoader) texts.unshift(text(packageError));
    else notes.push(`its objects load; the package itself does not: ${String(packageError.message).split('\n')[0]}`);
  } else if (module.name === 'esbuild' && loaded && typeof loaded.transformSync === 'function') {
    // The package starts its binary only when it is used.
    try {
      loaded.transformSync('let x: number = 1', { loader: 'ts' });
    } catch (error) {
      texts.push(text(error));
    }
  }
  return { ok: texts.length === 0, text: texts.join('\n').slice(0, 8000), notes };
}

(async () => {
  // A module's own stray rejection must not end the loading of the others.
  process.on('unhandledRejection', () => {});
  process.on('uncaughtException', () => {});
  const children = new Set();
  let modules = [];
  for (const [dir, manifest] of packageFolders()) {
    const module = inspect(dir, manifest, children);
    if (module) modules.push(module);
  }
  modules = modules.filter((module) => !(module.isPlatformPackage && children.has(module.key)));
  const known = new Set(modules.map((module) => module.name));
  for (const name of only) {
    if (known.has(name)) continue;
    const folder = resolveFolder(process.cwd(), name);
    if (folder) modules.push({ key: folder, name, version: (json(path.join(folder, 'package.json')) || {}).version || '', folder, files: [], problem: null, objects: [], isPlatformPackage: false });
  }
  modules.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.key < b.key ? -1 : 1));
  if (only.length > 0) modules = modules.filter((module) => only.includes(module.name));
  say({ found: modules.map(({ key, name, version, files, problem }) => ({ key, name, version, place: key, files, problem })) });
  for (const module of modules) {
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
