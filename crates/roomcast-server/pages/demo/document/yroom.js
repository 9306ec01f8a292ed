// Yjs over a Roomcast room: one document that several people change, together and cut off from each
// other. Copy this file: it needs the client and Yjs, and knows nothing of the page.
//
// The room carries two events, each with an update of Yjs in base64. Updates may come twice and in
// any order, so there is no lock, no leader, and no server that knows Yjs:
//
//   update    what the room did not have yet
//   snapshot  the whole document
//
// A newcomer begins with the newest REWIND messages, and has to find a whole document among them.
// Whoever sees SNAPSHOT_AFTER updates go by without a snapshot (or many bytes, or much time)
// publishes one after a random short wait, unless somebody was faster; at twice as many nobody
// waits. REWIND is larger still: the updates that a snapshot's writer had not seen stand before it.

import * as Y from "/vendor/yjs.js";

const REWIND = 300;
const SNAPSHOT_AFTER = 100; // updates
const SNAPSHOT_BYTES = 200_000; // of updates; the room keeps 1 MiB
const SNAPSHOT_AGE = 1_800_000; // ms; the room keeps an hour
const SHORT_WAIT = 1_000; // ms; a random part of it
const GATHER = 50; // ms; what is typed within it goes out together
const AGAIN = 1_000; // ms; after a failure
const NOTHING = 2; // bytes of an update without content

const shortWait = () => Math.random() * SHORT_WAIT;

/** Tells `change` when one of its fields may have changed. */
export class YRoom extends EventTarget {
  /** How many changes made here the room does not have yet. */
  waiting = 0;
  /** Whether what the room holds has come. */
  ready = false;
  /** `too_large`: what is to be published does not fit one message. `no_snapshot`: only the whole
   * document does not. Else the code of a refusal. */
  problem;

  #known = new Map(); // how far the room knows each writer: Yjs counts what each of them does
  #owes = false; // the room may lack something of old
  #mayNot = false; // publish, by the token
  #busy = false;
  #held;
  #updates = 0; // since the last snapshot
  #bytes = 0;
  #isDue = false; // a snapshot
  #isPlanned = false;
  #publishing;
  #snapshot;

