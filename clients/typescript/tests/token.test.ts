/** Stories of tokens: always fresh, refreshed on the live connection, refused once and twice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { RoomcastError, type TokenRequest } from "../src/index.js";
import { World, check, outcome } from "./world/world.js";

function tokens(): { source: (request: TokenRequest) => string; asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    source: ({ reason }) => {
      asked.push(reason);
      return `t${String(asked.length)}`;
    },
  };
}

test("it is asked before every connection", async () => {
  const world = new World();
  const { source, asked } = tokens();
  await world.client({ token: source }).join("chat:tea").ready;
  world.server.socket.end(4004, "token expired");
  await world.pass(2_000);
  assert.deepEqual(asked, ["connect", "connect"]);
  assert.deepEqual(world.server.sockets.map(({ token }) => token), ["t1", "t2"]);
});

test("before it expires a fresh one goes over the live connection", async () => {
  const world = new World();
  const { source, asked } = tokens();
  world.server.welcome = { ...world.server.welcome, expires_in_ms: 3_600_000 };
  await world.client({ token: source }).join("chat:tea").ready;
  await world.pass(3_539_000);
  assert.deepEqual(asked, ["connect"]);
  await world.pass(1_000);
  assert.equal(world.server.socket.asked("refresh")[0]?.["token"], "t2");
  await world.pass(3_540_000); // as `refreshed` said
  assert.equal(world.server.socket.asked("refresh")[1]?.["token"], "t3");
  assert.equal(world.server.sockets.length, 1);
});

test("expiring is heeded, and asks for one token at a time", async () => {
  const world = new World();
  let give: (token: string) => void = () => undefined;
  let asked = 0;
  const token = (): Promise<string> | string => {
    asked += 1;
    return asked === 1 ? "t1" : new Promise<string>((resolve) => (give = resolve));
  };
  await world.client({ token }).join("chat:tea").ready;
  world.server.socket.say({ type: "expiring", in_ms: 30_000 });
  world.server.socket.say({ type: "expiring", in_ms: 30_000 });
  await world.pass(10);
  assert.equal(asked, 2);
  give("fresh");
  await world.pass(10);
  assert.equal(world.server.socket.asked("refresh")[0]?.["token"], "fresh");
});

test("a token_expired error refreshes, and the publish is repeated", async () => {
  const world = new World();
  const { source } = tokens();
  const room = world.client({ token: source }).join("chat:tea");
  await room.ready;
  const ack = world.server.answers.get("publish");
  world.server.answers.set("publish", ({ id = 0 }, socket) => {
    socket.say({ type: "error", id, code: "token_expired", message: "expired", retry: true });
    if (ack) world.server.answers.set("publish", ack);
  });
  const published = room.publish("message", 1);
  await world.pass(2_000);
  assert.equal(world.server.socket.asked("refresh").length, 1);
  assert.equal((await published)?.offset, 1);
});

test("after a sleep a fresh one is fetched at once", async () => {
  const world = new World();
  const { source, asked } = tokens();
  world.server.welcome = { ...world.server.welcome, expires_in_ms: 3_600_000 };
  await world.client({ token: source }).join("chat:tea").ready;
  world.clock.suspend(8 * 3_600_000);
  world.page.happens("visibilitychange");
  await world.pass(0);
  assert.equal(asked.at(-1), "refresh");
  assert.equal(world.server.socket.asked("refresh")[0]?.["token"], "t2");
});

test("a token that was on its way during a sleep is not used", async () => {
  const world = new World();
  const gives: ((token: string) => void)[] = [];
  const token = (): Promise<string> => new Promise((resolve) => gives.push(resolve));
  world.client({ token }).join("chat:tea");
  await world.pass(10);
  world.clock.suspend(3_600_000);
  gives[0]?.("stale");
  await world.pass(2_000);
  assert.equal(world.server.sockets.length, 0);
  gives.at(-1)?.("fresh");
  await world.pass(10);
  assert.equal(world.server.socket.token, "fresh");
});

test("401: another token, once; if that is refused too, it stops", async () => {
  const world = new World();
  const { source, asked } = tokens();
  world.server.connect = (socket) => {
    socket.refuse();
  };
  const client = world.client({ token: source, fetch: check(401, {}, "expired") });
  const room = client.join("chat:tea");
  void outcome(room.ready);
  await world.pass(60_000);
  assert.deepEqual(asked, ["connect", "refused"]);
  assert.equal(client.status.state, "stopped");
  assert.equal(client.status.error?.code, "unauthorized");
  assert.equal(client.status.error.message, "expired");
});

test("401 and then a good token is a connection like any other", async () => {
  const world = new World();
  const { source, asked } = tokens();
  world.server.connect = (socket) => {
    if (socket.token === "t1") socket.refuse();
    else socket.accept();
  };
  const urls: string[] = [];
  const fetch = (url: string, init: RequestInit): Promise<Response> => {
    urls.push(url, String((init.headers as Record<string, string>)["authorization"]));
    return check(401)();
  };
  const client = world.client({ token: source, fetch });
  await Promise.all([client.join("chat:tea").ready, world.pass(2_000)]);
  assert.deepEqual(asked, ["connect", "refused"]);
  assert.deepEqual(urls, ["https://rooms.example/v1/auth/check", "Bearer t1"]);
});

test("a refused refresh connects anew, with another token", async () => {
  const world = new World();
  const { source, asked } = tokens();
  world.server.answers.set("refresh", ({ id = 0 }, socket) => {
    socket.say({ type: "error", id, code: "unauthorized", message: "another user", retry: false });
  });
  const client = world.client({ token: source });
  const room = client.join("chat:tea");
  await room.ready;
  void client.refresh();
  await world.pass(10);
  assert.deepEqual(asked, ["connect", "refresh", "refused"]);
  assert.equal(room.status.state, "joined");
});

test("a source that fails is asked again; one that says no is not", async () => {
  const world = new World();
  let asked = 0;
  const failing = (): string => {
    asked += 1;
    if (asked < 4) throw new Error("backend down");
    return "t";
  };
  const client = world.client({ token: failing });
  await Promise.all([client.join("chat:tea").ready, world.pass(10_000)]);
  assert.equal(asked, 4);
  const other = new World();
  const signedOut = (): string => {
    throw new RoomcastError("unauthorized", "signed out");
  };
  const gone = other.client({ token: signedOut });
  const room = gone.join("chat:tea");
  assert.equal(await outcome(room.ready), "unauthorized");
  assert.equal(gone.status.state, "stopped");
});

test("a refresh that fails is tried again, on the same connection", async () => {
  const world = new World();
  let asked = 0;
  const token = (): string => {
    asked += 1;
    if (asked === 2) throw new Error("backend down");
    return `t${String(asked)}`;
  };
  const client = world.client({ token });
  await client.join("chat:tea").ready;
  await client.refresh();
  await world.pass(5_000);
  assert.equal(world.server.socket.asked("refresh")[0]?.["token"], "t3");
});
