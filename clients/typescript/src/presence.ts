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
  const { members, joined, changed, left, count } = news;
  const told = members ?? ((joined ?? changed ?? left) && known.members);
  if (!told) return { members: undefined, count };
  const bySession = new Map(told.map((member) => [member.session, member]));
  for (const member of [joined ?? [], changed ?? []].flat()) bySession.set(member.session, member);
  for (const { session } of left ?? []) bySession.delete(session);
  return { members: [...bySession.values()], count: count ?? bySession.size };
}
