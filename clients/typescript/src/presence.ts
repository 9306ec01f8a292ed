/** Who is in a room. */

import type { Member } from "./frame.js";

/** Who is in a room, or only how many; a new object with every change. */
export interface Presence<State = unknown> {
  /** One entry for each session. Absent where only the number is told. */
  readonly members: readonly Member<State>[] | undefined;
  /** The number of sessions. Absent where nothing is told. */
  readonly count: number | undefined;
}

/** What the server tells of the members: all of them, a difference, or a number. */
export interface PresenceNews {
  members?: Member[];
  joined?: Member[];
  left?: Member[];
  changed?: Member[];
  count?: number;
}

/** Nothing is known. */
export const NOBODY: Presence = { members: undefined, count: undefined };

/** What is known after some news. */
export function learn(known: Presence, news: PresenceNews): Presence {
  const { joined = [], changed = [], left = [], count } = news;
  const isDifference = joined.length + changed.length + left.length > 0;
  const before = news.members ?? (isDifference ? known.members : undefined);
  if (!before) return { members: undefined, count };
  const bySession = new Map([...before, ...joined, ...changed].map((member) => [member.session, member]));
  for (const { session } of left) bySession.delete(session);
  return { members: [...bySession.values()], count };
}
