/** Stories of a room whose epoch changes: while it is live, and while the client is away. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message, Recovery, Room } from "../src/index.js";
import type { JoinedFrame } from "../src/frame.js";
import { World } from "./world/world.js";

async function tea(world: World): Promise<{ room: Room; heard: Message[]; recoveries: Recovery[] }> {
  const room = world.client().join("chat:tea");
  const [heard, recoveries]: [Message[], Recovery[]] = [[], []];
  room.onMessage((message) => heard.push(message));
  room.onRecover((recovery) => recoveries.push(recovery));
  await room.ready;
  return { room, heard, recoveries };
}

/** The server says unasked that the room stands at offset 1 of another epoch. */
function say(world: World, how: Pick<JoinedFrame, "recovered" | "reason">): void {
  const { socket } = world.server;
  socket.say({ type: "joined", room: "chat:tea", epoch: "2", offset: 1, messages: [], ...how });
}

test("a room that goes on in another epoch is only counted differently", async () => {
  const world = new World();
  const { room, heard, recoveries } = await tea(world);
  room.onStatus(({ state }) => assert.fail(state));
  const { server } = world;
  server.socket.say({ type: "presence", room: "chat:tea", count: 3 });
  server.socket.say(server.message("chat:tea", "before", { offset: 1 }));
  say(world, { recovered: true });
  assert.deepEqual(room.position, { epoch: "2", offset: 1 });
  server.socket.say(server.message("chat:tea", "after", { offset: 2 }));
  assert.deepEqual(heard.map(({ position }) => position), [
    { epoch: server.epoch, offset: 1 },
    { epoch: "2", offset: 2 },
  ]);
  assert.deepEqual([recoveries, room.presence.count], [[], 3]);
});

test("a live room that begins anew says so, and goes on from there", async () => {
  const world = new World();
  const { heard, recoveries } = await tea(world);
  const { server } = world;
  for (const offset of [1, 2, 3]) server.socket.say(server.message("chat:tea", offset, { offset }));
  say(world, { recovered: false, reason: "epoch" });
  server.socket.say(server.message("chat:tea", "after", { offset: 2 }));
  assert.deepEqual(heard.at(-1)?.position, { epoch: "2", offset: 2 });
  assert.deepEqual(recoveries, [{ recovered: false, missed: undefined, reason: "epoch" }]);
});

test("it comes back to a room that has gone on in another epoch", async () => {
  const world = new World();
  const { room, heard } = await tea(world);
  const { server } = world;
  server.socket.say(server.message("chat:tea", 1, { offset: 1 }));
  server.answers.set("join", ({ id = 0, room: name = "" }, socket) => {
    const messages = [server.message("chat:tea", 2, { offset: 2 })];
    socket.say({ type: "joined", id, room: name, epoch: "2", offset: 2, recovered: true, messages });
  });
  server.socket.end();
  await world.pass(2_000);
  assert.deepEqual([heard.length, room.position], [2, { epoch: "2", offset: 2 }]);
});
