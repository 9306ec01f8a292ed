/** A client, a server and a clock, for tests that read as stories. */

import type { Client } from "../../src/client.js";
import { roomcast } from "../../src/index.js";
import type { ClientOptions } from "../../src/options.js";
import type { RoomShapes } from "../../src/shape.js";
import { Clock, Page, settle } from "./clock.js";
import { FakeServer } from "./server.js";

export class World {
  readonly clock = new Clock();
  readonly page = new Page();
  readonly server = new FakeServer();
  /** What chance gives: half of every ceiling, unless a test says otherwise. */
  random = (): number => 0.5;

  client<Rooms extends RoomShapes<Rooms> = Record<never, { presence: unknown }>>(
    options: ClientOptions = {},
  ): Client<Rooms> {
    return roomcast<Rooms>("wss://rooms.example", {
      WebSocket: this.server.socketClass(),
      fetch: () => Promise.reject(new Error("no network")),
      environment: this.clock.environment(() => this.random(), this.page),
      ...options,
    });
  }

  pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }
}

/** What a promise came to. */
export async function outcome(promise: Promise<unknown>): Promise<unknown> {
  const known = promise.catch((error: unknown) =>
    error instanceof Error && "code" in error ? error.code : error,
  );
  await settle();
  return Promise.race([known, Promise.resolve("open")]);
}

/** A `/v1/auth/check` that answers with a status. */
export function check(status: number, headers: Record<string, string> = {}, message = "because") {
  const json = () => Promise.resolve({ error: { code: "x", message } });
  const answer = { status, headers: new Headers(headers), json };
  return (): Promise<Response> => Promise.resolve(answer as unknown as Response);
}

export { settle };
