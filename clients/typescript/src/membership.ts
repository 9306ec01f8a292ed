/** One room on the connection, however many times the application has joined it. */

import { type Command, type Commands, again } from "./commands.js";
import type { Environment } from "./environment.js";
import { type RoomcastError, over } from "./error.js";
import type { JoinedFrame, MessageFrame, Position, PresenceMode, ServerFrame } from "./frame.js";
import { type Gap, type Message, type Recovery, messageOf, recoveryOf } from "./message.js";
import { NOBODY, type Presence, type PresenceNews, learn } from "./presence.js";
import { Track } from "./track.js";

/** `joining`: waits for the server; `joined`: live; `left`: over. */
export type RoomState = "joining" | "joined" | "left";

/** One `join` of the application, and what it is told. */
export interface Seat {
  readonly rewind: number;
  readonly mode: PresenceMode;
  tell<What extends keyof Told>(what: What, news: Told[What]): void;
}

/** What those who joined are told. */
export interface Told {
  message: Message;
  recovery: Recovery;
  gap: Gap;
  presence: Presence;
  state: RoomState;
  /** The connection has ended for good; the room may be joined again by a new one. */
  halt: RoomcastError;
}

/** What a membership needs of its client. */
export interface MembershipHost {
  readonly env: Environment;
  readonly commands: Commands;
  readonly connected: () => boolean;
  /** The room is over. */
  gone(name: string): void;
}

/** How long to wait for an answer. */
const ANSWER_WITHIN = 30_000;

const MODES: readonly PresenceMode[] = ["none", "count", "full"];

export class Membership {
  readonly name: string;
  readonly host: MembershipHost;
  state: RoomState = "joining";
  /** Why the room was left, unless the application left it. */
  error: RoomcastError | undefined;
  presence: Presence = NOBODY;
  readonly #track = new Track();
  readonly #seats = new Set<Seat>();
  /** The newest messages, for those who join again: as many as were asked for. */
  readonly #recent: Message[] = [];
  #rewind = 0;
  #mode: PresenceMode = "none";
  #ownState: unknown;
  #asked = false;
  #cancelRetry: (() => void) | undefined;
  /** How often somebody has left: only the last of them ends the room. */
  #releases = 0;

  constructor(name: string, host: MembershipHost) {
    this.name = name;
    this.host = host;
  }

  /** The last position before which nothing is missing. */
  get position(): Track["position"] {
    return this.#track.position;
  }

