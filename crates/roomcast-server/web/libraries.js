// Builds the libraries of the pages into `../pages`: the published client, and two from npm. The
// built files are in the repository, so that the server needs no npm. `--check` only compares.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(fileURLToPath(new URL(".", import.meta.url)));

const read = (path) => readFileSync(path, "utf8");
const version = (folder) => JSON.parse(read(`${folder}/package.json`)).version;

/** One module with everything that it imports. */
async function bundle(contents) {
  const built = await build({
    stdin: { contents, resolveDir: "." },
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    legalComments: "none",
    write: false,
    logLevel: "warning",
  });
  return built.outputFiles[0].text;
}

/** The npm package's own build, without the line that names its source map. */
function client() {
  const folder = "../../../clients/typescript";
  const built = read(`${folder}/dist/index.js`).replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n");
  return `/* @roomcast/client ${version(folder)}, MIT OR Apache-2.0 */\n${built}`;
}

function licences() {
  const of = (name) => `${name} ${version(`node_modules/${name}`)}\n\n${read(`node_modules/${name}/LICENSE`).trim()}\n`;
  return ["uplot", "yjs", "lib0"].map(of).join(`\n${"-".repeat(72)}\n\n`);
}

const files = {
  "client.js": client(),
  "vendor/uplot.js": await bundle(`export { default } from "uplot"`),
  "vendor/uplot.css": read("node_modules/uplot/dist/uPlot.min.css"),
  "vendor/yjs.js": await bundle(`export * from "yjs"`),
  "vendor/LICENSES.txt": licences(),
};
const isCheck = process.argv.includes("--check");
for (const [name, text] of Object.entries(files)) {
  const path = `../pages/${name}`;
  if (!isCheck) writeFileSync(path, text);
  else if (read(path) !== text) {
    console.error(`pages/${name} is not what is built now: run \`npm run libraries\` in web, and commit it`);
    process.exitCode = 1;
  }
}
