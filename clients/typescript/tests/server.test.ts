/** The same stories against the real server: `ROOMCAST_BIN` is the path of its program. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import type * as Published from "../src/index.js";
import type { ClientOptions, Message, Recovery } from "../src/index.js";

const binary = process.env["ROOMCAST_BIN"];
const skip = binary ? false : "ROOMCAST_BIN names no server";
// What is published, not its source: the build is tested as it is used.
const core = new URL("../dist/index.js", import.meta.url).href;
const { roomcast } = (await import(core)) as typeof Published;

let server: ChildProcess;
let base = "";
/** Every socket made, so that a story can cut them. */
const sockets: WebSocket[] = [];

class Cuttable extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    sockets.push(this);
  }
}

before(async () => {
  if (!binary) return;
  server = spawn(binary, ["dev", "--listen", "127.0.0.1:0", "--workers", "2"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  assert.ok(server.stdout);
  for await (const line of createInterface(server.stdout)) {
    const found = /http:\/\/[\d.]+:\d+/.exec(line);
    if (!found) continue;
    [base] = found;
    break;
  }
  server.stdout.resume();
});

after(async () => {
  if (!binary) return;
  server.kill();
  await once(server, "exit");
});

async function token(name: string): Promise<string> {
  const body = JSON.stringify({ name });
  const answer = await fetch(`${base}/dev/token`, { method: "POST", body });
  const { token } = (await answer.json()) as { token: string };
  return token;
}

function client(name: string, options: ClientOptions = {}): Published.Client {
  return roomcast(base, {
    token: () => token(name),
    WebSocket: Cuttable,
    environment: { random: () => 0.01 },
    ...options,
  });
}

/** The next so many things that somebody is told. */
function next<Value>(count: number, on: (handler: (value: Value) => void) => () => void): Promise<Value[]> {
  return new Promise((resolve) => {
    const all: Value[] = [];
    const stop = on((value) => {
      all.push(value);
      if (all.length < count) return;
      stop();
      resolve(all);
    });
  });
}

const texts = (messages: Message[]): unknown[] => messages.map(({ data }) => data);

test("two chat, see each other, and read what was before", { skip }, async () => {
  const [ann, bob] = [client("Ann"), client("Bob")];
  const tea = ann.join("chat:tea", { presence: "full", state: { typing: false } });
  await tea.ready;
  assert.equal(ann.user?.name, "Ann");
  const other = bob.join("chat:tea");
  await other.ready;
  const heard = next<Message>(2, (handler) => other.onMessage(handler));
  const position = await tea.publish("message", { text: "Milk or lemon?" });
  await tea.publish("price", 1.1, { key: "EURUSD" });
  const [first, second] = await heard;
  assert.deepEqual([first?.data, first?.user?.name], [{ text: "Milk or lemon?" }, "Ann"]);
  assert.deepEqual([first?.position, second?.event], [position, "price"]);
  const { messages, more } = await other.history({ limit: 1 });
  assert.deepEqual([texts(messages), more], [[1.1], true]);
  const { members, count } = await other.members();
  assert.deepEqual([members?.length, count], [2, 2]);
  await other.setState({ typing: true });
  const late = bob.join("chat:tea", { rewind: 5 });
  await late.ready;
  await Promise.all([tea.leave({ linger: 0 }), other.leave({ linger: 0 })]);
  ann.close();
  bob.close();
});

test("cut off while ten are sent, it has them in order, once", { skip }, async () => {
  const [ann, bob] = [client("Ann"), client("Bob")];
  const room = ann.join("chat:cut");
  await room.ready;
  const own = sockets.at(-1);
  const other = bob.join("chat:cut");
  await other.ready;
  await other.publish("message", 0);
  const heard = next<Message>(11, (handler) => room.onMessage(handler));
  const recovered = next<Recovery>(1, (handler) => room.onRecover(handler));
  own?.terminate();
  const mine = room.publish("message", "mine");
  for (let index = 1; index <= 10; index += 1) await other.publish("message", index);
  const [recovery] = await recovered;
  assert.equal(recovery?.recovered, true);
  const all = await heard;
  const others = texts(all).filter((data) => data !== "mine" && data !== 0);
  assert.deepEqual(others, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].slice(0, others.length));
  const offsets = all.map((message) => message.position?.offset ?? 0);
  assert.deepEqual(offsets, [...new Set(offsets)].sort((a, b) => a - b));
  assert.ok(await mine);
  ann.close();
  bob.close();
});

test("a refused token is explained, asked for again, and then given up", { skip }, async () => {
  const asked: string[] = [];
  const bad = client("Ann", {
    token: ({ reason }) => {
      asked.push(reason);
      return "no.real.token";
    },
  });
  const room = bad.join("chat:tea");
  await assert.rejects(room.ready, { code: "unauthorized" });
  assert.deepEqual(asked, ["connect", "refused"]);
  assert.equal(bad.status.state, "stopped");
});

test("a fresh token goes over the live connection", { skip }, async () => {
  const ann = client("Ann");
  const room = ann.join("chat:fresh");
  await room.ready;
  const { session } = ann;
  await ann.refresh();
  await room.publish("message", 1);
  assert.equal(ann.session, session);
  ann.close();
});

test("quiet and ephemeral messages keep the position right", { skip }, async () => {
  const ann = client("Ann");
  const room = ann.join("chat:quiet");
  await room.ready;
  const quiet = Array.from({ length: 5 }, (_, index) => room.publish("message", index, { echo: false }));
  assert.equal(await room.publish("typing", null, { ephemeral: true }), undefined);
  await Promise.all(quiet);
  const echoed = next<Message>(1, (handler) => room.on("message", handler));
  await room.publish("message", "loud");
  assert.deepEqual(texts(await echoed), ["loud"]);
  assert.equal(room.position?.offset, 6);
  ann.close();
});

test("what is wrong is refused by name", { skip }, async () => {
  const ann = client("Ann");
  await assert.rejects(ann.join("chat:*").ready, { code: "bad_request" });
  const room = ann.join("chat:tea");
  await room.ready;
  await assert.rejects(room.publish("message", "x".repeat(70_000)), { code: "too_large" });
  ann.close();
});
