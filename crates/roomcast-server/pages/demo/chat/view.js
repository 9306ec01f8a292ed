// One room on the page: its messages, who is here, who is typing. What is not shown goes on in the
// background, until nothing waits in it.

import { $, element, plural } from "/common/dom.js";
import { keyOf, nameOf, person, usersOf } from "/common/people.js";
import { Messages } from "/demo/chat/messages.js";
import { keepAtEnd, secondAddress, setWritable } from "/demo/chat/page.js";
import { Typists } from "/demo/chat/typing.js";
import * as words from "/demo/chat/words.js";

const scroll = keepAtEnd();

export class View {
  #me;
  #patterns;
  #again;
  #messages = new Messages();
  #typists = new Typists(() => this.#showTyping());
  #presence = { members: [], count: 0 };
  #peopleShown = "";
  #isShown = false;
  #isClosed = false;
  #wasLost = false;

  /** `me()` is who uses this page, `patterns` the rooms that may be entered, `again()` tries once more. */
  constructor(room, { me, patterns, again }) {
    this.room = room;
    [this.#me, this.#patterns, this.#again] = [me, patterns, again];
  }

  /** How many messages wait for the server. */
  get waiting() {
    return this.#messages.waiting.size;
  }

  get isBusy() {
    return this.#messages.isBusy;
  }

  show() {
    this.#isShown = true;
    $("log").replaceChildren(this.#messages.list);
    $("room").value = $("room-title").textContent = this.room.name;
    $("second").href = secondAddress();
    document.title = `${this.room.name} · Chat · Roomcast`;
    setWritable(!this.#isClosed);
    this.#showPeople();
    this.#showTyping();
    scroll.toEnd();
  }

  hide() {
    this.#isShown = false;
    this.#peopleShown = "";
  }

  joined() {
    const second = element("a", { class: "button", href: secondAddress(), target: "_blank", rel: "noopener" }, "Open a second tab");
    this.#messages.say("nothing", element("p", {}, "Nobody has said anything here yet."), second);
  }

  write(text) {
    const item = this.#messages.write(this.#me(), text);
    scroll.toEnd();
    return item;
  }

  sent(item, position) {
    this.#messages.sent(item, position);
    this.#grown();
  }

  failed(item, error, again) {
    const useless = ["too_large", "forbidden"].includes(error.code) || this.#isClosed;
    this.#messages.failed(item, words.notSent(error), useless ? undefined : () => { again(); $("text").focus(); });
    this.#grown();
  }

  add(message) {
    const how = message.replayed && this.#wasLost ? "recovered" : "";
    this.#messages.add(message, this.#isMe(message.user), how);
    this.#typists.spoke(message.user);
    if (this.#isShown) this.#showTyping();
    this.#grown(true);
  }

  /** The connection was lost and is here again. */
  back(recovery) {
    this.#wasLost = true;
    const [kind, text] = words.recovered(recovery);
    this.notice(text, kind);
  }

  gap({ from, to, repairing }) {
    if (!repairing) this.notice(`${plural(to - from + 1, "message")} did not reach this page.`, "incomplete");
  }

  notice(text, kind) {
    this.#messages.notice(text, kind);
    this.#grown();
  }

  /** The room cannot be entered, or not any longer. */
  closed(error) {
    this.#isClosed = true;
    const [title, text] = words.closed(this.room.name, error, this.#patterns);
    const again = element("button", { type: "button", "data-testid": "enter-again" }, "Try again");
    again.addEventListener("click", () => this.#again());
    this.#messages.say("closed", element("h3", {}, title), element("p", {}, text), element("p", { class: "ways" }, ...this.#open(), again));
    if (this.#isShown) setWritable(false);
    this.here({ members: [], count: 0 });
    this.#grown();
  }

  /** Who is here.
   * @param {any} presence */
  here({ members = [], count = 0 }) {
    this.#presence = { members, count };
    this.#typists.learn(members);
    if (!this.#isShown) return;
    this.#showPeople();
    this.#showTyping();
  }

  /** Ways to rooms that the token opens. */
  #open() {
    const names = this.#patterns.map((pattern) => pattern.replaceAll("*", "")).filter(Boolean).slice(0, 3);
    return names.map((name) => element("a", { class: "button", href: `#${encodeURIComponent(name)}` }, `Go to “${name}”`));
  }

  #isMe(user) {
    return user?.id !== undefined && user.id === this.#me().id;
  }

  #grown(isNew = false) {
    if (this.#isShown) scroll.grown(isNew);
  }

  #showTyping() {
    const others = new Map(this.#typists.users.filter((user) => !this.#isMe(user)).map((user) => [keyOf(user), nameOf(user)]));
    const text = words.typing([...others.values()]);
    $("typing-text").textContent = text;
    $("typing").classList.toggle("is-on", text !== "");
  }

  #showPeople() {
    const { members, count } = this.#presence;
    const users = usersOf(members, (user) => this.#isMe(user));
    const shown = JSON.stringify([users, count, this.#me().id]);
    if (shown === this.#peopleShown) return; // only a state has changed: leave a reader in peace
    this.#peopleShown = shown;
    const items = users.map(person);
    const others = count - members.length;
    if (others > 0) items.push(element("li", { class: "person soft" }, items.length ? `and ${others} more` : plural(others, "connection")));
    $("people").replaceChildren(...items);
    $("count").textContent = users.length || count || "";
  }
}
