/** Stories against a real server whose tokens end within seconds, or do not suffice. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message, TokenRequest } from "../src/index.js";
import { RealServer, RoomcastError, SECRET, next, skip } from "./world/real.js";

const config = (grace: string): string => `
[auth]
secret = "${SECRET}"
leeway = "0s"
[expiry]
notice = "500ms"
grace = "${grace}"
`;

test("a token that ends is renewed on the live socket, and no message is lost", { skip, timeout: 60_000 }, async (t) => {
  const server = await RealServer.start(t, config("10s"));
  const asked: string[] = [];
  const token = ({ reason }: TokenRequest): string => {
    asked.push(reason);
    return server.token("ann", 3);
  };
  const ann = server.client(t, "Ann", { token });
  const bob = server.client(t, "Bob", { token: () => server.token("bob", 3_600) });
  const [from, to] = [ann.join("chat:tea"), bob.join("chat:tea")];
  await Promise.all([from.ready, to.ready]);
  const heard: unknown[] = [];
  const end = next<Message>(1, (handler) => to.on("end", handler));
  to.on("message", ({ data }) => heard.push(data));
  let sent = 0;
  // One after the other, until three tokens have been used up.
  while (asked.length < 4) await from.publish("message", ++sent);
  await from.publish("end", null);
  await end;
  assert.deepEqual(heard, Array.from({ length: sent }, (_, index) => index + 1));
  assert.deepEqual([asked[0], new Set(asked.slice(1))], ["connect", new Set(["refresh"])]);
  assert.equal(server.sockets.length, 2);
});

test("a source that fails at the end: 4004, and back with a good token", { skip, timeout: 60_000 }, async (t) => {
  const server = await RealServer.start(t, config("300ms"));
  const asked: string[] = [];
  const token = ({ reason }: TokenRequest): string => {
    asked.push(reason);
    if (reason === "refresh") throw new Error("the backend is down");
    return server.token("ann", 3);
  };
  const room = server.client(t, "Ann", { token }).join("chat:tea");
  await room.ready;
  const closed = new Promise((resolve) => server.socket.on("close", resolve));
  const back = next(1, room.onRecover.bind(room));
  assert.equal(await closed, 4004);
  await back;
  assert.deepEqual([asked[0], asked[1], asked.at(-1)], ["connect", "refresh", "connect"]);
  assert.equal((await room.publish("message", 1))?.offset, 1);
});

test("a room that is not granted is refused with the reason, and the others go on", { skip, timeout: 60_000 }, async (t) => {
  const server = await RealServer.start(t, config("300ms"));
  const client = server.client(t, "Ann", { token: () => server.token("ann", 3_600) });
  const [granted, other] = [client.join("chat:tea"), client.join("secret:tea")];
  await granted.ready;
  await assert.rejects(other.ready, (error) => {
    assert.ok(error instanceof RoomcastError);
    assert.deepEqual([error.code, error.retry], ["forbidden", false]);
    assert.match(error.message, /`join`/);
    return true;
  });
  assert.equal(other.status.state, "left");
  assert.ok(await granted.publish("message", 1));
});

test("a token refused at the door: another is asked for, and the words are the server's", { skip, timeout: 60_000 }, async (t) => {
  const server = await RealServer.start(t, config("300ms"));
  const asked: string[] = [];
  const gives = (first: string, then: string) => ({ reason }: TokenRequest): string => {
    asked.push(reason);
    return reason === "refused" ? then : first;
  };
  const old = server.token("ann", 2);
  const ended = server.client(t, "Ann", { token: () => old });
  ended.connect();
  while (ended.status.state !== "stopped") await next(1, ended.onStatus.bind(ended));
  assert.equal(ended.status.error?.code, "unauthorized");
  const good = server.token("ann", 3_600);
  const back = server.client(t, "Ann", { token: gives(old, good) }).join("chat:tea");
  await back.ready;
  assert.deepEqual(asked.splice(0), ["connect", "refused"]);
  const never = server.client(t, "Ann", { token: gives(old, old) });
  await assert.rejects(never.join("chat:tea").ready, { code: "unauthorized", message: /expired/ });
  assert.deepEqual(asked, ["connect", "refused"]);
  assert.equal(never.status.state, "stopped");
});
