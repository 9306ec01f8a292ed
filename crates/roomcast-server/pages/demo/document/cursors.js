// The others' carets and selections, drawn over a textarea: a copy of its text lies over it, unseen
// but for their marks. The copy also gives the textarea its height, so that nothing scrolls apart.

import { element } from "/common/dom.js";
import { colourOf, nameOf } from "/common/people.js";

const FLAG_FOR = 3_000; // ms after a move: then the name gives way to the text beneath
const WIDEST_FLAG = 140; // px, with a little room

export class Cursors {
  #mirror;
  #moved = new Map(); // session → { at: where it was last, until: when its flag goes }
  #timer;

  constructor(mirror) {
    this.#mirror = mirror;
  }

  /** Draws the text and, over it, `cursors`: each `{ session, user, start, end, head }`. */
  draw(text, cursors) {
    this.#heed(cursors);
    const marks = cursors.flatMap(({ start, end, head }) => [start, end, head]);
    const borders = [...new Set([0, ...marks, text.length])].filter((at) => at <= text.length).sort((a, b) => a - b);
    const pieces = borders.flatMap((from, index) => [
      ...cursors.filter(({ head }) => head === from).map((cursor) => this.#caret(cursor)),
      ...piece(text.slice(from, borders[index + 1] ?? from), cursors.filter(({ start, end }) => start <= from && from < end)),
    ]);
    this.#mirror.replaceChildren(...pieces, "\u200b"); // an empty last line has its height too
    this.#turnFlags();
    clearTimeout(this.#timer);
    const next = Math.min(...[...this.#moved.values()].map(({ until }) => until).filter((until) => until > Date.now()));
    if (next < Infinity) this.#timer = setTimeout(() => this.draw(text, cursors), next - Date.now() + 10);
  }

  /** At the right edge a flag hangs to the left. */
  #turnFlags() {
    for (const caret of /** @type {NodeListOf<HTMLElement>} */ (this.#mirror.querySelectorAll(".shows"))) {
      caret.classList.toggle("turned", caret.offsetLeft > this.#mirror.clientWidth - WIDEST_FLAG);
    }
  }

  #heed(cursors) {
    const known = this.#moved;
    this.#moved = new Map(cursors.map(({ session, place }) => {
      const before = known.get(session);
      return [session, before?.place === place ? before : { place, until: Date.now() + FLAG_FOR }];
    }));
  }

  #caret({ session, user, head }) {
    const flag = element("span", { class: "flag" }, nameOf(user));
    const shows = this.#moved.get(session).until > Date.now();
    return element("span", {
      class: `caret colour-${colourOf(user)}${shows ? " shows" : ""}`,
      "data-testid": "cursor", "data-user": nameOf(user), "data-offset": head,
    }, flag);
  }
}

/** A piece of the text, in the colour of the last of those who selected it. */
function piece(text, selecting) {
  if (!text) return [];
  const last = selecting.at(-1);
  if (!last) return [text];
  return [element("span", { class: `selected colour-${colourOf(last.user)}`, "data-testid": "selected", "data-user": nameOf(last.user) }, text)];
}
