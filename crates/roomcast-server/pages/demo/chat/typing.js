// Who is typing. It is told as the state of a member: a number that changes while it goes on, so
// that it fades by itself where its end does not arrive.

const AGAIN_AFTER = 2_500; // at most one change in that time is told
const ENDS_AFTER = 4_000; // without another key
const FADES_AFTER = 6_000; // without another change

/** Whether the person at this page types. */
export class OwnTyping {
  #tell;
  #count = 0;
  #toldAt = 0;
  #end;

  /** `tell(state)` tells the others, as `room.setState` does. */
  constructor(tell) {
    this.#tell = (state) => tell(state).catch(() => {}); // the next one may arrive
  }

  goesOn() {
    clearTimeout(this.#end);
    this.#end = setTimeout(() => this.stop(), ENDS_AFTER);
    if (Date.now() - this.#toldAt < AGAIN_AFTER) return;
    this.#toldAt = Date.now();
    this.#tell({ typing: ++this.#count });
  }

  stop() {
    clearTimeout(this.#end);
    if (this.#toldAt === 0) return;
    this.#toldAt = 0;
    this.#tell({});
  }
}

/** Which of the others type. */
export class Typists {
  #known = new Map(); // session → {typing, user, until}
  #changed;
  #fade;

  /** `changed()` is called when somebody has faded. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Learns what the members say of themselves. */
  learn(members) {
    const known = this.#known;
    this.#known = new Map();
    for (const { session, user, state } of members) {
      const typing = state?.typing;
      if (!typing) continue;
      const before = known.get(session);
      const until = before?.typing === typing ? before.until : Date.now() + FADES_AFTER;
      this.#known.set(session, { typing, user, until });
    }
    this.#wait();
  }

  /** A message of the user is here: the end of its typing is on its way. */
  spoke(user) {
    for (const typist of this.#known.values()) if (typist.user?.id === user?.id) typist.until = 0;
  }

  /** The users who type now. */
  get users() {
    return [...this.#known.values()].filter(({ until }) => until > Date.now()).map(({ user }) => user);
  }

  #wait() {
    clearTimeout(this.#fade);
    const left = [...this.#known.values()].map(({ until }) => until - Date.now()).filter((ms) => ms > 0);
    if (left.length === 0) return;
    this.#fade = setTimeout(() => { this.#changed(); this.#wait(); }, Math.min(...left) + 10);
  }
}
