/** Stories of a page: hidden and shown, without network, in the back-forward cache. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./world/world.js";

test("on return the connection is probed at once, and a dead one replaced in 5 s", async () => {
  const world = new World();
  await world.client().join("chat:tea").ready;
  world.page.visible = false;
  world.page.happens("visibilitychange");
  assert.equal(world.server.socket.asked("ping").length, 0);
  world.page.visible = true;
  world.page.happens("visibilitychange");
  assert.equal(world.server.socket.asked("ping").length, 1);
  await world.pass(6_000);
  assert.equal(world.server.sockets.length, 1);
  world.server.answers.delete("ping");
  world.page.happens("online");
  await world.pass(6_001);
  assert.equal(world.server.sockets.length, 2);
});

test("without network it is probed too", async () => {
  const world = new World();
  await world.client().join("chat:tea").ready;
  world.page.happens("offline");
  assert.equal(world.server.socket.asked("ping").length, 1);
});

test("online, or shown, a client that waits tries at once", async () => {
  for (const event of ["online", "visibilitychange"]) {
    const world = new World();
    const client = world.client();
    await client.join("chat:tea").ready;
    world.server.socket.end();
    assert.equal(client.status.state, "waiting");
    world.page.happens(event);
    await world.pass(0);
    assert.equal(client.status.state, "connected");
  }
});

test("a page that rests has no socket, and comes back with its positions", async () => {
  const world = new World();
  const client = world.client({ token: () => "t" });
  const room = client.join("chat:tea");
  await room.ready;
  world.server.socket.say(world.server.message("chat:tea", 1));
  world.page.happens("pagehide");
  assert.equal(world.server.socket.closed, true);
  assert.equal(client.status.state, "suspended");
  await world.pass(600_000);
  assert.equal(world.server.sockets.length, 1);
  world.page.happens("pageshow");
  await world.pass(0);
  const [join] = world.server.socket.asked("join");
  assert.deepEqual(join?.["since"], { epoch: world.server.epoch, offset: 1 });
  assert.equal(room.status.state, "joined");
});

test("a closed client hears no more of the page", async () => {
  const world = new World();
  const client = world.client();
  await client.join("chat:tea").ready;
  client.close();
  for (const event of ["pagehide", "pageshow", "online", "visibilitychange"]) {
    world.page.happens(event);
  }
  await world.pass(60_000);
  assert.equal(world.server.sockets.length, 1);
  assert.equal(client.status.state, "stopped");
});
