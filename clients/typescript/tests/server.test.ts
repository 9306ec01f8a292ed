/** The same stories against the real server, one for each test. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message, Recovery } from "../src/index.js";
import { RealServer, next, skip } from "./world/real.js";

const texts = (messages: Message[]): unknown[] => messages.map(({ data }) => data);

test("two chat, see each other, and read what was before", { skip }, async (t) => {
  const server = await RealServer.start(t);
  const [ann, bob] = [server.client(t, "Ann"), server.client(t, "Bob")];
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
});

test("cut off while ten are sent, it has them in order, once", { skip }, async (t) => {
  const server = await RealServer.start(t);
  const [ann, bob] = [server.client(t, "Ann"), server.client(t, "Bob")];
  const room = ann.join("chat:cut");
  await room.ready;
  const own = server.socket;
  const other = bob.join("chat:cut");
  await other.ready;
  await other.publish("message", 0);
  const heard = next<Message>(11, (handler) => room.onMessage(handler));
  const recovered = next<Recovery>(1, (handler) => room.onRecover(handler));
  own.terminate();
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
});

test("a refused token is explained, asked for again, and then given up", { skip }, async (t) => {
  const server = await RealServer.start(t);
  const asked: string[] = [];
  const bad = server.client(t, "Ann", {
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

test("a fresh token goes over the live connection", { skip }, async (t) => {
  const server = await RealServer.start(t);
  const ann = server.client(t, "Ann");
  const room = ann.join("chat:fresh");
  await room.ready;
  const { session } = ann;
  await ann.refresh();
  await room.publish("message", 1);
  assert.equal(ann.session, session);
});

test("quiet and ephemeral messages keep the position right", { skip }, async (t) => {
  const server = await RealServer.start(t);
  const ann = server.client(t, "Ann");
  const room = ann.join("chat:quiet");
  await room.ready;
  const quiet = Array.from({ length: 5 }, (_, index) => room.publish("message", index, { echo: false }));
  assert.equal(await room.publish("typing", null, { ephemeral: true }), undefined);
  await Promise.all(quiet);
  const echoed = next<Message>(1, (handler) => room.on("message", handler));
  await room.publish("message", "loud");
  assert.deepEqual(texts(await echoed), ["loud"]);
  assert.equal(room.position?.offset, 6);
});

test("what is wrong is refused by name", { skip }, async (t) => {
  const server = await RealServer.start(t);
  const ann = server.client(t, "Ann");
  await assert.rejects(ann.join("chat:*").ready, { code: "bad_request" });
  const room = ann.join("chat:tea");
  await room.ready;
  await assert.rejects(room.publish("message", "x".repeat(70_000)), { code: "too_large" });
});
