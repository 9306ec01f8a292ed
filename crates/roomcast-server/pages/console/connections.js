// Every connection, a page at a time, and the way to end those of a user.

import { $, element } from "/common/dom.js";
import { inWords } from "/common/units.js";
import { ask, path, query } from "/console/api.js";
import { lasted, nothing, person, roomLink, row } from "/console/words.js";

const PAGE = 100;
const SURE_WITHIN = 4_000; // ms

export class Connections {
  #after = "";
  #next;
  /** The user whose button was pressed once, and when that is forgotten. */
  #sure = { user: undefined, until: 0 };

  constructor() {
    $("connections-find").addEventListener("submit", (event) => event.preventDefault());
    $("user").addEventListener("input", () => this.#turn(""));
    $("connections-more").addEventListener("click", () => this.#turn(this.#next ?? ""));
  }

  #turn(after) {
    this.#after = after;
    this.look().catch(() => {}); // the next look tells of it
  }

  async look() {
    const asked = { user: $("user").value.trim(), after: this.#after, limit: PAGE };
    const { sessions, next } = await ask(`/v1/sessions${query(asked)}`);
    if (asked.user !== $("user").value.trim() || asked.after !== this.#after) return; // another question since
    this.#next = next;
    const focused = document.activeElement?.getAttribute("data-session");
    const rows = sessions.map((session) => this.#row(session));
    $("connections-rows").replaceChildren(...(rows.length > 0 ? rows : [nothing(7, asked.user ? "This user has no connection." : "Nobody is connected.")]));
    const again = rows.map((made) => made.querySelector("button")).find((button) => focused && button?.dataset.session === focused);
    again?.focus();
    $("connections-more").hidden = !next && !this.#after;
    $("connections-more").textContent = next ? "Next connections" : "Back to the first";
  }

  #row({ session, user, dialect, connected_ms: age, rooms, rooms_count: count, outbox_bytes: waiting, observer }) {
    const links = rooms.flatMap((room, index) => [index > 0 ? ", " : "", roomLink(room)]);
    if (count > rooms.length) links.push(` and ${count - rooms.length} more`);
    return row("connection", [element("code", {}, session)], [observer ? "an operator who looks in" : person(user)], [dialect], [lasted(age), "right figure"],
      [element("span", { class: "rooms" }, ...links)], [inWords(waiting, "B"), "right figure"], [user?.id ? this.#button(session, user) : ""]);
  }

  #button(session, user) {
    const isSure = this.#sure.user === user.id && Date.now() < this.#sure.until;
    const label = isSure ? "Really disconnect?" : "Disconnect";
    const button = element("button", { type: "button", class: isSure && "danger", "data-session": session, "data-testid": "disconnect",
      "aria-label": `${label}: all connections of ${user.id}` }, label);
    button.addEventListener("click", () => this.#disconnect(user, isSure));
    return button;
  }

  async #disconnect({ id }, isSure) {
    this.#sure = { user: id, until: isSure ? 0 : Date.now() + SURE_WITHIN };
    if (isSure) await ask(path`/v1/users/${id}/disconnect`, { method: "POST" }).catch((error) => { $("trouble").textContent = error.message; });
    await this.look();
  }
}
