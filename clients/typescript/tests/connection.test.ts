/** Stories of the connection: signs of life, coming back, and the word of the server. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { World, check, outcome } from "./world/world.js";

test("it connects with the first join, to the usual path, with protocol and token", async () => {
  const world = new World();
  const client = world.client({ token: () => "t1" });
  await world.pass(1_000);
  assert.equal(world.server.sockets.length, 0);
  const room = client.join("chat:tea");
  await room.ready;
  assert.equal(world.server.socket.url, "wss://rooms.example/v1/ws");
  assert.deepEqual(world.server.socket.protocols, ["roomcast.v1.json", "roomcast.token.t1"]);
  assert.equal(client.status.state, "connected");
  assert.equal(client.session, "00c0ffee00c0ffee");
});

test("it answers a ping, and gives back what the ping carried", async () => {
  const world = new World();
  await world.client().join("chat:tea").ready;
  world.server.socket.say({ type: "ping", t: 7 });
  assert.deepEqual(world.server.socket.asked("pong"), [{ type: "pong", t: 7 }]);
});

test("after the server's interval of silence it asks, and goes on when it is answered", async () => {
  const world = new World();
  await world.client().join("chat:tea").ready;
  await world.pass(29_000);
  assert.equal(world.server.socket.asked("ping").length, 0);
  await world.pass(2_000);
  assert.equal(world.server.socket.asked("ping").length, 1);
  await world.pass(120_000);
  assert.equal(world.server.sockets.length, 1);
});

test("a connection that answers nothing in time is dropped, and another one made", async () => {
  const world = new World();
  const client = world.client();
  await client.join("chat:tea").ready;
  const [first] = world.server.sockets;
  world.server.answers.delete("ping");
  await world.pass(40_001);
  assert.equal(first?.closed, true);
  assert.equal(client.status.state, "waiting");
  await world.pass(1_000);
  assert.equal(world.server.sockets.length, 2);
});

test("the waits: below 2 s, then below 1, 2, 4, 8, 10, 10 s", async () => {
  const world = new World();
  world.random = () => 0.999_999;
  const client = world.client();
  await client.join("chat:tea").ready;
  await world.pass(10_000); // it has become stable
  const waits: number[] = [];
  client.onStatus(({ state, retryAt = 0 }) => {
    if (state === "waiting") waits.push(Math.round((retryAt - world.clock.now) / 100) / 10);
  });
  world.server.connect = (socket) => {
    socket.refuse();
  };
  world.server.socket.end();
  await world.pass(36_000);
  assert.deepEqual(waits.slice(0, 7), [2, 1, 2, 4, 8, 10, 10]);
});

test("a connection of less than 10 s forgives nothing", async () => {
  const world = new World();
  world.random = () => 0.999_999;
  const client = world.client();
  await client.join("chat:tea").ready;
  const waits: number[] = [];
  client.onStatus(({ state, retryAt = 0 }) => {
    if (state === "waiting") waits.push(Math.round((retryAt - world.clock.now) / 1_000));
  });
  for (const lasts of [9_000, 9_000, 9_000, 11_000]) {
    await world.pass(lasts);
    world.server.socket.end();
    await world.pass(Math.ceil((client.status.retryAt ?? 0) - world.clock.now));
  }
  assert.deepEqual(waits, [2, 1, 2, 2]);
  assert.equal(client.status.state, "connected");
});

test("codes from 4500 to 4999 end it, known or not, and the rooms learn why", async () => {
  for (const code of [4500, 4503, 4777, 4999]) {
    const world = new World();
    const client = world.client();
    const room = client.join("chat:tea");
    await room.ready;
    world.server.socket.end(code, "go away");
    await world.pass(60_000);
    assert.equal(world.server.sockets.length, 1);
    const { state, error } = client.status;
    assert.equal(state, "stopped");
    assert.equal(error?.closeCode, code);
    assert.equal(error.message, "go away");
  }
});

test("any other code is come back from", async () => {
  for (const code of [1000, 1006, 1009, 1011, 4000, 4002, 4003, 4005, 4499, 3999]) {
    const world = new World();
    await world.client().join("chat:tea").ready;
    world.server.socket.end(code);
    await world.pass(2_000);
    assert.equal(world.server.sockets.length, 2, String(code));
  }
});

test("after 4006 it waits longer than usual", async () => {
  const world = new World();
  const client = world.client();
  await client.join("chat:tea").ready;
  world.server.socket.end(4006);
  await world.pass(0);
  assert.equal(client.status.retryAt, world.clock.now + 5_000);
});

test("a client that was given its moment comes back at that moment", async () => {
  const world = new World();
  const client = world.client();
  await client.join("chat:tea").ready;
  world.server.socket.say({ type: "reconnect", after_ms: 8_000, reason: "rebalance" });
  await world.pass(7_999);
  assert.equal(world.server.sockets.length, 1);
  await world.pass(1);
  assert.equal(world.server.sockets.length, 2);
  assert.equal(world.server.sockets[0]?.closed, true);
});

test("4001 before the moment does not make it come early, nor wait any longer", async () => {
  const world = new World();
  await world.client().join("chat:tea").ready;
  world.server.socket.say({ type: "reconnect", after_ms: 1_250, reason: "drain" });
  await world.pass(1_000);
  world.server.socket.end(4001, "drain");
  await world.pass(249);
  assert.equal(world.server.sockets.length, 1);
  await world.pass(1);
  assert.equal(world.server.sockets.length, 2);
});

test("a refused connection is explained: 503 is waited for as told", async () => {
  const world = new World();
  world.server.connect = (socket) => {
    socket.refuse();
  };
  const client = world.client({ fetch: check(503, { "retry-after": "7" }) });
  client.join("chat:tea");
  await world.pass(10);
  assert.equal(client.status.state, "waiting");
  assert.equal(client.status.retryAt, world.clock.now - 10 + 8_000); // 7 s, and half of 2 s
  world.page.happens("online"); // not even then before 7 s
  await world.pass(6_900);
  assert.equal(world.server.sockets.length, 1);
});

test("403 stops it, with the server's words", async () => {
  const world = new World();
  world.server.connect = (socket) => {
    socket.refuse();
  };
  const client = world.client({ fetch: check(403, {}, "not this page"), token: () => "t" });
  const room = client.join("chat:tea");
  await world.pass(60_000);
  assert.equal(client.status.state, "stopped");
  assert.equal(client.status.error?.message, "not this page");
  assert.equal(await outcome(room.ready), "forbidden");
  assert.equal(world.server.sockets.length, 1);
});

test("a refusal that cannot be explained is tried again", async () => {
  const world = new World();
  world.server.connect = (socket) => {
    socket.refuse();
  };
  const client = world.client();
  const room = client.join("chat:tea");
  await world.pass(30_000);
  assert.ok(world.server.sockets.length > 4);
  world.server.connect = (socket) => {
    socket.accept();
  };
  await world.pass(10_000);
  await room.ready;
  assert.equal(client.status.state, "connected");
});

test("a connection that never opens, or says no welcome, is given up in time", async () => {
  const world = new World();
  world.server.connect = () => undefined;
  world.client().join("chat:tea");
  await world.pass(16_001);
  assert.equal(world.server.sockets.length, 2);
  assert.equal(world.server.sockets[0]?.closed, true);
});

test("without a WebSocket it stops and says what to do", async () => {
  const world = new World();
  class Broken {
    constructor() {
      throw new SyntaxError("bad protocol");
    }
  }
  const client = world.client({ WebSocket: Broken as never });
  const room = client.join("chat:tea");
  assert.equal(await outcome(room.ready), "unsupported");
  assert.equal(client.status.state, "stopped");
});

test("closed is closed, and connecting again joins nothing that was left", async () => {
  const world = new World();
  const client = world.client();
  const room = client.join("chat:tea");
  await room.ready;
  client.close();
  assert.equal(world.server.socket.closed, true);
  assert.equal(room.status.state, "left");
  assert.equal(room.status.error?.code, "closed");
  assert.equal(await outcome(room.publish("message", 1)), "closed");
  client.connect();
  await world.pass(10);
  assert.equal(client.status.state, "connected");
  assert.equal(world.server.socket.asked("join").length, 0);
});

test("after it was stopped, connect joins again", async () => {
  const world = new World();
  const client = world.client();
  const room = client.join("chat:tea");
  await room.ready;
  world.server.socket.end(4500, "token refused");
  assert.equal(room.status.state, "joining");
  client.connect();
  await world.pass(10);
  assert.equal(room.status.state, "joined");
});

test("nothing is left behind by a closed client", async () => {
  const world = new World();
  const client = world.client({ token: () => "t" });
  world.server.welcome = { ...world.server.welcome, expires_in_ms: 60_000 };
  const room = client.join("chat:tea");
  await room.ready;
  void room.publish("message", 1);
  client.close();
  assert.equal(world.clock.waiting, 0);
});
