// Every room with members, a page at a time.

import { $ } from "/common/dom.js";
import { ask, query } from "/console/api.js";
import { nothing, roomLink, row } from "/console/words.js";

const PAGE = 100;

export class Rooms {
  #after = "";
  #next;

  constructor() {
    $("rooms-find").addEventListener("submit", (event) => event.preventDefault());
    $("prefix").addEventListener("input", () => this.#turn(""));
    $("rooms-more").addEventListener("click", () => this.#turn(this.#next ?? ""));
  }

  #turn(after) {
    this.#after = after;
    this.look().catch(() => {}); // the next look tells of it
  }

  async look() {
    const asked = { prefix: $("prefix").value, after: this.#after, limit: PAGE };
    const { rooms, next } = await ask(`/v1/rooms${query(asked)}`);
    if (asked.prefix !== $("prefix").value || asked.after !== this.#after) return; // another question since
    this.#next = next;
    const rows = rooms.map(({ room, members }) => row("room", [roomLink(room)], [members.toLocaleString(), "right figure"]));
    $("rooms-rows").replaceChildren(...(rows.length > 0 ? rows : [nothing(2, asked.prefix ? "No room with members begins so." : "No room has members.")]));
    $("rooms-more").hidden = !next && !this.#after;
    $("rooms-more").textContent = next ? "Next rooms" : "Back to the first";
  }
}
