/** A scriptable server: a socket class to inject, and what it was asked. */

import type { ServerFrame } from "../../src/frame.js";

/** A frame as the server received it. */
export interface Received {
  type: string;
  id?: number | string;
  room?: string;
  [key: string]: unknown;
}

type Listener = (event: never) => void;

/** One socket, seen from the server. */
export class FakeSocket {
  readonly url: string;
  readonly protocols: string[];
  readonly received: Received[] = [];
  /** Whether the client has closed it. */
  closed = false;
  readonly #server: FakeServer;
  readonly #listeners = new Map<string, Listener[]>();

  constructor(server: FakeServer, url: string, protocols: string[]) {
    this.#server = server;
    this.url = url;
    this.protocols = protocols;
  }

  get token(): string | undefined {
    const prefix = "roomcast.token.";
    return this.protocols.find((protocol) => protocol.startsWith(prefix))?.slice(prefix.length);
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(text: string): void {
    const frame = JSON.parse(text) as Received;
    this.received.push(frame);
    this.#server.answer(this, frame);
  }

  close(): void {
    this.closed = true;
  }

  /** The server accepts it and says welcome. */
  accept(): void {
    this.#tell("open", {});
    this.say(this.#server.welcome);
  }

  /** The server refuses the upgrade: the socket never opens. */
  refuse(): void {
    this.#tell("close", { code: 1006, reason: "" });
  }

  say(frame: ServerFrame): void {
    this.#tell("message", { data: JSON.stringify(frame) });
  }

  /** The connection ends. */
  end(code = 1006, reason = ""): void {
    this.#tell("close", { code, reason });
  }

  /** The commands of one type that came over this socket. */
  asked(type: string): Received[] {
    return this.received.filter((frame) => frame.type === type);
  }

  #tell(type: string, event: object): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}

export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly epoch = "5f3a9c01d2e4b687";
  welcome: ServerFrame & { type: "welcome" } = {
    type: "welcome",
    version: "0.1.0",
    session: "00c0ffee00c0ffee",
    heartbeat: { interval_ms: 30_000, timeout_ms: 10_000 },
    limits: { max_frame: 65_536, max_rooms: 100, commands_per_second: 100 },
  };
  /** What happens to a new socket. */
  connect: (socket: FakeSocket) => void = (socket) => {
    socket.accept();
  };
  /** What is answered to a frame, by its type; nothing if absent. */
  readonly answers = new Map<string, (frame: Received, socket: FakeSocket) => void>();
  /** The offset of the last message, by room. */
  readonly #offsets = new Map<string, number>();

  constructor() {
    this.answers.set("join", (frame, socket) => {
      socket.say(this.joined(frame));
    });
    this.answers.set("leave", ({ id, room = "" }, socket) => {
      socket.say({ type: "left", ...(id === undefined ? {} : { id }), room });
    });
    this.answers.set("publish", (frame, socket) => {
      socket.say(this.ack(frame));
    });
    this.answers.set("state", ({ id = 0, room = "" }, socket) => {
      socket.say({ type: "ack", id, room });
    });
    this.answers.set("refresh", ({ id = 0 }, socket) => {
      socket.say({ type: "refreshed", id, expires_in_ms: 3_600_000 });
    });
    this.answers.set("ping", (_, socket) => {
      socket.say({ type: "pong" });
    });
  }

  /** The last socket. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nobody has connected");
    return socket;
  }

  /** A class whose sockets come to this server. */
  socketClass(): new (url: string, protocols: string[]) => FakeSocket {
    const open = (url: string, protocols: string[]): FakeSocket => this.#open(url, protocols);
    return class {
      constructor(url: string, protocols: string[]) {
        return open(url, protocols);
      }
    } as new (url: string, protocols: string[]) => FakeSocket;
  }

  answer(socket: FakeSocket, frame: Received): void {
    this.answers.get(frame.type)?.(frame, socket);
  }

  offset(room: string): number {
    return this.#offsets.get(room) ?? 0;
  }

  next(room: string): number {
    const offset = this.offset(room) + 1;
    this.#offsets.set(room, offset);
    return offset;
  }

  /** A live message of somebody. */
  message(room: string, data: unknown, more: Partial<ServerFrame & { type: "message" }> = {}) {
    const frame: ServerFrame & { type: "message" } = {
      type: "message",
      room,
      data,
      timestamp: "2025-11-22T06:45:45.120Z",
      offset: this.next(room),
      ...more,
    };
    return frame;
  }

  joined(frame: Received): ServerFrame & { type: "joined" } {
    const { id, room = "", since } = frame;
    return {
      type: "joined",
      ...(id === undefined ? {} : { id }),
      room,
      epoch: this.epoch,
      offset: this.offset(room),
      recovered: since !== undefined,
      messages: [],
    };
  }

  ack(frame: Received): ServerFrame & { type: "ack" } {
    const { id = 0, room = "", ephemeral } = frame;
    if (ephemeral) return { type: "ack", id, room };
    return { type: "ack", id, room, epoch: this.epoch, offset: this.next(room) };
  }

  #open(url: string, protocols: string[]): FakeSocket {
    const socket = new FakeSocket(this, url, protocols);
    this.sockets.push(socket);
    queueMicrotask(() => {
      if (!socket.closed) this.connect(socket);
    });
    return socket;
  }
}
