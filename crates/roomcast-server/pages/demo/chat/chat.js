// The chat demo: what a person sees of one room, and of the connection beneath it.
// Whatever people wrote reaches the page by textContent only.

import { Client } from "/demo/client.js";

const REWIND = 50;
const SHOWN_LIMIT = 500; // messages kept in the page
const COLOURS = 8;
const $ = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clockWhole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

const ADJECTIVES = ["Amber", "Brisk", "Calm", "Daring", "Early", "Frank", "Gentle", "Honest", "Keen", "Lively", "Merry", "Quiet"];
const ANIMALS = ["Badger", "Crane", "Dolphin", "Falcon", "Heron", "Ibex", "Lynx", "Marten", "Otter", "Puffin", "Robin", "Stoat"];
const pick = (list) => list[Math.floor(Math.random() * list.length)];

const query = new URLSearchParams(location.search);
let name = tidy(query.get("name") ?? sessionStorage.getItem("name") ?? "", 40) || `${pick(ADJECTIVES)} ${pick(ANIMALS)}`;
sessionStorage.setItem("name", name);

/** One line of plain text of at most so many characters. */
function tidy(text, longest) {
  const line = text.replace(/[\p{Cc}\p{Cs}]/gu, " ").replace(/\s+/g, " ").trim();
  return [...line].slice(0, longest).join("").trim();
}

function roomOfUrl() {
  let hash = location.hash.slice(1);
  try { hash = decodeURIComponent(hash); } catch { /* as it was written */ }
  return tidy((hash || query.get("room")) ?? "", 60).replaceAll("*", "") || "lobby";
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// --- Who somebody is -------------------------------------------------------------------------

// In this demo a name is the user: two tabs of the same name are one person.
const userOfName = (name) => name.toLowerCase();
const keyOf = (user) => user?.id ?? (user?.name ? `name:${user.name}` : "");
const nameOf = (user) => user?.name || user?.id || "anonymous";
const isMe = (user) => user?.id !== undefined && user.id === client.me?.id;

function avatar(user) {
  let sum = 0;
  for (const character of keyOf(user)) sum = (sum * 31 + character.codePointAt(0)) % 65_521;
  const made = element("span", `avatar colour-${sum % COLOURS}`, [...nameOf(user)][0].toUpperCase());
  made.setAttribute("aria-hidden", "true");
  return made;
}

// --- One room on the page --------------------------------------------------------------------

class View {
  list = element("ol", "messages");
  people = { members: [], count: 0 };
  waiting = new Map(); // message_id → item, not acked yet
  own = new Map(); // message_id → item, without its true place yet
  #ownDone = new Set(); // message_ids that have one

  constructor(room) {
    this.room = room;
    this.list.append(element("li", "nothing", "Nobody said anything here yet."));
    this.list.firstChild.dataset.testid = "nothing";
  }

  write(messageId, text) {
    const item = this.#item({ user: client.me ?? { id: userOfName(name), name }, data: { text }, timestamp: new Date() }, true);
    item.classList.add("waiting");
    this.#mark(item, "waiting");
    this.waiting.set(messageId, item);
    this.own.set(messageId, item);
    this.#put(item, null);
    scroll(true);
  }

  /** Accepted by the server; its own copy, with the true place, may still be on its way. */
  sent(messageId) {
    const item = this.waiting.get(messageId);
    this.waiting.delete(messageId);
    if (!item) return;
    item.classList.remove("waiting");
    this.#mark(item, "");
  }

  failed(messageId, why) {
    const item = this.own.get(messageId);
    this.waiting.delete(messageId);
    this.own.delete(messageId);
    if (!item) return;
    item.classList.replace("waiting", "failed");
    this.#mark(item, `not sent: ${why}`);
  }

  add(message, how = "") {
    const id = message.message_id;
    if (id && this.#ownDone.has(id)) return false;
    const item = id && this.own.get(id);
    if (item) { // what stands there already as waiting has its place now
      this.sent(id);
      this.own.delete(id);
      this.#ownDone.add(id);
      this.#time(item, message);
      item.dataset.offset = message.offset ?? "";
      return false;
    }
    const made = this.#item(message, isMe(message.user));
    if (how) made.classList.add(how);
    this.#mark(made, how);
    this.#put(made, this.own.values().next().value ?? null);
    return true;
  }

  notice(text, kind = "") {
    const last = this.list.lastElementChild;
    const item = last?.classList.contains("notice") && !kind && !last.dataset.kind ? last : element("li", "notice");
    item.replaceChildren(element("span", "", text));
    item.dataset.testid = "notice";
    item.dataset.kind = kind;
    if (!item.isConnected || item !== last) this.#put(item, this.own.values().next().value ?? null);
  }

  #item(message, mine) {
    const item = element("li", `message${mine ? " mine" : ""}`);
    item.dataset.testid = "message";
    item.dataset.user = keyOf(message.user);
    item.dataset.offset = message.offset ?? "";
    const said = element("div", "said");
    const author = element("span", "author", nameOf(message.user));
    const bubble = element("div", "bubble", textOf(message.data));
    author.dataset.testid = "author";
    bubble.dataset.testid = "message-text";
    const about = element("div", "about");
    const mark = element("span", "mark");
    mark.dataset.testid = "mark";
    about.append(author, element("time"));
    said.append(about, bubble);
    item.append(avatar(message.user), said, mark);
    this.#time(item, message);
    return item;
  }

  #time(item, { timestamp }) {
    const time = item.querySelector("time");
    const date = new Date(timestamp);
    time.textContent = clock.format(date);
    time.dateTime = date.toISOString();
    time.title = clockWhole.format(date);
  }

  #mark(item, text) { item.querySelector(".mark").textContent = text; }

  #put(item, before) {
    this.list.querySelector(".nothing")?.remove();
    this.list.insertBefore(item, before);
    for (const at of [item, item.nextElementSibling]) this.#group(at);
    if (this.list.children.length > SHOWN_LIMIT) {
      this.list.firstElementChild.remove();
      this.#group(this.list.firstElementChild);
    }
  }

  /** A message right after another of the same person does not repeat who it is. */
  #group(item) {
    if (!item?.classList.contains("message")) return;
    const before = item.previousElementSibling;
    const close = before?.classList.contains("message") && before.dataset.user === item.dataset.user
      && new Date(item.querySelector("time").dateTime) - new Date(before.querySelector("time").dateTime) < 300_000;
    item.classList.toggle("goes-on", Boolean(close));
  }
}

