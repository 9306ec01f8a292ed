// How the console writes what it knows.

import { element } from "/common/dom.js";
import { avatar, nameOf } from "/common/people.js";

/** `42 s`, `7 min`, `3 h`, `5 d`. */
export function lasted(ms) {
  const seconds = Math.floor(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** Who it is. An id is from a token; a name alone is what a client called itself. */
export function person(user) {
  if (!user) return element("span", { class: "soft" }, "anonymous");
  const id = user.id && user.id !== user.name && element("span", { class: "soft" }, user.id);
  return element("span", { class: "person" }, avatar(user), nameOf(user), id || "");
}

/** A link to a room of this server. */
export function roomLink(room) {
  return element("a", { href: `#room=${encodeURIComponent(room)}` }, room);
}

/** A row of a table. */
export function row(testId, ...cells) {
  return element("tr", { "data-testid": testId }, ...cells.map(([content, kind]) => element("td", { class: kind }, content)));
}

/** The row of a table that has nothing to show. */
export function nothing(columns, text) {
  return element("tr", {}, element("td", { class: "soft", colspan: columns }, text));
}