  /** Somebody joins; gives what they get of the past, if the room is live already. */
  admit(seat: Seat, ownState: unknown): Message[] {
    this.#seats.add(seat);
    if (ownState !== undefined) void this.setState(ownState).catch(() => undefined);
    this.#rewind = Math.max(this.#rewind, seat.rewind);
    const more = MODES.indexOf(seat.mode) > MODES.indexOf(this.#mode);
    if (more) this.#mode = seat.mode;
    if (more && this.#asked) this.#rejoin();
    else this.up();
    return newest(this.#recent, seat.rewind);
  }

  /** Somebody leaves; after the last one the room is kept for a while. */
  release(seat: Seat, linger: number): Promise<void> {
    this.#seats.delete(seat);
    const turn = ++this.#releases;
    return new Promise((resolve) => {
      const later = (): void => {
        if (turn < this.#releases || this.#seats.size > 0 || this.state === "left") resolve();
        else this.#quit(resolve);
      };
      if (linger > 0) this.host.env.after(linger, later);
      else later();
    });
  }

  /** A session has begun, or the room is new. */
  up(): void {
    if (this.#asked || this.state !== "joining" || !this.host.connected()) return;
    this.#asked = true;
    const { name: room } = this;
    const since = this.position;
    const [rewind, presence, state] = [this.#rewind, this.#mode, this.#ownState];
    this.#command({
      frame: { type: "join", room, since, rewind, presence, state },
      done: (reply) => {
        this.#joined(reply as JoinedFrame, since);
      },
      failed: (error) => {
        this.#refused(error);
      },
    });
  }

  /** The session has ended; the room waits for the next. */
  down(): void {
    this.#cancelRetry?.();
    this.#asked = false;
    if (this.state === "joined") this.#become("joining");
  }

  /** The connection has ended for good. */
  halt(error: RoomcastError): void {
    this.#tell("halt", error);
  }

  /** It is over: the server has said so, or the client is closed. */
  end(error: RoomcastError): void {
    if (this.state === "left") return;
    this.error = error;
    this.host.commands.fail(error, this.name);
    this.#over();
  }

  /** Takes a push of this room. */
  frame(frame: ServerFrame): void {
    if (frame.type === "left") this.end(over(frame.code));
    if (this.state !== "joined") return;
    if (frame.type === "message") this.#message(frame);
    if (frame.type === "presence") this.#learn(frame);
    if (frame.type === "gap") {
      if (!frame.repairing) this.#track.skipTo(frame.to);
      this.#tell("gap", frame);
    }
  }

  /** An acknowledgement stands for a message of which no copy comes. */
  count(epoch: string, offset: number): void {
    if (epoch === this.position?.epoch) this.#track.count(offset);
  }

  /** Tells the others of this member: now, or with the next join. */
  async setState(data: unknown): Promise<void> {
    this.#ownState = data;
    if (this.state === "joined") await this.ask({ type: "state", room: this.name, data });
  }

  /** Asks the server something about this room, over as many connections as it takes. */
  async ask(frame: Command["frame"], signal?: AbortSignal): Promise<ServerFrame> {
    signal?.throwIfAborted();
    return new Promise((done, failed) => {
      this.#command({ frame, ttl: ANSWER_WITHIN, signal, done, failed, repeat: true });
    });
  }

  #joined(frame: JoinedFrame, since: Position | undefined): void {
    if (this.state === "left") return;
    this.#track.restart(frame);
    const fresh = frame.messages.filter(
      ({ offset }) => offset === undefined || this.#track.take(offset, true) === "next",
    );
    const { commands } = this.host;
    const messages = fresh
      .filter((message) => !commands.isQuiet(this.name, message.message_id))
      .map((message) => messageOf(message, frame.epoch, true));
    this.#track.skipTo(frame.offset);
    this.#become("joined");
    this.presence = NOBODY;
    this.#learn(frame);
    if (since) this.#tell("recovery", recoveryOf(frame, since, messages.length));
    messages.forEach(this.#remember);
    for (const seat of [...this.#seats]) {
      // What was missed is for all; what was asked for, for who asked.
      const some = frame.recovered ? messages : newest(messages, seat.rewind);
      for (const message of some) seat.tell("message", message);
    }
    commands.flush();
  }

  #message(frame: MessageFrame): void {
    if (frame.offset !== undefined) {
      const { commands } = this.host;
      const verdict = this.#track.take(frame.offset, commands.awaitsQuiet(this.name));
      if (verdict === "hole") this.#rejoin();
      if (verdict !== "next") return;
    }
    const message = messageOf(frame, this.position?.epoch, false);
    this.#remember(message);
    this.#tell("message", message);
  }

  readonly #remember = (message: Message): void => {
    if (message.position) this.#recent.push({ ...message, replayed: true });
    if (this.#recent.length > this.#rewind) this.#recent.shift();
  };

  #learn(news: PresenceNews): void {
    this.presence = learn(this.presence, news);
    this.#tell("presence", this.presence);
  }

  #refused(error: RoomcastError): void {
    this.#asked = false;
    if (error.code === "offline" || this.state === "left") return;
    if (error.retry) this.#cancelRetry = again(this.host.env, error, () => { this.up(); });
    else this.end(error);
  }

  /** Leaves and comes back with the position: after a hole, or to be told more of the members. */
  #rejoin(): void {
    this.#leave();
    this.down();
    this.up();
  }

  #quit(done: () => void): void {
    this.host.commands.fail(over(), this.name, true);
    this.#over();
    if (this.#asked) this.#leave(done);
    else done();
  }

  #leave(done?: () => void): void {
    this.#command({ frame: { type: "leave", room: this.name }, done, failed: done });
  }

  #over(): void {
    this.#cancelRetry?.();
    this.host.gone(this.name);
    this.#become("left");
    this.#seats.clear();
  }

  #become(state: RoomState): void {
    this.state = state;
    this.#tell("state", state);
  }

  #tell<What extends keyof Told>(what: What, news: Told[What]): void {
    for (const seat of [...this.#seats]) seat.tell(what, news);
  }

  #command(command: Omit<Command, "ready">): void {
    this.host.commands.give({ ready: this.host.connected, ...command });
  }
}

/** The last so many. */
function newest<Value>(values: Value[], count: number): Value[] {
  return count > 0 ? values.slice(-count) : [];
}
