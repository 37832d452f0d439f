"use strict";
// The service: a page for each of its native dependencies.

const http = require("node:http");
const os = require("node:os");
const path = require("node:path");
const bcrypt = require("bcrypt");
const esbuild = require("esbuild");
const sharp = require("sharp");
const { ClassicLevel } = require("classic-level");
const { version } = require("./package.json");

const port = Number(process.env.PORT ?? 8080);
const notes = new ClassicLevel(process.env.NOTES ?? path.join(os.tmpdir(), "notes"));

const json = (value) => ["application/json", JSON.stringify(value) + "\n"];

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

const pages = {
  "GET /healthz": async () => ["text/plain", "ok\n"],

  "GET /version": async () =>
    json({ version, arch: process.arch, platform: process.platform, node: process.version }),

  "GET /thumbnail": async () => [
    "image/png",
    await sharp({ create: { width: 640, height: 480, channels: 3, background: "teal" } })
      .resize(64)
      .png()
      .toBuffer(),
  ],

  "GET /hash": async (request, url) => {
    const password = url.searchParams.get("password") ?? "secret";
    const hash = await bcrypt.hash(password, 4);
    return json({ hash, matches: await bcrypt.compare(password, hash) });
  },

  "GET /notes": async () => json(await notes.values().all()),

  "POST /notes": async (request) => {
    const text = await body(request);
    await notes.put(`${Date.now()}-${process.hrtime.bigint()}`, text);
    return json({ saved: text });
  },

  "GET /client.js": async () => {
    const source = "export const arch: string = document.title as string;";
    return ["text/javascript", (await esbuild.transform(source, { loader: "ts" })).code];
  },
};

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  const page = pages[`${request.method} ${url.pathname}`];
  try {
    if (!page) {
      response.writeHead(404, { "content-type": "text/plain" }).end("not found\n");
      return;
    }
    const [type, content] = await page(request, url);
    response.writeHead(200, { "content-type": type }).end(content);
  } catch (error) {
    console.error(error);
    response.writeHead(500, { "content-type": "text/plain" }).end(`${error.message}\n`);
  }
});

server.listen(port, () => console.log(`listening on ${server.address().port}`));

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    console.log(`${signal}: closing`);
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await notes.close();
    process.exit(0);
  });
}