function textOf(data) {
  if (typeof data === "string") return data;
  return typeof data?.text === "string" ? data.text : JSON.stringify(data);
}

// --- The views, one of them shown ------------------------------------------------------------

const views = new Map(); // room → View; one that was left stays until nothing waits in it
let view;

function show(room) {
  const old = view;
  view = views.get(room) ?? new View(room);
  if (!views.has(room)) {
    views.set(room, view);
    client.join(room, REWIND);
  }
  $("log").replaceChildren(view.list);
  $("room").value = room;
  $("room-title").textContent = room;
  document.title = `${room} · Roomcast chat`;
  edited();
  showPeople();
  scroll(true);
  if (old && old !== view) leaveWhenDone(old);
}

function leaveWhenDone(left) {
  if (left === view || left.waiting.size > 0) return;
  views.delete(left.room);
  client.leave(left.room);
}

function showPeople() {
  const users = new Map();
  for (const { user, session } of view.people.members) {
    const key = keyOf(user) || `session:${session}`;
    const known = users.get(key);
    users.set(key, { user: user ?? known?.user, tabs: (known?.tabs ?? 0) + 1 });
  }
  const sorted = [...users.values()].sort((a, b) => isMe(b.user) - isMe(a.user) || nameOf(a.user).localeCompare(nameOf(b.user)));
  const items = sorted.map(({ user, tabs }) => {
    const item = element("li", "person");
    item.dataset.testid = "person";
    item.dataset.user = keyOf(user);
    item.append(avatar(user), element("span", "person-name", nameOf(user)));
    if (isMe(user)) item.append(element("span", "tag", "you"));
    if (tabs > 1) item.append(element("span", "tag", plural(tabs, "tab")));
    return item;
  });
  const unlisted = view.people.count - view.people.members.length;
  if (unlisted > 0) items.push(element("li", "person more", items.length ? `and ${unlisted} more` : `${plural(unlisted, "connection")}`));
  $("people").replaceChildren(...items);
  $("count").textContent = users.size || view.people.count || "";
}

// --- Scrolling -------------------------------------------------------------------------------

const log = $("log");
let atEnd = true;
log.addEventListener("scroll", () => {
  atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  if (atEnd) $("newer").hidden = true;
}, { passive: true });
new ResizeObserver(() => atEnd && scroll(true)).observe(log);
$("newer").addEventListener("click", () => { scroll(true); $("text").focus(); });

function scroll(toEnd) {
  if (!toEnd) { $("newer").hidden = false; return; }
  log.scrollTop = log.scrollHeight;
  atEnd = true;
  $("newer").hidden = true;
}

// --- The connection --------------------------------------------------------------------------

const WHY_INCOMPLETE = {
  epoch: "the room began anew meanwhile",
  expired: "the room does not keep messages that long",
  limit: "more was said than is sent at once",
};

async function fetchToken() {
  const answer = await fetch("/dev/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name, user: userOfName(name) }),
    signal: AbortSignal.timeout(10_000),
  });
  if (answer.ok) return (await answer.json()).token;
  const error = new Error(answer.status === 404 ? "this server hands out no demo tokens: start it with roomcast dev" : `no token (${answer.status})`);
  error.final = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
  throw error;
}

const client = new Client({ url: new URL("/v1/ws", location.href.replace(/^http/, "ws")).href, check: "/v1/auth/check", token: fetchToken });
let connection = { state: "connecting" };
let renamed = false;

