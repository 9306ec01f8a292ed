/** Stories against a real server that goes away and comes back. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message, Recovery } from "../src/index.js";
import { RealServer, frame, next, skip } from "./world/real.js";

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  test(`a restart by ${signal}: both come back, say what is lost, and talk on`, { skip, timeout: 60_000 }, async (t) => {
    const server = await RealServer.start(t);
    const rooms = ["Ann", "Bob"].map((name) => server.client(t, name).join("chat:tea"));
    const [ann, bob] = rooms;
    assert.ok(ann && bob);
    await Promise.all([ann.ready, bob.ready]);
    const before = next<Message>(1, (handler) => bob.onMessage(handler));
    await ann.publish("message", "before");
    await before;
    const epoch = ann.position?.epoch;
    const told = Promise.all(
      rooms.map((room) => next<Recovery>(1, (handler) => room.onRecover(handler))),
    );
    const code = await server.end(signal);
    assert.equal(code, signal === "SIGTERM" ? 0 : null);
    const meanwhile = ann.publish("message", "meanwhile"); // it waits for the next server
    await server.restart();
    const lost: Recovery = { recovered: false, missed: undefined, reason: "epoch" };
    assert.deepEqual(await told, [[lost], [lost]]);
    assert.notEqual((await meanwhile)?.epoch, epoch);
    const heard = next<Message>(1, (handler) => bob.on("after", handler));
    await ann.publish("after", "talk");
    assert.deepEqual((await heard).map(({ data, replayed }) => [data, replayed]), [["talk", false]]);
  });
}

test("a drain: each returns at its own moment, to the new process on the same port", { skip, timeout: 60_000 }, async (t) => {
  const server = await RealServer.start(t);
  const clients = ["Ann", "Bob"].map((name) => server.client(t, name));
  const rooms = clients.map((client) => client.join("chat:tea"));
  await Promise.all(rooms.map(({ ready }) => ready));
  const moments = server.sockets.map(async (socket) => {
    const { after_ms, reason } = await frame(socket, "reconnect");
    assert.equal(reason, "drain");
    return performance.now() + Number(after_ms);
  });
  const returns = clients.map(async (client) => {
    for (;;) {
      const [status] = await next(1, client.onStatus.bind(client));
      if (status?.state === "connecting") return performance.now();
    }
  });
  const told = rooms.map((room) => next<Recovery>(1, room.onRecover.bind(room)));
  const gone = server.end("SIGTERM");
  await Promise.race(moments);
  await server.restart(); // while the old one still waits for the last moment
  const [due, came] = [await Promise.all(moments), await Promise.all(returns)];
  for (const [index, moment] of due.entries()) {
    const late = (came[index] ?? 0) - moment;
    assert.ok(late > -50, `it came ${-late} ms before its moment`);
  }
  assert.equal(await gone, 0);
  for (const [recovery] of await Promise.all(told)) assert.equal(recovery?.recovered, false);
});
