// What the service promises, asked from outside by a container of its own.

import assert from "node:assert/strict";
import { test } from "node:test";

const ask = (method, path, value) =>
  fetch(process.env.URL + path, { method, body: value && JSON.stringify(value) });

test("ada is there from the start", async () => {
  const answer = await ask("GET", "/users");
  assert.deepEqual(await answer.json(), [{ id: 1, name: "ada" }]);
});

test("whoever signs up can sign in", async () => {
  const grace = { name: "grace", password: "correct horse" };
  assert.equal((await ask("POST", "/users", grace)).status, 201);
  assert.equal((await ask("POST", "/sessions", grace)).status, 201);
});

test("nobody signs in with another password", async () => {
  const answer = await ask("POST", "/sessions", { name: "grace", password: "battery staple" });
  assert.equal(answer.status, 401);
});
