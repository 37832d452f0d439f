"use strict";
// Exits 0 if the service in this container answers.

const port = process.env.PORT ?? 8080;

fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(5000) })
  .then((response) => process.exit(response.ok ? 0 : 1))
  .catch((error) => {
    console.error(error.cause?.message ?? error.message);
    process.exit(1);
  });
