/** The server's source, the contract and this client name the same codes. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as codes from "../src/codes.js";

const repository = new URL("../../../", import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, repository), "utf8");
const all = (text: string, pattern: RegExp): string[] =>
  Array.from(text.matchAll(pattern), (match) => match[1] ?? "");

const values = Object.values(codes).filter((value) => typeof value !== "function");
const page = read("docs/protocol.md");

test("every error slug stands once in the client, as in the server and in the contract", () => {
  const server = all(read("crates/roomcast-protocol/src/refusal.rs"), /^ {4}\w+ = "(\w+)",/gm);
  const errors = page.slice(page.indexOf("### Errors"), page.indexOf("## Close codes"));
  const contract = all(errors, /^\| `(\w+)` \| (?:yes|no) \|/gm);
  const client = values.filter((value) => typeof value === "string");
  assert.ok(server.length > 0);
  assert.deepEqual(contract, server);
  assert.deepEqual(client.sort(), server.sort());
});

test("every close code stands once in the client, as in the server and in the contract", () => {
  const server = all(read("crates/roomcast-protocol/src/close.rs"), /^ {4}\w+ = (\d+),/gm);
  const closes = page.slice(page.indexOf("## Close codes"), page.indexOf("## The guide's dialect"));
  const contract = all(closes, /^\| (\d{4}) \|/gm);
  const client = values.filter((value) => typeof value === "number").map(String);
  assert.ok(server.length > 0);
  assert.deepEqual(contract, server);
  assert.deepEqual(client.sort(), server.sort());
});

test("what the contract says of coming back is what the client does", () => {
  for (const [, code, back] of page.matchAll(/^\| (\d{4}) \| [^|]+ \| (yes|no) \|/gm)) {
    assert.equal(codes.staysAway(Number(code)), back === "no", code);
  }
});
