#!/usr/bin/env node
"use strict";
// The service's command line.

const { version } = require("./package.json");

if (process.argv[2] === "--version") {
  console.log(`v${version}`);
} else {
  console.error("usage: node cli.js --version");
  process.exitCode = 64;
}
