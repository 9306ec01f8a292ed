// A small client of the native dialect, for the demo pages. It keeps one socket for many rooms,
// comes back by itself, recovers what was missed, and sends what was written meanwhile.

const PROTOCOL = "roomcast.v1.json";
const FIRST_WAIT = 500; // ceiling of the first wait; it doubles with every failure
const LONGEST_WAIT = 10_000;
const STABLE_AFTER = 5_000; // a connection this old forgives the failures before it
const OPEN_WITHIN = 10_000;
const PROBE_WITHIN = 5_000;
const QUEUE_LIMIT = 200; // messages of a room that may wait

/** Events (`on(kind, handler)`): `state` {state: connecting|connected|waiting|cut|refused, until?,
 * reason?} · `joined` {room, again, recovered, reason?, messages} · `message` {room, message} ·
 * `members` {room, members, count} · `sent` {room, messageId} · `gap` {room, from, to, repairing} ·
 * `refused` {room?, messageId?, message} · `system` {room?, event, text}. */
export class Client {
  me = null; // {id?, name?}, as the server says it
  #options; #handlers = new Map(); #rooms = new Map(); #asked = new Map(); #lastId = 0;
  #socket = null; #turn = 0; #welcome = null; #welcomedAt = 0; #token = null; #tokenRefused = false;
  #state = "idle"; #attempt = 0; #notBefore = 0; #timer; #watch;

