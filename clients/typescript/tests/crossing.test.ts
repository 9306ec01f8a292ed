/** Stories of two things at once: a handler that acts, a room left and joined, words that cross. */

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import type { Client, Message, Room } from "../src/index.js";
import type { Received } from "./world/server.js";
import { World, outcome, settle } from "./world/world.js";

async function tea(world: World): Promise<{ client: Client; room: Room }> {
  const client = world.client();
  const room = client.join("chat:tea");
  await room.ready;
  return { client, room };
}

const data = (frames: Received[]): unknown[] => frames.map((frame) => frame["data"]);

test("what waited goes before what is published by who is told of the return", async () => {
  const world = new World();
  const { room } = await tea(world);
  world.server.socket.end();
  const all = [room.publish("message", 1), room.publish("message", 2)];
  room.onStatus(({ state }) => {
    if (state === "joined") all.push(room.publish("message", 3));
  });
  room.onRecover(() => all.push(room.publish("message", 4)));
  await world.pass(2_000);
  assert.deepEqual(data(world.server.socket.asked("publish")), [1, 2, 3, 4]);
  assert.deepEqual((await Promise.all(all)).map((position) => position?.offset), [1, 2, 3, 4]);
});

test("a state that is repeated is the newest, and waits for the room", async () => {
  const world = new World();
  const { room } = await tea(world);
  const state = world.server.answers.get("state");
  world.server.answers.delete("state");
  const first = room.setState(1);
  world.server.socket.end();
  await room.setState(2);
  if (state) world.server.answers.set("state", state);
  await world.pass(2_000);
  await first;
  const { socket } = world.server;
  assert.deepEqual(socket.received.map(({ type }) => type), ["join", "state"]);
  assert.equal(socket.asked("join")[0]?.["state"], 2);
  assert.deepEqual(data(socket.asked("state")), [2]);
});

test("a page of history has positions even when it is asked for at once", async () => {
  const world = new World();
  const { server } = world;
  server.answers.set("history", ({ id = 0, room = "" }, socket) => {
    const messages = [server.message(room, "x", { offset: 8 })];
    socket.say({ type: "history", id, room, messages, more: false });
  });
  server.answers.delete("join");
  const page = world.client().join("chat:tea").history();
  await settle();
  const [join] = server.socket.asked("join");
  assert.ok(join);
  server.socket.say(server.joined(join));
  const { messages } = await page;
  assert.deepEqual(messages[0]?.position, { epoch: server.epoch, offset: 8 });
});

test("of two joins on their way only the answer to the second counts", async () => {
  const world = new World();
  const { server } = world;
  server.answers.delete("join");
  const client = world.client();
  const room = client.join("chat:tea");
  const heard: Message[] = [];
  room.onMessage((message) => heard.push(message));
  await settle();
  client.join("chat:tea", { presence: "full", rewind: 1 });
  const [first, second] = server.socket.asked("join");
  assert.ok(first && second);
  server.socket.say(server.joined(first));
  assert.equal(room.status.state, "joining");
  const missed = server.message("chat:tea", "between");
  server.socket.say({ ...server.joined(second), messages: [missed] });
  assert.equal(room.status.state, "joined");
  server.socket.say(server.message("chat:tea", "live"));
  assert.deepEqual(heard.map(({ data: text }) => text), ["live"]);
  assert.equal(room.position?.offset, 2);
});

test("a position that the server has not reached is given up, and nothing new is dropped", async () => {
  const world = new World();
  const { client, room } = await tea(world);
  const { server } = world;
  client.join("chat:tea", { rewind: 5 });
  for (let index = 0; index < 7; index += 1) server.socket.say(server.message("chat:tea", index));
  server.answers.set("join", (frame, socket) => {
    socket.say({ ...server.joined(frame), offset: 2, recovered: false, reason: "epoch" });
  });
  const told: unknown[] = [];
  room.onRecover((recovery) => told.push(recovery));
  room.onMessage((message) => told.push(message.data));
  server.socket.end();
  await world.pass(2_000);
  const late: unknown[] = [];
  client.join("chat:tea", { rewind: 5 }).onMessage((message) => late.push(message.data));
  await settle();
  server.socket.say(server.message("chat:tea", "new", { offset: 3 }));
  assert.deepEqual(told, [{ recovered: false, missed: undefined, reason: "epoch" }, "new"]);
  assert.deepEqual(late, ["new"]); // none of what the server has forgotten
  assert.equal(room.position?.offset, 3);
});

test("a room that is kept a while does not outlive its client", async () => {
  const world = new World();
  const { client, room } = await tea(world);
  world.server.answers.delete("publish");
  const other = client.join("chat:milk");
  await other.ready;
  const unanswered = other.publish("message", 1);
  void other.leave({ linger: 0 });
  const left = room.leave({ linger: 60_000 });
  client.close();
  await left;
  assert.equal(await outcome(unanswered), "closed");
  assert.equal(world.clock.waiting, 0);
});

