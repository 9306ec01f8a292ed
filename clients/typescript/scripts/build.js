// Builds `dist`: one module for each entry, with source maps, and the types beside them.

import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
rmSync("dist", { recursive: true, force: true });
// Names that never leave the core and stand nowhere on the wire or in the platform: shortened, as
// `#private` ones are. The stories against a real server run on this build.
const INNER =
  /^(admit|awaitsQuiet|cancelRetry|command|commands|connected|flush|give|gone|halt|host|lasted|maxFrame|opened|probe|publishes|release|repeat|restart|resume|settled|skipTo|slowDown|suspend|wake)$/;
const common = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  sourcemap: true,
  sourcesContent: true,
  logLevel: "warning",
};
await build({ ...common, entryPoints: ["src/index.ts"], outdir: "dist", mangleProps: INNER });
await build({ ...common, entryPoints: ["src/react.ts"], outdir: "dist", packages: "external" });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], {
  stdio: "inherit",
});
