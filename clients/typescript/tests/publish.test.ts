/** Stories of publishing: once each, whatever happens to the connection. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Client, ClientOptions, Message, Room } from "../src/index.js";
import type { Received } from "./world/server.js";
import { World, outcome } from "./world/world.js";

async function tea(world: World, options: ClientOptions = {}): Promise<{ client: Client; room: Room }> {
  const client = world.client(options);
  const room = client.join("chat:tea");
  await room.ready;
  return { client, room };
}

const refuse = ({ id = 0, room = "" }: Received, code: "rate_limited" | "forbidden", after?: number) =>
  ({
    type: "error",
    id,
    room,
    code,
    message: "no",
    retry: code === "rate_limited",
    ...(after === undefined ? {} : { retry_after_ms: after }),
  }) as const;

test("it resolves with the position, and sends what was asked for", async () => {
  const world = new World();
  const { room } = await tea(world);
  assert.deepEqual(await room.publish("message", { text: "Lemon." }), {
    epoch: world.server.epoch,
    offset: 1,
  });
  await room.publish("price", 1.1, { key: "EURUSD", echo: false });
  const [plain, keyed] = world.server.socket.asked("publish");
  assert.deepEqual(Object.keys(plain ?? {}).sort(), ["data", "id", "message_id", "room", "type"]);
  assert.deepEqual([keyed?.["event"], keyed?.["key"], keyed?.["echo"]], ["price", "EURUSD", false]);
  assert.match(String(plain?.["message_id"]), /^\d+-\d+-\d+$/);
});

test("what was not acknowledged is sent again with the same name, in order", async () => {
  const world = new World();
  const { room } = await tea(world);
  const ack = world.server.answers.get("publish");
  world.server.answers.delete("publish");
  const all = [1, 2, 3].map((data) => room.publish("message", data));
  const before = world.server.socket.asked("publish");
  world.server.socket.end();
  all.push(room.publish("message", 4));
  if (ack) world.server.answers.set("publish", ack);
  await world.pass(2_000);
  const after = world.server.socket.asked("publish");
  assert.deepEqual(after.map(({ data }) => data), [1, 2, 3, 4]);
  assert.deepEqual(
    after.slice(0, 3).map((frame) => frame["message_id"]),
    before.map((frame) => frame["message_id"]),
  );
  const offsets = (await Promise.all(all)).map((position) => position?.offset);
  assert.deepEqual(offsets, [1, 2, 3, 4]);
});

test("before the room is joined it waits", async () => {
  const world = new World();
  const client = world.client();
  const room = client.join("chat:tea");
  const published = room.publish("message", 1);
  assert.equal((await published)?.offset, 1);
  const types = world.server.socket.received.map(({ type }) => type);
  assert.deepEqual(types, ["join", "publish"]);
});

test("it gives up after its ttl: 30 s, or its own", async () => {
  const world = new World();
  const { room } = await tea(world);
  world.server.answers.delete("publish");
  const usual = outcome2(room.publish("message", 1));
  const short = outcome2(room.publish("message", 1, { ttl: 5_000 }));
  await world.pass(5_000);
  assert.equal(short.value, "timeout");
  await world.pass(24_999);
  assert.equal(usual.value, undefined);
  await world.pass(1);
  assert.equal(usual.value, "timeout");
  world.server.socket.end();
  await world.pass(2_000);
  assert.equal(world.server.socket.asked("publish").length, 0);
});

/** Watches a promise without waiting for it. */
function outcome2(promise: Promise<unknown>): { value: unknown } {
  const watched: { value: unknown } = { value: undefined };
  promise.then(
    (value) => (watched.value = value),
    (error: unknown) => (watched.value = (error as { code: string }).code),
  );
  return watched;
}

test("at most 100 wait", async () => {
  const world = new World();
  const { room } = await tea(world);
  world.server.socket.end();
  const waiting = Array.from({ length: 100 }, (_, index) => room.publish("message", index));
  assert.equal(await outcome(room.publish("message", "one more")), "queue_full");
  await world.pass(2_000);
  assert.equal((await Promise.all(waiting)).length, 100);
  assert.equal((await room.publish("message", 1))?.offset, 101);
});

test("without a connection it waits, is dropped, or fails: as chosen", async () => {
  const world = new World();
  const { client, room } = await tea(world, { offline: "reject" });
  world.server.socket.end();
  assert.equal(await outcome(room.publish("message", 1)), "offline");
  assert.equal(await outcome(room.publish("message", 2, { offline: "drop" })), undefined);
  assert.equal(await outcome(room.publish("message", 3, { ephemeral: true })), undefined);
  const queued = room.publish("message", 4, { offline: "queue" });
  await world.pass(2_000);
  await queued;
  assert.deepEqual(world.server.socket.asked("publish").map(({ data }) => data), [4]);
  client.close();
});