test("joining again ends the wait of who has left", async () => {
  const world = new World();
  const { client, room } = await tea(world);
  const left = room.leave();
  const again = client.join("chat:tea");
  await left;
  void again.leave({ linger: 0 });
  assert.equal(world.server.socket.asked("leave").length, 1);
  await world.pass(5_000);
  assert.equal(world.server.socket.asked("leave").length, 1);
});

test("who joins after the end is told of it at once, and joins when it is connected again", async () => {
  const world = new World();
  const { client } = await tea(world);
  world.server.socket.end(4503, "disconnected by the backend");
  const late = client.join("chat:milk");
  assert.equal(await outcome(late.ready), "closed");
  client.connect();
  await world.pass(10);
  assert.equal(late.status.state, "joined");
  client.close();
  assert.equal(await outcome(client.join("chat:tea").ready), "closed");
  assert.equal(client.status.error?.code, "closed");
});

test("a loop that nobody reads keeps a thousand messages and no more", async () => {
  const world = new World();
  const { room } = await tea(world);
  const loop = room[Symbol.asyncIterator]();
  for (let index = 0; index < 3_000; index += 1) {
    world.server.socket.say(world.server.message("chat:tea", index));
  }
  let read = 0;
  const reading = async (): Promise<void> => {
    for await (const message of loop) read += message.position ? 1 : 0;
  };
  assert.equal(await outcome(reading()), "overflow");
  assert.equal(read, 1_001);
});

test("of two moments the later word counts", async () => {
  const world = new World();
  await tea(world);
  const { socket } = world.server;
  socket.say({ type: "reconnect", after_ms: 8_000, reason: "rebalance" });
  socket.say({ type: "reconnect", after_ms: 2_000, reason: "drain" });
  await world.pass(60_000);
  assert.equal(world.server.sockets.length, 2);
});

test("not even somebody's return brings a client back before its moment", async () => {
  const world = new World();
  await tea(world);
  world.server.socket.say({ type: "reconnect", after_ms: 5_000, reason: "drain" });
  world.server.socket.end(4001, "drain");
  world.page.happens("online");
  await world.pass(4_999);
  assert.equal(world.server.sockets.length, 1);
  await world.pass(1);
  assert.equal(world.server.sockets.length, 2);
});

test("who closes the client when a room is lost has closed it", async () => {
  const world = new World();
  const { client, room } = await tea(world);
  room.onStatus(({ state }) => {
    if (state === "joining") client.close();
  });
  const states: string[] = [];
  client.onStatus(({ state }) => states.push(state));
  world.server.socket.end();
  await world.pass(60_000);
  assert.deepEqual([states, world.server.sockets.length], [["stopped"], 1]);
});

test("a room that is joined in the moment of the loss is joined after it", async () => {
  const world = new World();
  const { client, room } = await tea(world);
  let other: Room | undefined;
  room.onStatus(({ state }) => {
    if (state === "joining") other ??= client.join("chat:milk");
  });
  world.server.socket.end();
  await world.pass(2_000);
  assert.equal(other?.status.state, "joined");
});

test("who is told of the connection finds the user and the session of it", async () => {
  const world = new World();
  world.server.welcome = { ...world.server.welcome, user: { id: "ann" } };
  const client = world.client();
  const seen: unknown[] = [];
  client.onStatus(({ state }) => {
    if (state === "connected") seen.push(client.user?.id, client.session);
  });
  await client.join("chat:tea").ready;
  assert.deepEqual(seen, ["ann", "00c0ffee00c0ffee"]);
});

test("a source that fails without an error is asked again", async () => {
  const world = new World();
  let asked = 0;
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  const token = (): Promise<string> => (++asked === 1 ? Promise.reject() : Promise.resolve("t"));
  await Promise.all([world.client({ token }).join("chat:tea").ready, world.pass(2_000)]);
  assert.equal(asked, 2);
});

test("tokens that are about to end are fetched once a second, not without a pause", async () => {
  const world = new World();
  world.server.welcome = { ...world.server.welcome, expires_in_ms: 10 };
  world.server.answers.set("refresh", ({ id = 0 }, socket) => {
    socket.say({ type: "refreshed", id, expires_in_ms: 0 });
  });
  let asked = 0;
  const client = world.client({ token: () => `t${++asked}` });
  await client.join("chat:tea").ready;
  await world.pass(5_000);
  assert.equal(asked, 6);
});

test("who stops listening leaves nothing at the signal", async () => {
  const { room } = await tea(new World());
  const { signal } = new AbortController();
  const stop = room.on("message", () => undefined, { signal });
  assert.equal(getEventListeners(signal, "abort").length, 1);
  stop();
  assert.equal(getEventListeners(signal, "abort").length, 0);
});
