// The messages of one room, drawn: each in its place, once, with what became of it.

import { element } from "/common/dom.js";
import { avatar, keyOf, nameOf } from "/common/people.js";

const SHOWN_LIMIT = 500; // messages kept in the page
const TOGETHER = 300_000; // milliseconds within which somebody "goes on"
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clockWhole = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export class Messages {
  list = element("ol", { class: "messages" });
  waiting = new Set(); // items without an answer yet; they stand last
  #failed = new Set(); // items that can be sent again
  #positions = new WeakMap(); // item → position

  /** Shows the user's own message, which waits for its place. */
  write(user, text) {
    const item = this.#item({ user, data: { text }, timestamp: Date.now() }, true);
    this.waiting.add(item);
    this.#become(item, "waiting", "waiting");
    this.#put(item, null);
    return item;
  }

  /** The server has it. */
  sent(item, position) {
    this.waiting.delete(item);
    this.#become(item, "", "");
    const before = this.#placeOf(position, item);
    this.#positions.set(item, position);
    if (before === item || before === item.nextElementSibling || item.parentNode !== this.list) return;
    const gap = item.nextElementSibling;
    this.list.insertBefore(item, before);
    for (const moved of [gap, item, before]) this.#group(moved);
  }

  /** The server does not have it; `again` sends it once more, if that is any use. */
  failed(item, why, again) {
    this.waiting.delete(item);
    this.#become(item, "failed", why);
    if (!again) return;
    this.#failed.add(item);
    const button = element("button", { type: "button", class: "again", "data-testid": "again" }, "Send again");
    button.addEventListener("click", () => { this.#remove(item); again(); });
    item.querySelector(".mark").append(button);
  }

  /** Shows a message of the room. */
  add(message, mine, how = "") {
    const item = this.#item(message, mine);
    this.#become(item, how, how);
    this.#positions.set(item, message.position);
    this.#put(item, this.#placeOf(message.position, item));
  }

  /** A line across, about the connection; one without a kind replaces the one before. */
  notice(text, kind = "") {
    const before = this.#firstWaiting;
    const last = before ? before.previousElementSibling : this.list.lastElementChild;
    if (!kind && last?.matches(".notice[data-kind='']")) last.remove();
    this.#put(element("li", { class: "notice", "data-testid": "notice", "data-kind": kind }, element("span", {}, text)), before);
  }

  /** What stands in the middle while there is nothing else, or last when the room is closed. */
  say(className, ...content) {
    this.list.querySelector(".say")?.remove();
    if (className === "nothing" && this.list.children.length > 0) return;
    this.list.append(element("li", { class: `say ${className}`, "data-testid": className }, ...content));
  }

  /** Whether something here still waits: for the server, or for the person to send it again. */
  get isBusy() {
    return this.waiting.size + this.#failed.size > 0;
  }

  get #firstWaiting() {
    return this.waiting.values().next().value ?? null;
  }

  /** Before what waits, and before what comes later in the room. */
  #placeOf(position, own) {
    if (!position) return this.#firstWaiting;
    const isLater = (item) => {
      const its = this.#positions.get(item);
      return its?.epoch === position.epoch && its.offset > position.offset;
    };
    let last = this.list.lastElementChild;
    while (last && (last === own || this.waiting.has(last) || isLater(last))) last = last.previousElementSibling;
    return last ? last.nextElementSibling : this.list.firstElementChild;
  }

  #item({ user, data, timestamp }, mine) {
    const date = new Date(timestamp);
    const time = element("time", { datetime: date.toISOString(), title: clockWhole.format(date) }, clock.format(date));
    const author = element("span", { class: "author", "data-testid": "author" }, nameOf(user));
    const bubble = element("div", { class: "bubble", dir: "auto", "data-testid": "message-text" }, textOf(data));
    const said = element("div", { class: "said" }, element("div", { class: "about" }, author, time), bubble);
    const mark = element("div", { class: "mark" }, element("span", { "data-testid": "mark" }));
    return element("li", { class: `message${mine ? " mine" : ""}`, "data-testid": "message", "data-user": keyOf(user) }, avatar(user), said, mark);
  }

  #become(item, how, mark) {
    item.classList.remove("waiting", "failed");
    if (how) item.classList.add(how);
    item.querySelector(".mark > span").textContent = mark;
  }

  #put(item, before) {
    this.list.querySelector(".nothing")?.remove();
    this.list.insertBefore(item, before);
    for (const at of [item, item.nextElementSibling]) this.#group(at);
    if (this.list.children.length > SHOWN_LIMIT) this.#remove(this.list.firstElementChild);
  }

  #remove(item) {
    const next = item.nextElementSibling;
    this.#failed.delete(item);
    item.remove();
    this.#group(next);
  }

  /** A message right after another of the same person does not repeat who it is. */
  #group(item) {
    if (!item?.classList.contains("message")) return;
    const before = item.previousElementSibling;
    const timeOf = (/** @type {Element} */ of) => Date.parse(of.querySelector("time").dateTime);
    const goesOn = before?.classList.contains("message") && before.dataset.user === item.dataset.user
      && timeOf(item) - timeOf(before) < TOGETHER;
    item.classList.toggle("goes-on", Boolean(goesOn));
  }
}

function textOf(data) {
  if (typeof data === "string") return data;
  return typeof data?.text === "string" ? data.text : JSON.stringify(data);
}
