// Runs the story in Node, in a worker of it, in Deno and in Bun, against the server that
// `ROOMCAST_BIN` names. Fetches Deno and Bun first: about 200 MB.

import { execFileSync, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const binary = process.env.ROOMCAST_BIN;
if (!binary) throw new Error("ROOMCAST_BIN names no server");
execFileSync("npm", ["install", "--prefix", "runtimes"], { stdio: "inherit" });
const server = spawn(binary, ["dev", "--listen", "127.0.0.1:0"], {
  stdio: ["ignore", "pipe", "ignore"],
});
const own = (name) => `runtimes/node_modules/.bin/${name}`;
const stories = [
  ["node", process.execPath, ["runtimes/story.mjs"]],
  ["worker", process.execPath, ["runtimes/worker.mjs"]],
  ["deno", own("deno"), ["run", "--allow-net", "--no-prompt", "runtimes/story.mjs"]],
  ["bun", own("bun"), ["runtimes/story.mjs"]],
];
try {
  for await (const line of createInterface(server.stdout)) {
    const [, address] = /http:\/\/([\d.]+:\d+)/.exec(line) ?? [];
    if (!address) continue;
    for (const [name, program, words] of stories) {
      const began = performance.now();
      execFileSync(program, [...words, address], { stdio: "inherit", timeout: 60_000 });
      console.log(`${name}: ${Math.round(performance.now() - began)} ms`);
    }
    break;
  }
} finally {
  server.kill();
}