  /** `url` of the socket; `check`, the URL that tells why a token is refused; `token()`, a promise
   * of a token: when it throws an error with `final: true` the client gives up. */
  constructor(options) {
    this.#options = options;
    addEventListener("online", () => (this.#state === "waiting" ? this.#connect() : this.#probe()));
    addEventListener("offline", () => this.#probe());
    document.addEventListener("visibilitychange", () => document.hidden || this.#probe());
  }
  on(kind, handler) { this.#handlers.set(kind, handler); return this; }
  /** Connects now; also after a cut or a refusal. */
  connect() { this.#attempt = 0; this.#tokenRefused = false; this.#connect(); }
  /** Connects anew with a fresh token, unless the network is cut. */
  renew() { this.#token = null; if (this.#state !== "cut") this.connect(); }
  /** Closes the socket and stays away until `connect()`. */
  cut() { this.#drop(); this.#say("cut"); }
  join(name, rewind = 0) {
    const room = { name, rewind, epoch: null, offset: -1, queue: [], sending: null, live: false, members: new Map() };
    this.#rooms.set(name, room);
    if (this.#welcome) this.#sendJoin(room);
  }
  /** Leaves a room; what still waits in it is not sent any more. */
  leave(name) {
    if (this.#rooms.delete(name) && this.#welcome) this.#send({ type: "leave", room: name });
  }
  /** Queues a message; its id, or null when too many wait already or the room is not joined. */
  publish(name, data) {
    const room = this.#rooms.get(name);
    if (!room || room.queue.length >= QUEUE_LIMIT) return null;
    const messageId = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
    room.queue.push({ messageId, data });
    queueMicrotask(() => this.#pump(room)); // the caller has the id before anything is said of it
    return messageId;
  }

  #emit(kind, detail) { this.#handlers.get(kind)?.(detail); }
  #say(state, detail = {}) { this.#state = state; this.#emit("state", { state, ...detail }); }
  #send(frame) { this.#socket?.send(JSON.stringify(frame)); }
  #ask(frame, about) { this.#asked.set(++this.#lastId, about); this.#send({ id: this.#lastId, ...frame }); }
  #stop(reason) { this.#drop(); this.#say("refused", { reason }); }
  #lost() { this.#drop(); this.#comeBack(); }

  async #connect() {
    this.#drop();
    const turn = this.#turn;
    this.#say("connecting");
    try {
      this.#token ??= await this.#options.token();
    } catch (error) {
      if (turn !== this.#turn) return;
      return error.final ? this.#stop(error.message) : this.#comeBack();
    }
    if (turn !== this.#turn) return;
    const socket = (this.#socket = new WebSocket(this.#options.url, [PROTOCOL, `roomcast.token.${this.#token}`]));
    this.#watch = setTimeout(() => this.#lost(), OPEN_WITHIN);
    socket.onmessage = ({ data }) => { if (turn === this.#turn) this.#read(JSON.parse(data)); };
    socket.onclose = ({ code, reason }) => { if (turn === this.#turn) this.#closed(code, reason); };
  }
  /** Forgets the socket: nothing that it or an older attempt still brings is looked at. */
  #drop() {
    this.#turn += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#watch);
    this.#socket?.close();
    if (this.#welcome && Date.now() - this.#welcomedAt > STABLE_AFTER) this.#attempt = 0;
    this.#socket = this.#welcome = null;
    this.#asked.clear();
    for (const room of this.#rooms.values()) { room.live = false; room.sending = null; }
  }
  async #closed(code, reason) {
    const unseen = !this.#welcome;
    if (code >= 4500 && code <= 4999) return this.#stop(`${reason || "closed"} (${code})`);
    this.#drop();
    if (code === 4004) this.#token = null;
    const turn = this.#turn;
    const after = unseen && this.#token ? await this.#askWhy(turn) : 0;
    if (turn === this.#turn) this.#comeBack(after);
  }
  /** A browser does not say why a socket was refused; the server does, to who asks. */
  async #askWhy(turn) {
    try {
      const headers = { authorization: `Bearer ${this.#token}` };
      const answer = await fetch(this.#options.check, { headers, cache: "no-store", signal: AbortSignal.timeout(5_000) });
      const { error } = answer.ok ? {} : await answer.json().catch(() => ({}));
      if (turn === this.#turn && (answer.status === 401 || answer.status === 403)) {
        if (this.#tokenRefused) this.#stop(error?.message ?? `refused (${answer.status})`);
        this.#tokenRefused = true; // once: a restarted server may just not know the old token
        this.#token = null;
      }
      return Number(answer.headers.get("retry-after")) * 1000 || 0;
    } catch { return 0; }
  }
  #comeBack(after = 0) {
    const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#attempt++);
    const wait = Math.max(after, this.#notBefore - Date.now(), 0) + Math.random() * ceiling;
    this.#timer = setTimeout(() => this.#connect(), wait);
    this.#say("waiting", { until: Date.now() + wait });
  }
  #probe() {
    if (!this.#welcome) return;
    this.#send({ type: "ping" });
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#lost(), Math.min(this.#welcome.heartbeat.timeout_ms, PROBE_WITHIN));
  }

  #read(frame) {
    if (frame.type === "welcome") this.#welcomed(frame);
    if (!this.#welcome) return; // nothing comes before it
    clearTimeout(this.#watch);
    const { interval_ms, timeout_ms } = this.#welcome.heartbeat;
    this.#watch = setTimeout(() => this.#probe(), interval_ms + timeout_ms);
    const about = this.#asked.get(frame.id);
    this.#asked.delete(frame.id);
    const room = this.#rooms.get(frame.room);
    switch (frame.type) {
      case "ping": return this.#send({ type: "pong" });
      case "joined": return room && this.#joined(room, frame);
      case "message": return room && this.#message(room, frame);
      case "presence": return room && this.#presence(room, frame);
      case "ack": return about?.message && this.#settled(about, "sent");
      case "error": return this.#error(frame, about);
      case "expiring": return this.#refresh();
      case "system": return this.#emit("system", frame);
      case "gap":
        if (room && !frame.repairing) room.offset = Math.max(room.offset, frame.to);
        return this.#emit("gap", frame);
      case "left":
        if (frame.id === undefined && this.#rooms.delete(frame.room)) this.#emit("refused", { room: frame.room, message: `removed from the room (${frame.code})` });
        return;
      case "reconnect": // the server closes at that moment; if it does not, go by oneself
        this.#notBefore = Date.now() + frame.after_ms;
        this.#timer = setTimeout(() => this.#lost(), frame.after_ms + 1_000);
    }
  }
  #welcomed(frame) {
    this.#welcome = frame;
    this.#welcomedAt = Date.now();
    this.#notBefore = 0;
    this.#tokenRefused = false;
    this.me = frame.user ?? {};
    this.#say("connected");
    for (const room of this.#rooms.values()) this.#sendJoin(room);
  }
  #sendJoin(room) {
    const since = room.epoch === null ? undefined : { epoch: room.epoch, offset: room.offset };
    this.#ask({ type: "join", room: room.name, since, rewind: room.rewind, presence: "full" }, { room });
  }
  #joined(room, { epoch, offset, recovered, reason, messages, ...rest }) {
    const again = room.epoch !== null;
    const unseen = messages.filter((message) => epoch !== room.epoch || message.offset > room.offset);
    Object.assign(room, { epoch, offset, live: true, members: new Map() });
    this.#emit("joined", { room: room.name, again, recovered, reason, messages: unseen });
    this.#presence(room, rest);
    this.#pump(room);
  }
  #message(room, message) {
    if (message.offset <= room.offset) return; // seen; one without an offset is always new
    room.offset = message.offset ?? room.offset;
    this.#emit("message", { room: room.name, message });
  }
  #presence(room, { members, joined = [], changed = [], left = [], count }) {
    if (members) room.members.clear();
    for (const member of [...(members ?? []), ...joined, ...changed]) room.members.set(member.session, member);
    for (const member of left) room.members.delete(member.session);
    this.#emit("members", { room: room.name, members: [...room.members.values()], count: count ?? room.members.size });
  }

  /** One message of a room is on its way at a time, so that a retry cannot change the order. */
  #pump(room) {
    if (!room.live || room.sending || room.queue.length === 0) return;
    const message = (room.sending = room.queue[0]);
    const frame = { type: "publish", room: room.name, data: message.data, message_id: message.messageId };
    const size = new TextEncoder().encode(JSON.stringify(frame)).length + 32; // the id is added
    if (size <= this.#welcome.limits.max_frame) this.#ask(frame, { room, message });
    else this.#settled({ room, message }, "refused", "it is too long");
  }
  #settled({ room, message }, how, why) {
    if (room.queue[0] === message) room.queue.shift();
    room.sending = null;
    this.#emit(how, { room: room.name, messageId: message.messageId, message: why });
    this.#pump(room);
  }
  #error({ room, code, message, retry, retry_after_ms = 1_000 }, about) {
    if (code === "token_expired") this.#refresh();
    if (!about?.room) return this.#emit("refused", { room, message });
    if (!retry && about.message) return this.#settled(about, "refused", message);
    if (!retry) return this.#emit("refused", { room: about.room.name, message });
    const turn = this.#turn;
    setTimeout(() => {
      if (turn !== this.#turn || this.#rooms.get(about.room.name) !== about.room) return;
      if (!about.message) return this.#sendJoin(about.room);
      about.room.sending = null;
      this.#pump(about.room);
    }, retry_after_ms * (1 + Math.random()));
  }
  async #refresh() {
    const turn = this.#turn;
    const token = await this.#options.token().catch(() => null);
    if (token) this.#token = token;
    if (token && turn === this.#turn) this.#ask({ type: "refresh", token }, {});
  }
}
