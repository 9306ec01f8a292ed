/** Publishing: each message until it is acknowledged, and once. */

import type { Command } from "./commands.js";
import { messageId } from "./environment.js";
import { RoomcastError, over } from "./error.js";
import type { AckFrame, Position, ServerFrame } from "./frame.js";
import type { Membership } from "./membership.js";
import { DEFAULT_EVENT } from "./message.js";
import type { ClientOptions, PublishOptions } from "./options.js";

/** How long a message is repeated. */
const TTL = 30_000;
/** How many may wait for their acknowledgement. */
const MAX_WAITING = 100;

/** Publishes; resolves with the position, or with nothing where there is none. */
export function publish(
  membership: Membership,
  event: string,
  data: unknown,
  options: PublishOptions,
  defaults: ClientOptions,
): Promise<Position | undefined> {
  const { echo, ephemeral, signal, ttl = defaults.ttl ?? TTL } = options;
  const { commands } = membership.host;
  const live = membership.state === "joined";
  // An ephemeral message is worth nothing later.
  const mode = options.offline ?? (ephemeral ? "drop" : (defaults.offline ?? "queue"));
  const refused = refusal(membership, mode === "reject", defaults);
  if (signal?.aborted) return Promise.reject(signal.reason as Error);
  if (refused) return Promise.reject(refused);
  if (!live && mode === "drop") return Promise.resolve(undefined);
  const frame = frameOf(membership.name, event, data, options);
  return new Promise((resolve, reject) => {
    commands.give({
      frame,
      repeat: !ephemeral,
      ttl,
      signal,
      ready: () => membership.state === "joined",
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

function refusal(membership: Membership, reject: boolean, defaults: ClientOptions): RoomcastError | undefined {
  const most = defaults.maxWaiting ?? MAX_WAITING;
  if (membership.state === "left") {
    return membership.error ?? over();
  }
  if (reject && membership.state !== "joined") {
    return new RoomcastError("offline", "not connected", { retry: true });
  }
  return membership.host.commands.publishes < most
    ? undefined
    : new RoomcastError("queue_full", "too many messages wait", { retry: true });
}

function positionOf(membership: Membership, reply: ServerFrame, quiet: boolean): Position | undefined {
  const { epoch, offset } = reply as AckFrame;
  if (!epoch || !offset) return undefined;
  if (quiet) membership.count(epoch, offset);
  return { epoch, offset };
}
