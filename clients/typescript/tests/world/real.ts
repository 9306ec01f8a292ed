/** A real server, a process of its own: `ROOMCAST_BIN` is the path of its program. */

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import type * as Published from "../../src/index.js";
import type { ClientOptions } from "../../src/options.js";

const binary = process.env["ROOMCAST_BIN"] ?? "";
/** What signs the tokens of a server with a configuration. */
export const SECRET = "a secret for these tests and no others";
/** Why a story is skipped, if it is. */
export const skip = binary ? false : "ROOMCAST_BIN names no server";

// What is published, not its source: the build is tested as it is used.
const core = new URL("../dist/index.js", import.meta.url).href;
export const { roomcast, RoomcastError } = (await import(core)) as typeof Published;

/** A server on a free port, for one test. After `restart` it is another process on the same port. */
export class RealServer {
  /** Every socket that a client has made, so that a story can cut or watch it. */
  readonly sockets: WebSocket[] = [];
  /** Where it is: `127.0.0.1` and its port. */
  address = "127.0.0.1:0";
  readonly #command: string[];
  readonly #folder: string;
  #process: ChildProcess | undefined;

  private constructor(folder: string, command: string[]) {
    this.#folder = folder;
    this.#command = command;
  }

  /** Starts `roomcast dev`, or `roomcast serve` with a configuration; it ends with the test. */
  static async start(t: TestContext, config = ""): Promise<RealServer> {
    const folder = mkdtempSync(join(tmpdir(), "roomcast-"));
    writeFileSync(join(folder, "roomcast.toml"), config);
    const server = new RealServer(folder, [config ? "serve" : "dev", "-c", "roomcast.toml"]);
    t.after(async () => {
      await server.end("SIGKILL");
      rmSync(folder, { recursive: true });
    });
    await server.restart();
    return server;
  }

  /** Starts a process; one that is still there goes on with what it does. */
  async restart(): Promise<void> {
    const server = spawn(binary, [...this.#command, "--listen", this.address, "--workers", "2"], {
      cwd: this.#folder,
      env: { ...process.env, ROOMCAST_ADMIN_LISTEN: "127.0.0.1:0", ROOMCAST_DRAIN_RATE: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = server;
    for await (const line of createInterface(this.#command[0] === "dev" ? server.stdout : server.stderr)) {
      const [, address] = /(?:http:\/\/|"listen":")(127[\d.]+:\d+)/.exec(line) ?? [];
      if (!address) continue;
      this.address = address;
      server.stdout.resume();
      server.stderr.resume();
      return;
    }
    assert.fail("the server did not start");
  }

  /** Sends the process a signal; gives its exit code once it is gone. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<number | null> {
    const server = this.#process;
    if (!server || server.exitCode !== null || server.signalCode !== null) return null;
    const gone = once(server, "exit");
    server.kill(signal);
    const [code] = (await gone) as [number | null];
    return code;
  }

  /** A token of `roomcast dev`. */
  async devToken(name: string): Promise<string> {
    const body = JSON.stringify({ name });
    const answer = await fetch(`http://${this.address}/dev/token`, { method: "POST", body });
    const { token } = (await answer.json()) as { token: string };
    return token;
  }

  /** A token signed with the secret of the configuration, made here: it may last only seconds. */
  token(sub: string, seconds: number): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const exp = Math.floor(Date.now() / 1_000) + seconds;
    const claims = part({ sub, exp, rooms: { "chat:*": ["join", "publish"] } });
    const text = `${part({ alg: "HS256", typ: "JWT" })}.${claims}`;
    return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
  }

  /** A client; its first wait is short, and only the server's word makes it longer. */
  client(t: TestContext, name: string, options: ClientOptions = {}): Published.Client {
    const { sockets } = this;
    const client = roomcast(`http://${this.address}`, {
      token: () => this.devToken(name),
      WebSocket: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols);
          sockets.push(this);
        }
      },
      environment: { random: () => 0.01 },
      ...options,
    });
    t.after(() => {
      client.close();
    });
    return client;
  }

  /** The last socket. */
  get socket(): WebSocket {
    const socket = this.sockets.at(-1);
    assert.ok(socket, "nobody has connected");
    return socket;
  }
}

/** The next so many things that somebody is told. */
export function next<Value>(
  count: number,
  on: (handler: (value: Value) => void) => () => void,
): Promise<Value[]> {
  return new Promise((resolve) => {
    const all: Value[] = [];
    const stop = on((value) => {
      all.push(value);
      if (all.length < count) return;
      stop();
      resolve(all);
    });
  });
}

/** The next frame of a type that a socket brings. */
export function frame(socket: WebSocket, type: string): Promise<Record<string, unknown>> {
  return new Promise((resolve) => {
    socket.on("message", (text: Buffer) => {
      const read = JSON.parse(text.toString()) as Record<string, unknown>;
      if (read["type"] === type) resolve(read);
    });
  });
}
