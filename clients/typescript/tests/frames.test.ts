/** The golden frames: what the server sends is understood, what the client sends is as agreed. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { type ServerFrame, readFrame } from "../src/frame.js";
import type { Received } from "./world/server.js";
import { World, settle } from "./world/world.js";

interface Golden {
  name: string;
  dialect: string;
  direction: "client" | "server";
  frame: string;
}

const folder = new URL("../../../crates/roomcast-protocol/testdata/frames/", import.meta.url);
const frames = readdirSync(folder)
  .map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Golden)
  .filter(({ dialect }) => dialect === "roomcast.v1.json");
const golden = (name: string): Record<string, unknown> => {
  const found = frames.find((frame) => frame.name === name);
  assert.ok(found, name);
  return JSON.parse(found.frame) as Record<string, unknown>;
};

test("each frame of the server is taken, in any state, and breaks nothing", async () => {
  const server = frames.filter(({ direction }) => direction === "server");
  assert.ok(server.length > 30);
  for (const { name, frame } of server) {
    const world = new World();
    const client = world.client({ token: () => "t" });
    const room = client.join("chat:tea", { presence: "full" });
    assert.ok(readFrame(frame), name);
    await room.ready;
    world.server.socket.say(JSON.parse(frame) as ServerFrame);
    await world.pass(60_000);
    assert.equal(client.status.state, "connected", name);
    client.close();
  }
});

test("golden messages arrive as they are", async () => {
  const world = new World();
  const room = world.client().join("chat:tea");
  const heard: unknown[] = [];
  room.onMessage((message) => heard.push(message));
  world.server.answers.set("join", ({ id = 0 }, socket) => {
    socket.say({ ...golden("native-joined"), id } as unknown as ServerFrame);
  });
  await room.ready;
  for (const name of ["native-message-named", "native-message", "native-message-ephemeral"]) {
    world.server.socket.say(golden(name) as unknown as ServerFrame);
  }
  const common = { room: "chat:tea", replayed: false };
  const ann = { id: "ann", name: "Ann" };
  const epoch = "5f3a9c01d2e4b687";
  assert.deepEqual(heard, [
    {
      ...common,
      event: "message",
      data: { text: "Milk or lemon?" },
      user: { name: "Bob" },
      timestamp: "2025-11-22T06:45:45.120Z",
      position: { epoch, offset: 42 },
      messageId: undefined,
    },
    {
      ...common,
      event: "message",
      data: { text: "Lemon." },
      user: ann,
      timestamp: "2025-11-22T06:45:46.000Z",
      position: { epoch, offset: 43 },
      messageId: "9b2f-1",
    },
    {
      ...common,
      event: "typing",
      data: null,
      user: ann,
      timestamp: "2025-11-22T06:45:45.120Z",
      position: undefined,
      messageId: undefined,
    },
  ]);
});

/** Everything the client can send, at least once. */
async function everything(): Promise<Received[]> {
  const world = new World();
  const client = world.client({ token: () => "t" });
  const room = client.join("chat:tea", { rewind: 20, presence: "full", state: { typing: false } });
  await room.ready;
  void room.publish("price", 1, { key: "EURUSD", echo: false });
  void room.publish("typing", null, { ephemeral: true });
  void room.setState({ typing: true });
  void room.history({ limit: 1, before: 43 }).catch(() => undefined);
  void room.history({ after: 41 }).catch(() => undefined);
  void room.members().catch(() => undefined);
  void client.refresh();
  world.server.socket.say({ type: "ping" });
  await world.pass(31_000);
  const { received } = world.server.socket;
  world.server.socket.end();
  await world.pass(2_000);
  await Promise.all([room.leave({ linger: 0 }), settle()]);
  return [...received, ...world.server.socket.received];
}

test("the client sends only kinds and keys of the golden frames, with their types", async () => {
  const agreed = new Map<string, Map<string, string>>();
  for (const { frame, direction, name } of frames) {
    if (direction !== "client" || name.startsWith("native-wrong")) continue;
    const { type, ...keys } = JSON.parse(frame) as Received;
    const known = agreed.get(type) ?? new Map<string, string>();
    for (const [key, value] of Object.entries(keys)) known.set(key, typeof value);
    agreed.set(type, known);
  }
  const sent = await everything();
  assert.deepEqual([...new Set(sent.map(({ type }) => type))].sort(), [...agreed.keys()].sort());
  for (const { type, ...keys } of sent) {
    for (const [key, value] of Object.entries(keys)) {
      const known = agreed.get(type)?.get(key);
      assert.ok(known !== undefined, `${type}.${key}`);
      const free = ["id", "data", "state", "t"].includes(key);
      assert.ok(free || typeof value === known, `${type}.${key}`);
    }
  }
});

test("what is no frame is not taken for one", () => {
  for (const text of ["", "null", "1", "[]", "{}", "{", undefined]) {
    assert.equal(readFrame(text), undefined);
  }
});
