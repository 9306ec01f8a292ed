// The story within a worker of Node.

import { Worker } from "node:worker_threads";

const worker = new Worker(new URL("story.mjs", import.meta.url), { argv: process.argv.slice(2) });
worker.on("error", (error) => {
  throw error;
});
