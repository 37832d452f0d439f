"use strict";
// The service: users, kept in the database that the environment names (PGHOST,
// PGUSER, PGPASSWORD, PGDATABASE).

const http = require("node:http");
const { Pool } = require("pg");

const port = Number(process.env.PORT ?? 8080);
const database = new Pool();
database.on("error", (error) => console.error(error.message));

// Loaded when the first password comes, as the start should be quick.
const passwords = () => require("bcrypt");

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}

const pages = {
  "GET /healthz": async () => {
    await database.query("SELECT 1");
    return [200, { arch: process.arch }];
  },

  "GET /users": async () => [200, (await database.query("SELECT id, name FROM users ORDER BY id")).rows],

  "POST /users": async (request) => {
    const { name, password } = await body(request);
    const hash = await passwords().hash(password, 4);
    const { rows } = await database.query(
      "INSERT INTO users (name, password) VALUES ($1, $2) RETURNING id, name", [name, hash]);
    return [201, rows[0]];
  },

  "POST /sessions": async (request) => {
    const { name, password } = await body(request);
    const { rows } = await database.query("SELECT password FROM users WHERE name = $1", [name]);
    const known = rows.length > 0 && (await passwords().compare(password, rows[0].password));
    return known ? [201, { name }] : [401, { error: "no such user, or another password" }];
  },
};

const debug = process.env.LOG_LEVEL === "debug" ? console.log : () => {};

const server = http.createServer(async (request, response) => {
  const answer = (status, value) => {
    debug(request.method, request.url, status);
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value) + "\n");
  };
  const page = pages[`${request.method} ${request.url}`];
  try {
    answer(...(page ? await page(request) : [404, { error: "not found" }]));
  } catch (error) {
    console.error(error);
    answer(500, { error: "see the log" });
  }
});

server.listen(port, () => console.log(`listening on ${server.address().port}`));

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await database.end();
    process.exit(0);
  });
}
