// The list of notifications: what is in it, and what of it has been read.

import { $, element } from "/common/dom.js";

const TOAST_LASTS = 6_000; // ms
const TITLE = document.title;

export class Inbox {
  /** The first of the list, and what is known of each: newest first. */
  #entries = [];
  #user;
  #toasting;

  constructor(user) {
    this.#user = user;
    $("read").addEventListener("click", () => this.#markRead());
    addEventListener("storage", () => this.#show()); // read in another tab
  }

  /** The oldest message of the list. */
  get oldest() {
    return this.#entries.at(-1)?.message;
  }

  /** A new one, or one of before that came in its order. */
  add(message, wasMissed) {
    const entry = this.#entry(message, wasMissed);
    this.#entries.unshift(entry);
    $("list").prepend(entry.item);
    this.#show();
  }

  /** A page of the history. */
  addEarlier({ messages, more }) {
    const entries = messages.reverse().map((message) => this.#entry(message, false));
    this.#entries.push(...entries);
    $("list").append(...entries.map(({ item }) => item));
    $("older").hidden = !more;
    this.#show();
  }

  /** What there was is here. */
  ready() {
    $("inbox").removeAttribute("aria-busy");
  }

  /** Offers the history, where it may have more than is shown. */
  offerEarlier({ epoch }) {
    const first = this.oldest?.position;
    $("older").hidden = first?.epoch !== epoch || first.offset === 1;
  }

  textOf({ data }) {
    return String(data?.text ?? "");
  }

  /** Something about the list as a whole. */
  notice(text) {
    $("notice").textContent = text;
    $("notice").hidden = false;
  }

  /** Shows a text for a short time. It stays in the list, so nothing is lost with it. */
  toast(text) {
    clearTimeout(this.#toasting);
    $("toast").textContent = text;
    $("toast").classList.add("shown");
    this.#toasting = setTimeout(() => $("toast").classList.remove("shown"), TOAST_LASTS);
  }

  #entry(message, wasMissed) {
    const at = new Date(message.timestamp);
    const isToday = at.toDateString() === new Date().toDateString();
    const time = element("time", { datetime: message.timestamp }, isToday ? at.toLocaleTimeString() : at.toLocaleString());
    const mark = wasMissed && element("span", { class: "tag", "data-testid": "mark" }, "while you were away");
    const about = element("p", { class: "about" }, time, ...(mark ? [mark] : []), element("span", { class: "unseen", "data-testid": "state" }));
    const text = element("p", { class: "text", dir: "auto", "data-testid": "notification-text" }, this.textOf(message));
    const item = element("li", { "data-testid": "notification", class: message.replayed ? "" : "new" }, text, about);
    return { message, item };
  }

  /** Until when everything is read, by the server's clock; this browser remembers it. */
  get #readUntil() {
    return localStorage.getItem(`read ${this.#user}`) ?? "";
  }

  #markRead() {
    if (this.#entries.length === 0) return;
    localStorage.setItem(`read ${this.#user}`, this.#entries[0].message.timestamp);
    this.#show();
  }

  #show() {
    let unread = 0;
    for (const { message, item } of this.#entries) {
      const isUnread = message.timestamp > this.#readUntil; // both in UTC, in one form
      item.classList.toggle("unread", isUnread);
      item.querySelector("[data-testid=state]").textContent = isUnread ? "unread" : "";
      if (isUnread) unread += 1;
    }
    $("nothing").hidden = this.#entries.length > 0;
    const words = [String(unread), element("span", { class: "of" }, " unread")];
    $("unread").replaceChildren(...(unread > 0 ? words : []));
    $("read").setAttribute("aria-disabled", unread === 0); // it keeps the focus
    document.title = unread > 0 ? `(${unread}) ${TITLE}` : TITLE;
  }
}
