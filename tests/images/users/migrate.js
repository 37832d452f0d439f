"use strict";
// Applies what lies in migrations/ and has not been applied yet, each file in a
// transaction of its own. With --check it only says whether all has been.

const fs = require("node:fs");
const path = require("node:path");
const { Client } = require("pg");

const folder = path.join(__dirname, "migrations");

async function main() {
  const database = new Client();
  await database.connect();
  try {
    await database.query("CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY)");
    const { rows } = await database.query("SELECT name FROM migrations");
    const applied = new Set(rows.map((row) => row.name));
    const missing = fs.readdirSync(folder).sort().filter((name) => !applied.has(name));
    if (process.argv.includes("--check")) {
      missing.forEach((name) => console.error(`not applied: ${name}`));
      process.exitCode = missing.length > 0 ? 1 : 0;
      return;
    }
    for (const name of missing) {
      await database.query("BEGIN");
      await database.query(fs.readFileSync(path.join(folder, name), "utf8"));
      await database.query("INSERT INTO migrations VALUES ($1)", [name]);
      await database.query("COMMIT");
      console.log(`applied: ${name}`);
    }
  } finally {
    await database.end();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
