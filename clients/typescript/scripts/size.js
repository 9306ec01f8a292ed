// Fails when the core, minified and compressed by brotli, is larger than it may be.

import { readFileSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";

const MOST = 6_000; // bytes, of `dist/index.js`

const core = readFileSync(new URL("../dist/index.js", import.meta.url));
const size = brotliCompressSync(core).length;
console.log(`core: ${core.length} bytes minified, ${size} with brotli, at most ${MOST}`);
if (size > MOST) process.exitCode = 1;