  constructor(client, name, doc) {
    super();
    this.doc = doc;
    this.room = client.join(name, { rewind: REWIND, presence: "full" });
    this.room.onMessage((message) => { if (this.#held) this.#held.push(message); else this.#take(message); });
    this.room.onRecover(({ recovered }) => { if (!recovered) this.#forget(); });
    this.room.onStatus(({ state, error }) => this.#stands(state, error));
    doc.on("update", this.#changed);
  }

  /** Whether something has come that goes on from what has not: nobody who had it was here in time. */
  get incomplete() { return this.doc.store.pendingStructs !== null; }

  /** Whether the room has everything, as far as this member may bring it there. */
  get saved() { return this.#mayNot || !(this.waiting || this.#owes || this.#busy); }

  /** Keeps back what others write, as while an input method composes a word. */
  hold() { this.#held ??= []; }

  release() {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const message of held) this.#take(message);
  }

  leave() {
    clearTimeout(this.#publishing);
    clearTimeout(this.#snapshot);
    this.doc.off("update", this.#changed);
    return this.room.leave({ linger: 0 });
  }

  /** What the room did not bring was done here. */
  #changed = (_, origin) => {
    if (origin === this) return;
    this.waiting++;
    if (this.#mayNot) this.problem = "forbidden";
    this.#publishIn(GATHER);
    this.#tell();
  };

  #take({ event, data, timestamp }) {
    if (event !== "update" && event !== "snapshot") return;
    const { incomplete } = this;
    try {
      const update = fromBase64(data);
      this.#learn(update);
      Y.applyUpdate(this.doc, update, this); // one's own comes back too, and changes nothing
    } catch (error) {
      badUpdate(this.room.name, error);
      return;
    }
    if (incomplete !== this.incomplete) this.#tell();
    if (event === "snapshot") this.#snapshotSeen(Date.now() - Date.parse(timestamp));
    else this.#updateSeen(data.length);
  }

  /** The room has this update. What goes on from where the room's knowledge ended, extends it. */
  #learn(update) {
    for (const part of Y.decodeUpdate(update).structs) {
      const { client, clock } = part.id;
      const known = this.#known.get(client) ?? 0;
      const end = clock + part.length;
      if (!(part instanceof Y.Skip) && clock <= known && end > known) this.#known.set(client, end);
    }
  }

  /** The room began anew, or this member was away for longer than the room remembers. Everyone
   * publishes what the room lacks by then: the first one everything, the others what is left. */
  #forget() {
    this.#known.clear();
    this.#owes = true;
  }

  #stands(state, error) {
    if (state === "left" && error) this.problem = error.code;
    if (state === "joined") queueMicrotask(this.#joined); // after the messages that came with it
    this.#tell();
  }

  #joined = () => {
    this.ready = true;
    this.#mayNot = false; // perhaps the token is another
    if (this.problem === "forbidden") this.problem = undefined;
    if (this.waiting || this.#isDue) this.#publishIn(0);
    else if (this.#owes) this.#publishIn(shortWait());
    this.#tell();
  };

  #publishIn(ms) {
    this.#publishing ??= setTimeout(() => {
      this.#publishing = undefined;
      this.#publish();
    }, ms);
  }

  /** One message at a time, with everything that the room lacks. Nothing waits in the client:
   * after a cut, however long it was, the document itself says what is still to be published. */
  async #publish() {
    if (this.#busy || this.#mayNot || this.room.status.state !== "joined") return;
    if (!this.waiting && !this.#owes && !this.#isDue) return;
    const whole = this.#isDue || this.#known.size === 0;
    const update = Y.encodeStateAsUpdate(this.doc, whole ? undefined : Y.encodeStateVector(this.#known));
    const changes = this.waiting;
    this.#busy = true;
    this.#owes = false;
    try {
      const event = whole ? "snapshot" : "update";
      if (update.length > NOTHING) await this.room.publish(event, toBase64(update), { offline: "reject", ttl: 10_000 });
      this.#published(update, changes, whole);
    } catch (error) {
      this.#owes = true;
      this.#failed(error);
    }
    this.#busy = false;
    this.#tell();
  }

  #published(update, changes, whole) {
    this.#learn(update);
    this.waiting -= changes;
    if (whole) this.#isDue = false;
    if (whole || this.problem !== "no_snapshot") this.problem = undefined;
    if (this.waiting || this.#owes || this.#isDue) this.#publishIn(GATHER);
  }

  /** @param {any} error a `RoomcastError` */
  #failed({ code, retry }) {
    if (retry) {
      this.#publishIn(AGAIN);
    } else if (code === "too_large" && this.#isDue && this.#known.size > 0) {
      this.problem = "no_snapshot"; // the changes alone may be small enough
      this.#isDue = this.#isPlanned = false;
      this.#updates = this.#bytes = 0;
      this.#publishIn(0);
    } else {
      this.#mayNot = code === "forbidden"; // until the next connection, other failures until the next change
      if (this.waiting) this.problem = code;
    }
  }

  #updateSeen(bytes) {
    this.#updates++;
    this.#bytes += bytes;
    const share = Math.max(this.#updates / SNAPSHOT_AFTER, this.#bytes / SNAPSHOT_BYTES);
    if (share >= 2) this.#planSnapshot(0);
    else if (share >= 1 && !this.#isPlanned) this.#planSnapshot(shortWait());
    this.#isPlanned = share >= 1;
  }

  #snapshotSeen(age) {
    this.#updates = this.#bytes = 0;
    this.#isDue = this.#isPlanned = false;
    this.#planSnapshot(Math.max(0, SNAPSHOT_AGE - age) + shortWait());
  }

  #planSnapshot(wait) {
    clearTimeout(this.#snapshot);
    this.#snapshot = setTimeout(() => {
      this.#isDue = true;
      this.#publishIn(0);
    }, wait);
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}

let warned = false;
function badUpdate(room, error) {
  if (!warned) console.warn(`${room}: an update that cannot be read is left out`, error);
  warned = true;
}

function toBase64(bytes) {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
