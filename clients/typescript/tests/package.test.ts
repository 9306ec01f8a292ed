/** What `npm pack` would publish: all that is needed and nothing else. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), "utf8");
const sources = readdirSync(new URL("src", root)).map((name) => name.replace(/\.ts$/, ""));

test("the package holds the build, its types and its papers, and nothing else", () => {
  const output = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  const told = JSON.parse(output) as Record<string, unknown>;
  const [first] = Object.values(told) as { files: { path: string }[] }[];
  const files = first?.files.map(({ path }) => path).sort();
  const built = ["dist/index.js", "dist/index.js.map", "dist/react.js", "dist/react.js.map"];
  const types = sources.map((name) => `dist/${name}.d.ts`);
  const papers = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json"];
  assert.deepEqual(files, [...papers, ...built, ...types].sort());
});

test("each entry is there, with its types, and needs nothing at run time", async () => {
  const { exports, dependencies, sideEffects } = JSON.parse(read("package.json")) as {
    exports: Record<string, string | { types: string; default: string }>;
    dependencies?: object;
    sideEffects: boolean;
  };
  assert.equal(dependencies, undefined);
  assert.equal(sideEffects, false);
  for (const entry of Object.values(exports)) {
    const files = typeof entry === "string" ? [entry] : Object.values(entry);
    for (const file of files) assert.ok(existsSync(new URL(file, root)), file);
  }
  assert.deepEqual([...read("dist/index.js").matchAll(/\bimport\b/g)], []);
  const core = (await import(new URL("dist/index.js", root).href)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(core).sort(), ["Client", "Room", "RoomcastError", "roomcast"]);
  const hooks = (await import(new URL("dist/react.js", root).href)) as Record<string, unknown>;
  assert.deepEqual(Object.keys(hooks).sort(), ["useConnection", "usePresence", "useRoom"]);
});

test("each file opens with a sentence, and stays small", () => {
  for (const folder of ["src", "tests", "tests/world", "scripts"]) {
    for (const name of readdirSync(new URL(folder, root))) {
      if (!/\.[jt]sx?$/.test(name)) continue;
      const text = read(`${folder}/${name}`);
      assert.match(text, /^(\/\*\*|\/\/) ?\S*|^\/\*\*\n \* \S/, name);
      assert.ok(text.split("\n").length <= 401, `${folder}/${name} is too long`);
    }
  }
});