client
  .on("state", (now) => {
    connection = now;
    if (now.state === "waiting" || now.state === "cut") renamed = false;
    showConnection();
  })
  .on("joined", ({ room, again, recovered, reason, messages }) => {
    const of = views.get(room);
    if (!of) return;
    const stay = atEnd;
    const missed = messages.filter(({ message_id: id }) => !of.own.has(id)).length;
    if (again && !recovered) of.notice(`You are back, but the history is not complete: ${WHY_INCOMPLETE[reason] ?? reason ?? "something was lost"}.`, "incomplete");
    else if (again && missed > 0) of.notice(`You are back. ${plural(missed, "missed message")} recovered.`, "recovered");
    else if (again && !renamed) of.notice("You are back. You missed nothing.");
    for (const message of messages) of.add(message, again ? "recovered" : "");
    if (of === view && (stay || messages.length > 0)) scroll(stay);
  })
  .on("message", ({ room, message }) => {
    const of = views.get(room);
    if (!of) return;
    const stay = atEnd;
    const isNew = of.add(message);
    if (of === view && (stay || isNew)) scroll(stay);
  })
  .on("members", ({ room, members, count }) => {
    const of = views.get(room);
    if (!of) return;
    of.people = { members, count };
    if (of === view) showPeople();
  })
  .on("sent", ({ room, messageId }) => {
    const of = views.get(room);
    of?.sent(messageId);
    if (of) leaveWhenDone(of);
    showHint();
  })
  .on("refused", ({ room, messageId, message }) => {
    const of = views.get(room) ?? view;
    const stay = atEnd;
    if (messageId) of.failed(messageId, message);
    else of.notice(`The server refused: ${message}`, "refused");
    if (of === view && stay) scroll(true);
    leaveWhenDone(of);
    showHint();
  })
  .on("gap", ({ room, from, to, repairing }) => {
    if (!repairing) views.get(room)?.notice(`${plural(to - from + 1, "message")} did not reach this page.`, "incomplete");
  })
  .on("system", ({ text }) => view.notice(text, "system"));

function showConnection() {
  const { state, until, reason } = connection;
  const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const [shown, spoken] = {
    connecting: ["Connecting", "Connecting"],
    connected: ["Connected", "Connected"],
    waiting: [seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting", "Connection lost, reconnecting"],
    cut: ["Network cut", "Network cut"],
    refused: [`Refused: ${reason}`, `Refused: ${reason}`],
  }[state];
  $("connection").dataset.state = state;
  $("connection").title = state === "refused" ? shown : "";
  $("connection-text").textContent = shown;
  if ($("spoken").textContent !== spoken) $("spoken").textContent = spoken;
  $("network").textContent = state === "cut" ? "Restore the network" : state === "refused" ? "Try again" : "Cut the network";
  $("network").classList.toggle("restore", state === "cut" || state === "refused");
  document.body.classList.toggle("away", state !== "connected");
  showHint();
}

// The countdown; it runs only while it counts.
setInterval(() => { if (connection.state === "waiting") showConnection(); }, 250);

$("network").addEventListener("click", () => {
  if (connection.state === "cut" || connection.state === "refused") client.connect();
  else client.cut();
});

// --- Writing ---------------------------------------------------------------------------------

function showHint(text) {
  const n = view?.waiting.size ?? 0;
  const waiting = n > 0 && connection.state !== "connected" ? `${plural(n, "message waits", "messages wait")} for the network` : "";
  $("composer-hint").textContent = text ?? (waiting || "Enter sends, Shift + Enter begins a new line");
}

function send() {
  const text = $("text").value.replace(/\s+$/, "");
  if (text.trim() === "") return;
  // The id is known only after it is queued; nothing comes back before this function ends.
  const messageId = client.publish(view.room, { text });
  if (messageId === null) return showHint("Too many messages wait already");
  view.write(messageId, text);
  $("text").value = "";
  fit();
  showHint();
}

/** As high as what is written, up to the limit of the style sheet. */
function fit() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

$("text").addEventListener("input", fit);
$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  send();
});
$("composer").addEventListener("submit", (event) => { event.preventDefault(); send(); $("text").focus(); });

// --- Name and room ---------------------------------------------------------------------------

function edited() {
  $("name-form").querySelector("button").disabled = [name, ""].includes(tidy($("name").value, 40));
  $("room-form").querySelector("button").disabled = [view?.room, ""].includes(tidy($("room").value, 60));
}

$("name").value = name;
$("name-form").addEventListener("input", edited);
$("room-form").addEventListener("input", edited);

$("name-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = tidy($("name").value, 40);
  if (wanted === "" || wanted === name) return;
  name = wanted;
  sessionStorage.setItem("name", name);
  $("name").value = name;
  query.delete("name"); // a reload keeps the new name
  history.replaceState(null, "", `?${query}${location.hash}`);
  renamed = true;
  edited();
  client.renew();
  $("text").focus();
});

$("room-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = tidy($("room").value, 60).replaceAll("*", "");
  if (wanted === "") return;
  location.hash = encodeURIComponent(wanted);
  $("text").focus();
});
addEventListener("hashchange", () => show(roomOfUrl()));

show(roomOfUrl());
client.connect();
if (matchMedia("(hover: hover)").matches) $("text").focus();