test("refused for the moment, it is sent again when the server says", async () => {
  const world = new World();
  const { room } = await tea(world);
  const ack = world.server.answers.get("publish");
  world.server.answers.set("publish", (frame, socket) => {
    socket.say(refuse(frame, "rate_limited", 250));
  });
  const published = room.publish("message", 1);
  if (ack) world.server.answers.set("publish", ack);
  await world.pass(249);
  assert.equal(world.server.socket.asked("publish").length, 1);
  await world.pass(501);
  const [first, second] = world.server.socket.asked("publish");
  assert.equal(first?.["message_id"], second?.["message_id"]);
  assert.equal((await published)?.offset, 1);
});

test("refused for good, it fails with the server's code", async () => {
  const world = new World();
  const { room } = await tea(world);
  world.server.answers.set("publish", (frame, socket) => {
    socket.say(refuse(frame, "forbidden"));
  });
  assert.equal(await outcome(room.publish("message", 1)), "forbidden");
  assert.equal(room.status.state, "joined");
});

test("a frame that the server would not take is never sent", async () => {
  const world = new World();
  const { room } = await tea(world);
  const text = "ä".repeat(32_750); // two bytes each
  assert.equal(await outcome(room.publish("message", text)), "too_large");
  assert.equal(world.server.socket.asked("publish").length, 0);
  assert.equal((await room.publish("message", text.slice(100)))?.offset, 1);
});

test("a signal gives it up, whether or not it was sent", async () => {
  const world = new World();
  const { room } = await tea(world);
  world.server.answers.delete("publish");
  const control = new AbortController();
  const { signal } = control;
  const sent = outcome(room.publish("message", 1, { signal }));
  world.server.socket.end();
  const unsent = outcome(room.publish("message", 2, { signal }));
  control.abort("enough");
  assert.deepEqual([await sent, await unsent], ["enough", "enough"]);
  assert.equal(await outcome(room.publish("message", 3, { signal })), "enough");
  await world.pass(2_000);
  assert.equal(world.server.socket.asked("publish").length, 0);
});

test("ephemeral: once, without a name, and gone with the connection", async () => {
  const world = new World();
  const { room } = await tea(world);
  assert.equal(await room.publish("typing", null, { ephemeral: true }), undefined);
  const [frame] = world.server.socket.asked("publish");
  assert.equal(frame?.["message_id"], undefined);
  world.server.answers.delete("publish");
  const lost = outcome(room.publish("typing", null, { ephemeral: true }));
  world.server.socket.end();
  assert.equal(await lost, undefined);
  await world.pass(2_000);
  assert.equal(world.server.socket.asked("publish").length, 0);
});

test("a quiet message counts by its acknowledgement, early or late", async () => {
  const world = new World();
  const { room } = await tea(world);
  const { server } = world;
  server.answers.delete("publish");
  const heard: Message[] = [];
  room.onMessage((message) => heard.push(message));
  const quiet = room.publish("message", "quiet", { echo: false });
  const id = server.socket.asked("publish")[0]?.id ?? 0;
  const first = server.message("chat:tea", 1);
  const offset = server.next("chat:tea");
  const third = server.message("chat:tea", 3);
  const ack = { type: "ack", id, room: "chat:tea", epoch: server.epoch, offset } as const;
  server.socket.say(first);
  server.socket.say(third); // a jump, while the acknowledgement is still to come
  assert.equal(room.position?.offset, 1);
  server.socket.say(ack);
  assert.deepEqual(await quiet, { epoch: server.epoch, offset: 2 });
  assert.equal(room.position.offset, 3);
  assert.deepEqual(heard.map(({ data }) => data), [1, 3]);
  assert.equal(server.socket.asked("join").length, 1);
});

test("a quiet message that was lost with the connection is not heard when it is recovered", async () => {
  const world = new World();
  const { room } = await tea(world);
  const { server } = world;
  server.answers.delete("publish");
  const heard: Message[] = [];
  room.onMessage((message) => heard.push(message));
  const quiet = room.publish("message", "quiet", { echo: false });
  const name = String(server.socket.asked("publish")[0]?.["message_id"]);
  const own = server.message("chat:tea", "quiet", { message_id: name });
  const other = server.message("chat:tea", "other");
  server.answers.set("join", (frame, socket) => {
    socket.say({ ...server.joined(frame), messages: [own, other] });
  });
  server.answers.set("publish", ({ id = 0 }, socket) => {
    const ack = { id, room: "chat:tea", epoch: server.epoch, offset: 1 };
    socket.say({ type: "ack", ...ack, duplicate: true });
  });
  server.socket.end();
  await world.pass(2_000);
  assert.equal((await quiet)?.offset, 1);
  assert.deepEqual(heard.map(({ data }) => data), ["other"]);
  assert.equal(room.position?.offset, 2);
});
