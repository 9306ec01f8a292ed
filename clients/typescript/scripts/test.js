// Bundles the tests, since Node 20 reads no TypeScript, and runs them: all, or those named.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
const wanted = process.argv.slice(2);
const entryPoints = readdirSync("tests")
  .filter((name) => /\.test\.tsx?$/.test(name))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .map((name) => `tests/${name}`);
rmSync("build", { recursive: true, force: true });
await build({
  entryPoints,
  outdir: "build",
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  sourcemap: "inline",
  jsx: "automatic",
  logLevel: "warning",
});
const built = readdirSync("build").map((name) => `build/${name}`);
const { status } = spawnSync(
  process.execPath,
  ["--enable-source-maps", "--test", "--test-reporter=spec", ...built],
  { stdio: "inherit" },
);
process.exitCode = status ?? 1;
