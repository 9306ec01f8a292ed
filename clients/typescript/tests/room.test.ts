/** Stories of a room: joining, messages, recovery, presence, leaving. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, Gap, Message, Recovery, Room } from "../src/index.js";
import type { Received } from "./world/server.js";
import { World, outcome, settle } from "./world/world.js";

async function tea(world: World): Promise<{ client: Client; room: Room; heard: Message[] }> {
  const client = world.client();
  const room = client.join("chat:tea");
  const heard: Message[] = [];
  room.onMessage((message) => heard.push(message));
  await room.ready;
  return { client, room, heard };
}

const offsets = (messages: Message[]): unknown[] => messages.map(({ position }) => position?.offset);

async function cut(world: World, ms = 2_000): Promise<void> {
  world.server.socket.end();
  await world.pass(ms);
}

test("messages come by event, to all who listen, and to a loop", async () => {
  const world = new World();
  const { room } = await tea(world);
  const heard: unknown[] = [];
  room.on("message", ({ data }) => heard.push(["message", data]));
  const stop = room.on("price", ({ data, user }) => heard.push(["price", data, user?.name]));
  const looped: unknown[] = [];
  const loop = (async () => {
    for await (const { event, data } of room) looped.push([event, data]);
  })();
  await settle();
  const { server } = world;
  server.socket.say(server.message("chat:tea", 1));
  server.socket.say(server.message("chat:tea", 2, { event: "price", user: { name: "Bob" } }));
  stop();
  server.socket.say(server.message("chat:tea", 3, { event: "price" }));
  assert.deepEqual(heard, [["message", 1], ["price", 2, "Bob"]]);
  await room.leave({ linger: 0 });
  await loop;
  assert.deepEqual(looped, [["message", 1], ["price", 2], ["price", 3]]);
});

test("names of rooms and events are only names", async () => {
  const world = new World();
  const client = world.client();
  for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const room = client.join(name);
    const heard: unknown[] = [];
    room.on(name, ({ data }) => heard.push(data));
    await room.ready;
    world.server.socket.say(world.server.message(name, 1, { event: name }));
    world.server.socket.say(world.server.message("valueOf", 1));
    assert.deepEqual(heard, [1]);
  }
});

test("a handler that throws keeps nobody from being told, and is reported", async (t) => {
  const world = new World();
  const { room, heard } = await tea(world);
  const reported: (() => void)[] = [];
  t.mock.method(globalThis, "queueMicrotask", (run: () => void) => reported.push(run));
  room.on("message", () => {
    throw new Error("oops");
  });
  const after: unknown[] = [];
  room.on("message", ({ data }) => after.push(data));
  world.server.socket.say(world.server.message("chat:tea", 1));
  assert.deepEqual([heard.length, after.length], [1, 1]);
  assert.throws(() => reported[0]?.(), /oops/);
});

test("it comes back with its position, and what was missed is marked", async () => {
  const world = new World();
  const { room, heard } = await tea(world);
  const recoveries: Recovery[] = [];
  room.onRecover((recovery) => recoveries.push(recovery));
  const { server } = world;
  server.socket.say(server.message("chat:tea", 1));
  const missed = [server.message("chat:tea", 2), server.message("chat:tea", 3)];
  server.answers.set("join", (frame, socket) => {
    socket.say({ ...server.joined(frame), recovered: true, messages: missed });
  });
  await cut(world);
  const [join] = server.socket.asked("join");
  assert.deepEqual(join?.["since"], { epoch: server.epoch, offset: 1 });
  assert.deepEqual(offsets(heard), [1, 2, 3]);
  assert.deepEqual(heard.map(({ replayed }) => replayed), [false, true, true]);
  assert.deepEqual(recoveries, [{ recovered: true, missed: 2, reason: undefined }]);
  server.socket.say(server.message("chat:tea", 4));
  assert.deepEqual(offsets(heard), [1, 2, 3, 4]);
});

test("what could not be recovered is said before anything new", async () => {
  const world = new World();
  const { room, heard } = await tea(world);
  const told: unknown[] = [];
  room.onRecover((recovery) => told.push(recovery));
  room.onMessage(({ data }) => told.push(data));
  const { server } = world;
  server.socket.say(server.message("chat:tea", "old"));
  for (let index = 0; index < 7; index += 1) server.next("chat:tea");
  server.answers.set("join", (frame, socket) => {
    socket.say({ ...server.joined(frame), recovered: false, reason: "expired" });
  });
  await cut(world);
  server.socket.say(server.message("chat:tea", "new"));
  const recovery = { recovered: false, missed: 7, reason: "expired" };
  assert.deepEqual(told, ["old", recovery, "new"]);
  assert.equal(heard.length, 2);
});

test("a room that began anew counts from its new beginning", async () => {
  const world = new World();
  const { room, heard } = await tea(world);
  const recoveries: Recovery[] = [];
  room.onRecover((recovery) => recoveries.push(recovery));
  const { server } = world;
  for (let index = 0; index < 5; index += 1) server.socket.say(server.message("chat:tea", index));
  server.answers.set("join", ({ id = 0, room: name = "" }, socket) => {
    const reply = { id, room: name, epoch: "1", offset: 0, messages: [] };
    socket.say({ type: "joined", ...reply, recovered: false, reason: "epoch" });
  });
  await cut(world);
  server.socket.say(server.message("chat:tea", "first", { offset: 1 }));
  assert.deepEqual(recoveries, [{ recovered: false, missed: undefined, reason: "epoch" }]);
  assert.deepEqual(heard.at(-1)?.position, { epoch: "1", offset: 1 });
});

test("a room without a message comes back with the position of its joined", async () => {
  const world = new World();
  const { room } = await tea(world);
  assert.deepEqual(room.position, { epoch: world.server.epoch, offset: 0 });
  await cut(world);
  const [join] = world.server.socket.asked("join");
  assert.deepEqual(join?.["since"], { epoch: world.server.epoch, offset: 0 });
});

test("what is known is dropped; a hole is filled by joining again", async () => {
  const world = new World();
  const { heard } = await tea(world);
  const { server } = world;
  const [first, second, third] = [1, 2, 3].map((data) => server.message("chat:tea", data));
  assert.ok(first && second && third);
  server.socket.say(first);
  server.socket.say(first);
  server.answers.set("join", (frame, socket) => {
    socket.say({ ...server.joined(frame), messages: [second, third] });
  });
  server.socket.say(third);
  assert.deepEqual(offsets(heard), [1, 2, 3]);
  const commands = server.socket.received.slice(1).map(({ type, since }) => [type, since]);
  assert.deepEqual(commands, [["leave", undefined], ["join", { epoch: server.epoch, offset: 1 }]]);
});

test("a gap moves the position only where nothing more will come", async () => {
  const world = new World();
  const { room, heard } = await tea(world);
  const gaps: Gap[] = [];
  room.onGap((gap) => gaps.push(gap));
  const say = (offset: number): void => {
    world.server.socket.say(world.server.message("chat:tea", offset, { offset }));
  };
  const { socket } = world.server;
  socket.say({ type: "gap", room: "chat:tea", from: 1, to: 4, reason: "slow", repairing: false });
  say(5);
  socket.say({ type: "gap", room: "chat:tea", from: 6, to: 7, reason: "broker", repairing: true });
  assert.equal(room.position?.offset, 5);
  say(6);
  say(7);
  say(8);
  assert.deepEqual(offsets(heard), [5, 6, 7, 8]);
  assert.equal(gaps.length, 2);
  assert.equal(socket.asked("join").length, 1);
});

test("an ephemeral message moves nothing and has no position", async () => {
  const world = new World();
  const { room, heard } = await tea(world);
  const { type, room: name, data, timestamp } = world.server.message("chat:tea", 1);
  world.server.socket.say({ type, room: name, data, timestamp, event: "typing" });
  assert.equal(heard[0]?.position, undefined);
  assert.equal(room.position?.offset, 0);
});

test("presence: the list, differences that repeat, and only a number", async () => {
  const world = new World();
  const { server } = world;
  const member = (session: string, state?: unknown) => ({ session, state });
  server.answers.set("join", (frame, socket) => {
    socket.say({ ...server.joined(frame), members: [member("a")], count: 1 });
  });
  const room = world.client().join("chat:tea", { presence: "full", state: { typing: false } });
  await room.ready;
  assert.deepEqual(server.socket.asked("join")[0]?.["state"], { typing: false });
  const seen: unknown[] = [];
  room.onPresence(({ members, count }) => {
    seen.push([members?.map(({ session }) => session), count]);
  });
  const news = { type: "presence", room: "chat:tea" } as const;
  server.socket.say({ ...news, joined: [member("a"), member("b")], count: 2 });
  server.socket.say({ ...news, changed: [member("b", 1)], left: [{ session: "a" }], count: 1 });
  server.socket.say({ ...news, count: 5_000 });
  server.socket.say({ ...news, members: [member("c")], count: 1 });
  assert.deepEqual(seen, [[["a", "b"], 2], [["b"], 1], [undefined, 5_000], [["c"], 1]]);
});

test("a state goes now, or with the next join", async () => {
  const world = new World();
  const { room } = await tea(world);
  await room.setState(1);
  assert.equal(world.server.socket.asked("state")[0]?.["data"], 1);
  world.server.socket.end();
  await room.setState(2);
  await world.pass(2_000);
  assert.equal(world.server.socket.asked("join")[0]?.["state"], 2);
  assert.equal(world.server.socket.asked("state").length, 0);
});

test("history and members are asked for, and asked again over a new connection", async () => {
  const world = new World();
  const { room } = await tea(world);
  const { server } = world;
  const page = room.history({ limit: 2, before: 9 });
  await cut(world);
  const [asked] = server.socket.asked("history");
  assert.deepEqual([asked?.["limit"], asked?.["before"]], [2, 9]);
  const messages = [server.message("chat:tea", "x", { offset: 8 })];
  server.socket.say({ type: "history", id: asked?.id ?? 0, room: "chat:tea", messages, more: true });
  const { messages: read, more } = await page;
  assert.deepEqual([read[0]?.data, read[0]?.replayed, more], ["x", true, true]);
  const members = room.members();
  const [who] = server.socket.asked("presence");
  server.socket.say({ type: "presence", id: who?.id ?? 0, room: "chat:tea", count: 3 });
  assert.deepEqual(await members, { members: undefined, count: 3 });
});

test("what is asked can be given up, and has an end", async () => {
  const world = new World();
  const { room } = await tea(world);
  const control = new AbortController();
  const page = outcome(room.history({ signal: control.signal }));
  control.abort("enough");
  assert.equal(await page, "enough");
  const late = room.members();
  void late.catch(() => undefined);
  await world.pass(30_000);
  assert.equal(await outcome(late), "timeout");
});

test("a refused join ends the room with the reason", async () => {
  const world = new World();
  const refuse = ({ id = 0 }: Received, code: "forbidden" | "unavailable", retry: boolean) =>
    ({ type: "error", id, code, message: "no", retry }) as const;
  world.server.answers.set("join", (frame, socket) => {
    socket.say(refuse(frame, "forbidden", false));
  });
  const client = world.client();
  const room = client.join("chat:tea");
  const waiting = outcome(room.publish("message", 1));
  assert.equal(await outcome(room.ready), "forbidden");
  assert.equal(await waiting, "forbidden");
  assert.equal(room.status.state, "left");
  world.server.answers.set("join", (frame, socket) => {
    socket.say(refuse(frame, "unavailable", true));
  });
  const other = client.join("chat:tea");
  await settle();
  world.server.answers.set("join", (frame, socket) => {
    socket.say(world.server.joined(frame));
  });
  await world.pass(2_000);
  assert.equal(other.status.state, "joined");
});

test("the server can end a room", async () => {
  const world = new World();
  const { room } = await tea(world);
  world.server.socket.say({ type: "left", room: "chat:tea", code: "forbidden" });
  assert.equal(room.status.error?.code, "forbidden");
  await cut(world);
  assert.equal(world.server.socket.asked("join").length, 0);
});

test("a signal leaves; one that has aborted joins nothing", async () => {
  const world = new World();
  const client = world.client();
  const control = new AbortController();
  const room = client.join("chat:tea", { signal: control.signal });
  await room.ready;
  control.abort("gone");
  assert.equal(room.status.state, "left");
  await world.pass(1_000);
  assert.equal(world.server.socket.asked("leave").length, 1);
  assert.throws(() => client.join("chat:tea", { signal: control.signal }), /gone/);
  const heard: unknown[] = [];
  const other = client.join("chat:milk");
  other.on("message", () => heard.push(1), { signal: control.signal });
  await other.ready;
  world.server.socket.say(world.server.message("chat:milk", 1));
  assert.deepEqual(heard, []);
});

test("mount, unmount, mount is one join; leave comes after the linger", async () => {
  const world = new World();
  const client = world.client();
  const first = client.join("chat:tea");
  await first.ready;
  void first.leave();
  await world.pass(500);
  const second = client.join("chat:tea");
  await second.ready;
  await world.pass(5_000);
  const { socket } = world.server;
  assert.deepEqual([socket.asked("join").length, socket.asked("leave").length], [1, 0]);
  const third = client.join("chat:tea");
  const left = outcome(second.leave());
  await world.pass(5_000);
  await left;
  assert.equal(socket.asked("leave").length, 0);
  void third.leave();
  await world.pass(1_000);
  assert.equal(socket.asked("leave").length, 1);
});

test("who joins a live room gets the newest messages that are known", async () => {
  const world = new World();
  const client = world.client();
  const first = client.join("chat:tea", { rewind: 2 });
  await first.ready;
  for (const data of [1, 2, 3]) world.server.socket.say(world.server.message("chat:tea", data));
  const second = client.join("chat:tea", { rewind: 5 });
  const heard: Message[] = [];
  second.onMessage((message) => heard.push(message));
  await settle();
  assert.deepEqual(heard.map(({ data, replayed }) => [data, replayed]), [[2, true], [3, true]]);
});

test("who wants to be told more of the members joins again, with the position", async () => {
  const world = new World();
  const { client, room } = await tea(world);
  world.server.socket.say(world.server.message("chat:tea", 1));
  const other = client.join("chat:tea", { presence: "full" });
  await other.ready;
  const joins = world.server.socket.asked("join");
  assert.deepEqual(joins.map(({ presence }) => presence), ["none", "full"]);
  assert.deepEqual(joins[1]?.["since"], { epoch: world.server.epoch, offset: 1 });
  assert.equal(room.status.state, "joined");
});

test("await using leaves at once", async () => {
  const world = new World();
  const client = world.client();
  const room = client.join("chat:tea");
  await room.ready;
  await room[Symbol.asyncDispose]();
  assert.equal(world.server.socket.asked("leave").length, 1);
  await client[Symbol.asyncDispose]();
  assert.equal(client.status.state, "stopped");
});

test("a loop that reads too slowly is told", async () => {
  const world = new World();
  const { room } = await tea(world);
  const loop = room[Symbol.asyncIterator]();
  for (let index = 0; index < 1_001; index += 1) {
    world.server.socket.say(world.server.message("chat:tea", index));
  }
  let read = 0;
  const reading = async (): Promise<void> => {
    for await (const message of loop) read += message.position ? 1 : 0;
  };
  assert.equal(await outcome(reading()), "overflow");
  assert.equal(read, 1_001);
});

test("the client tells of the service, and ignores what it does not know", async () => {
  const world = new World();
  const { client } = await tea(world);
  const notices: unknown[] = [];
  client.onNotice((notice) => notices.push(notice));
  const { socket } = world.server;
  socket.say({ type: "weather", fine: true } as never);
  socket.say({ type: "system", event: "degraded", text: "slow" });
  assert.deepEqual(notices, [{ type: "system", event: "degraded", text: "slow" }]);
});
