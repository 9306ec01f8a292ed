// Who somebody is. In the demos a name is the user: two tabs of one name are one person.

import { element, oneLine, plural } from "/common/dom.js";

export const LONGEST_NAME = 40;
const COLOURS = 8;
const ADJECTIVES = ["Amber", "Brisk", "Calm", "Daring", "Early", "Frank", "Gentle", "Honest", "Keen", "Lively", "Merry", "Quiet"];
const ANIMALS = ["Badger", "Crane", "Dolphin", "Falcon", "Heron", "Ibex", "Lynx", "Marten", "Otter", "Puffin", "Robin", "Stoat"];
const pick = (list) => list[Math.floor(Math.random() * list.length)];

/** The name of who uses this tab: from `?name=`, as it was in this tab before, or a new one. */
export function ownName() {
  const asked = new URLSearchParams(location.search).get("name");
  const name = oneLine(asked ?? sessionStorage.getItem("name") ?? "", LONGEST_NAME) || `${pick(ADJECTIVES)} ${pick(ANIMALS)}`;
  sessionStorage.setItem("name", name);
  return name;
}

/** Keeps another name for this tab; undefined if it is none. */
export function rename(text) {
  const name = oneLine(text, LONGEST_NAME);
  if (!name) return undefined;
  sessionStorage.setItem("name", name);
  const query = new URLSearchParams(location.search);
  if (query.has("name")) {
    query.set("name", name); // a reload keeps the new name
    history.replaceState(null, "", `?${query}${location.hash}`);
  }
  return name;
}

/** The user's id of a name. */
export const userOf = (name) => name.toLowerCase();

/** What tells one user from another. */
export const keyOf = (user) => user?.id ?? (user?.name ? `name:${user.name}` : "");

/** What people call the user. */
export const nameOf = (user) => user?.name || user?.id || "anonymous";

/** The number of the user's colour, as in the classes `colour-0` to `colour-7`. */
export function colourOf(user) {
  let sum = 0;
  for (const character of keyOf(user)) sum = (sum * 31 + character.codePointAt(0)) % 65_521;
  return sum % COLOURS;
}

/** The user's first letter in the user's colour. */
export function avatar(user) {
  return element("span", { class: `avatar colour-${colourOf(user)}`, "aria-hidden": "true" }, [...nameOf(user)][0].toUpperCase());
}

/** Who is in a room, each user once: first who is me, then by name. */
export function usersOf(members, isMe) {
  const users = new Map();
  for (const { user, session } of members) {
    const key = keyOf(user) || `session:${session}`;
    users.set(key, { user, mine: isMe(user), tabs: (users.get(key)?.tabs ?? 0) + 1 });
  }
  return [...users.values()].sort((a, b) => Number(b.mine) - Number(a.mine) || nameOf(a.user).localeCompare(nameOf(b.user)));
}

/** A line of the list of who is here, for one of `usersOf()`. */
export function person({ user, mine, tabs }) {
  const tag = (text) => element("span", { class: "tag" }, text);
  return element("li", { class: "person", "data-testid": "person" }, avatar(user), element("span", { class: "person-name" }, nameOf(user)),
    ...(mine ? [tag("you")] : []), ...(tabs > 1 ? [tag(plural(tabs, "tab"))] : []));
}
