/** Publishing: each message until it is acknowledged, and once. */

import type { Command } from "./commands.js";
import { messageId } from "./environment.js";
import { RETRY, RoomcastError, offline } from "./error.js";
import type { AckFrame, Position, ServerFrame } from "./frame.js";
import type { Membership } from "./membership.js";
import { DEFAULT_EVENT } from "./message.js";
import type { ClientOptions, PublishOptions } from "./options.js";

/** How long a message is repeated. */
const TTL = 30_000;
/** How many may wait for their acknowledgement. */
const MAX_WAITING = 100;

/** Publishes; resolves with the position, or with nothing where there is none. */
export async function publish(
  membership: Membership,
  event: string,
  data: unknown,
  options: PublishOptions,
  defaults: ClientOptions,
): Promise<Position | undefined> {
  const { echo, ephemeral, signal, ttl = defaults.ttl ?? TTL } = options;
  const { name, host } = membership;
  const joined = membership.state === "joined";
  // An ephemeral message is worth nothing later.
  const mode = options.offline ?? (ephemeral ? "drop" : defaults.offline);
  signal?.throwIfAborted();
  if (mode === "reject" && !joined) throw offline();
  if (mode === "drop" && !joined) return undefined;
  if (host.commands.publishes >= (defaults.maxWaiting ?? MAX_WAITING)) {
    throw new RoomcastError("queue_full", "too many wait", RETRY);
  }
  return new Promise((resolve, reject) => {
    membership.give({
      frame: frameOf(name, event, data, options),
      repeat: !ephemeral,
      ttl,
      signal,
      done: (reply) => {
        resolve(positionOf(membership, reply, echo === false));
      },
      failed: (error) => {
        if (ephemeral && error.code === "offline") resolve(undefined);
        else reject(error);
      },
    });
  });
}

function frameOf(room: string, event: string, data: unknown, options: PublishOptions): Command["frame"] {
  const { key, echo, ephemeral } = options;
  const named = event === DEFAULT_EVENT ? undefined : event;
  const message_id = ephemeral ? undefined : messageId();
  return { type: "publish", room, data, event: named, message_id, key, echo, ephemeral };
}

function positionOf(membership: Membership, reply: ServerFrame, quiet: boolean): Position | undefined {
  const { epoch, offset } = reply as AckFrame;
  if (!epoch || !offset) return undefined;
  if (quiet) membership.count(epoch, offset);
  return { epoch, offset };
}
