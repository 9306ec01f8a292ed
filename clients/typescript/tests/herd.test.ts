/** The simulation of 10,000 clients that are cut off at once. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { FakeSocket } from "./world/server.js";
import { World, settle } from "./world/world.js";

const CLIENTS = 10_000;
/** No 100 ms may take more of them than this. */
const MOST = 0.07;

/** The same chance with every run. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Cuts all off, with the server away for a while; gives how many came in, by 100 ms. */
async function comeback(away: number): Promise<{ tries: number[]; back: number[] }> {
  const world = new World();
  world.random = chance(1);
  const clients = Array.from({ length: CLIENTS }, () => {
    const environment = world.clock.environment(world.random, world.page);
    return world.client({ environment: { ...environment, events: undefined } });
  });
  for (const client of clients) client.connect();
  await settle();
  await world.pass(10_000);
  const cutAt = world.clock.now;
  const [tries, back]: [number[], number[]] = [[], []];
  const count = (where: number[]): void => {
    const slot = Math.floor((world.clock.now - cutAt) / 100);
    where[slot] = (where[slot] ?? 0) + 1;
  };
  world.server.connect = (socket: FakeSocket) => {
    count(tries);
    if (world.clock.now - cutAt < away) {
      socket.refuse();
      return;
    }
    count(back);
    socket.accept();
  };
  for (const socket of world.server.sockets.splice(0)) socket.end();
  await world.pass(away + 10_500);
  assert.ok(clients.every(({ status }) => status.state === "connected"));
  return { tries, back };
}

const most = (counts: number[]): number => Math.max(...Object.values(counts)) / CLIENTS;

test("10,000 clients cut at once: no 100 ms takes more than 7 % of them", async (t) => {
  const { back } = await comeback(0);
  t.diagnostic(`at most ${(most(back) * 100).toFixed(1)} % in 100 ms`);
  assert.equal(back.reduce((sum, count) => sum + count), CLIENTS);
  assert.ok(most(back) <= MOST);
});

test("nor do they come at once when the server was away for 5 s", async (t) => {
  const { back } = await comeback(5_000);
  t.diagnostic(`at most ${(most(back) * 100).toFixed(1)} % in 100 ms`);
  assert.ok(most(back) <= MOST);
});
