// What happened, in words for people.

import { plural } from "/common/dom.js";

const WHY_INCOMPLETE = {
  epoch: "the room began anew meanwhile",
  expired: "the room does not keep messages that long",
  limit: "more was said than is sent at once",
};

const WHY_NOT_SENT = {
  timeout: "the network was away for too long",
  queue_full: "too many messages wait already",
  too_large: "it is too long",
  forbidden: "you may not write here",
  left: "the room was left",
};

/** What became of a room after the connection was lost: `[kind, text]`. */
export function recovered({ recovered, missed, reason }) {
  if (!recovered) return ["incomplete", `You are back, but the history is not complete: ${WHY_INCOMPLETE[reason] ?? reason ?? "something was lost"}.`];
  if (missed > 0) return ["recovered", `You are back. ${plural(missed, "missed message")} recovered.`];
  return ["", "You are back. You missed nothing."];
}

/** Why a message was not sent. */
export function notSent({ code, message }) {
  return `not sent: ${WHY_NOT_SENT[code] ?? message}`;
}

/** Who is typing, in at most so many names. */
export function typing(names) {
  if (names.length === 0) return "";
  if (names.length === 1) return `${names[0]} is typing`;
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing`;
  return `${names[0]}, ${names[1]} and ${plural(names.length - 2, "other")} are typing`;
}

/** Why a room cannot be entered, or no longer: `[title, text]`. */
export function closed(room, { code, message }, patterns) {
  if (code !== "forbidden") return [`You are no longer in “${room}”`, `The server says: ${message}.`];
  const rooms = new Intl.ListFormat("en", { type: "conjunction" }).format(patterns.map((pattern) => `“${pattern}”`));
  const opens = patterns.length > 0 ? ` It opens ${rooms}${rooms.includes("*") ? ", where * stands for anything" : ""}.` : "";
  return [`You may not enter “${room}”`, `The token of this page does not open this room.${opens}`];
}
