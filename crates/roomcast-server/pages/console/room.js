// One room: its messages as they come, its members, and a way to speak in it as the backend.

import { $, element } from "/common/dom.js";
import { ask, path } from "/console/api.js";
import { person } from "/console/words.js";
import { nameOf } from "/common/people.js";

const REWIND = 50;
const KEPT = 500; // lines
const LONGEST = 2_000; // characters of a line

export class RoomView {
  #client;
  #room;
  #name = "";

  /** `client()` gives the connection. */
  constructor(client) {
    this.#client = client;
    $("publish").addEventListener("submit", (event) => { event.preventDefault(); this.#publish(); });
  }

  show(name) {
    this.#name = name;
    $("room-title").textContent = name;
    $("lines").replaceChildren();
    $("members").replaceChildren();
    $("member-count").textContent = $("published").textContent = "";
    const room = this.#room = this.#client().join(name, { rewind: REWIND });
    room.onMessage((message) => this.#line(message));
    room.onGap(({ from, to, reason }) => this.#note(`${to - from + 1} messages were left out here (${reason})`));
    room.onRecover(({ recovered, missed, reason }) => this.#note(recovered ? `back, ${missed} missed messages follow` : `back, the history is not complete (${reason})`));
    room.onStatus(() => this.#state());
    this.#state();
  }

  hide() {
    this.#room?.leave();
    this.#room = undefined;
  }

  #state() {
    const { state, error } = this.#room?.status ?? {};
    $("tail-state").textContent = error ? error.message : state === "joined" ? "" : "waits for the server";
    $("tail-state").dataset.state = state;
  }

  #line({ event, data, user, timestamp, position, replayed }) {
    const text = JSON.stringify(data);
    const line = element("p", { class: replayed && "replayed", "data-testid": "line" },
      element("time", { datetime: timestamp, class: "soft" }, timestamp.slice(11, 23)), " ",
      element("span", { class: "soft" }, position ? `#${position.offset}` : "(ephemeral)"), " ",
      element("b", {}, event), " ", user ? `${nameOf(user)}: ` : "",
      text.length > LONGEST ? `${text.slice(0, LONGEST)} … (${text.length} characters)` : text);
    this.#add(line);
  }

  #note(text) {
    this.#add(element("p", { class: "note", "data-testid": "note" }, text));
  }

  #add(line) {
    const lines = $("lines");
    const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 30;
    lines.append(line);
    while (lines.childElementCount > KEPT) lines.firstElementChild.remove();
    if (atEnd) lines.scrollTop = lines.scrollHeight;
  }

  async look() {
    const name = this.#name;
    const { members, count } = await ask(path`/v1/rooms/${name}/members`);
    if (name !== this.#name) return;
    $("member-count").textContent = count;
    $("members").replaceChildren(...(members ?? []).map(({ user, state }) =>
      element("li", { "data-testid": "member" }, person(user), state === undefined ? "" : element("code", { class: "soft" }, JSON.stringify(state)))));
  }

  async #publish() {
    const answer = $("published");
    answer.classList.remove("wrong");
    try {
      JSON.parse($("data").value); // told here, where it was written
      const event = JSON.stringify($("event").value.trim() || "message");
      // The data goes as it was written: digits beyond 2^53 and all.
      const body = `{"event":${event},"data":${$("data").value}}`;
      const { offset } = await ask(path`/v1/rooms/${this.#name}/messages`, { method: "POST", body });
      answer.textContent = offset === undefined ? "Published." : `Published as #${offset}.`;
    } catch (error) {
      answer.classList.add("wrong");
      answer.textContent = error instanceof SyntaxError ? `This is no JSON: ${error.message}` : error.message;
    }
  }
}
