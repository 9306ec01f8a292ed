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
  /** What the others are told of this member: one frame, so that a repetition brings the newest. */
  readonly #own: Command["frame"] & { data: unknown };
  /** Names the join whose answer counts; none if none was asked for in this session. */
  #asked: object | undefined;
  #cancelRetry: (() => void) | undefined;
  /** Ends the time for which the room is kept after the last has left. */
  #cancelLinger: (() => void) | undefined;

  constructor(name: string, host: MembershipHost) {
    this.name = name;
    this.host = host;
    this.#own = { type: "state", room: name, data: undefined };
  }

  /** The last position before which nothing is missing. */
  get position(): Track["position"] {
    return this.#track.position;
  }

  /** Somebody joins; gives what they get of the past, if the room is live already. */
  admit(seat: Seat, ownState: unknown): Message[] {
    this.#cancelLinger?.();
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
    return new Promise((done) => {
      if (this.#seats.size > 0) done();
      else if (linger > 0) {
        const cancel = this.host.env.after(linger, () => { this.#quit(done); });
        this.#cancelLinger = () => {
          cancel();
          done();
        };
      } else this.#quit(done);
    });
  }

  /** A session has begun, or the room is new. */
  up(): void {
    if (this.#asked || this.state !== "joining" || !this.host.connected()) return;
    const asked = (this.#asked = {});
    const { name: room, position: since } = this;
    const { data: state } = this.#own;
    this.give({
      frame: { type: "join", room, since, rewind: this.#rewind, presence: this.#mode, state },
      ready: this.host.connected,
      done: (reply) => {
        if (asked === this.#asked) this.#joined(reply as JoinedFrame, since);
      },
      failed: (error) => {
        if (asked === this.#asked) this.#refused(error);
      },
    });
  }

  /** The session has ended; the room waits for the next. */
  down(): void {
    this.#cancelRetry?.();
    this.#asked = undefined;
    if (this.state === "joined") this.#become("joining");
  }

  /** The connection has ended for good. */
  halt(error: RoomcastError): void {
    this.#tell("halt", error);
  }

  /** It is over: the server has said so, or the client is closed. */
  end(error: RoomcastError): void {
    if (this.state === "left") return;
    this.#cancelLinger?.();
    this.error = error;
    this.host.commands.fail(error, this.name);
    this.#over();
  }

  /** Takes a push of this room. */
  frame(frame: ServerFrame): void {
    if (frame.type === "left") this.end(over(frame.code));
    if (this.state !== "joined") return;
    if (frame.type === "message") this.#message(frame);
    if (frame.type === "joined") this.#renumbered(frame);
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
    this.#own.data = data;
    if (this.state === "joined") await this.ask(this.#own);
  }

  /** Asks the server something about this room, over as many connections as it takes. */
  async ask(frame: Command["frame"], signal?: AbortSignal): Promise<ServerFrame> {
    signal?.throwIfAborted();
    return new Promise((done, failed) => {
      this.give({ frame, ttl: ANSWER_WITHIN, signal, done, failed, repeat: true });
    });
  }

  /** Gives a command that waits for the room to be joined, unless it says otherwise. */
  give(command: Omit<Command, "ready"> & Partial<Command>): void {
    this.host.commands.give({ ready: () => this.state === "joined", ...command });
  }

  #joined(frame: JoinedFrame, since: Position | undefined): void {
    this.#enter(frame);
    const { commands } = this.host;
    const messages = frame.messages
      .filter(({ offset = 0 }) => this.#track.take(offset, true) === "next")
      .filter(({ message_id = "" }) => !commands.awaitsQuiet(this.name, message_id))
      .map((message) => messageOf(message, frame.epoch, true));
    this.#track.skipTo(frame.offset);
    this.state = "joined";
    commands.flush(); // what waits goes before what somebody publishes when told
    this.#tell("state", "joined");
    this.presence = NOBODY;
    this.#learn(frame);
    if (since) this.#tell("recovery", recoveryOf(frame, since, messages.length));
    messages.forEach(this.#remember);
    for (const seat of [...this.#seats]) {
      // What was missed is for all; what was asked for, for who asked.
      const some = frame.recovered ? messages : newest(messages, seat.rewind);
      for (const message of some) seat.tell("message", message);
    }
  }

  /** Unasked: the numbering goes on under another epoch, or it begins anew. */
  #renumbered(frame: JoinedFrame): void {
    const since = this.position;
    this.#enter(frame);
    this.#track.skipTo(frame.offset);
    if (since && !frame.recovered) this.#tell("recovery", recoveryOf(frame, since, 0));
  }

  #enter({ epoch, recovered }: JoinedFrame): void {
    this.#track.enter(epoch, recovered);
    if (!recovered) this.#recent.length = 0;
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
    this.#asked = undefined;
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
    const asked = this.#asked;
    this.host.commands.fail(over(), this.name, true);
    this.#over();
    if (asked) this.#leave(done);
    else done();
  }

  #leave(done?: () => void): void {
    const frame = { type: "leave", room: this.name } as const;
    this.give({ frame, ready: this.host.connected, done, failed: done });
  }

  #over(): void {
    this.#cancelRetry?.();
    this.#asked = undefined;
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
}

/** The last so many. */
function newest<Value>(values: Value[], count: number): Value[] {
  return count > 0 ? values.slice(-count) : [];
}
