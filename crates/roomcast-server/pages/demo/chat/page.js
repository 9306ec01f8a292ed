// What the person does with the page: writing, scrolling, choosing a name and a room.

import { $, decoded, oneLine, plural } from "/common/dom.js";
import { LONGEST_NAME } from "/common/people.js";

const LONGEST_ROOM = 60;
const roomName = (text) => oneLine(text, LONGEST_ROOM).replaceAll("*", "");

// --- Writing ---------------------------------------------------------------------------------

const text = $("text");

/** Tells what is to be sent. */
export function onSend(send) {
  const submit = () => {
    const written = text.value.replace(/\s+$/, "");
    if (written.trim() === "" || text.disabled) return;
    text.value = "";
    fit();
    send(written);
  };
  text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
    text.focus();
  });
}

/** Tells what is written so far, with every change. */
export function onTyping(tell) {
  text.addEventListener("input", () => { fit(); tell(text.value.trim()); });
}

/** As high as what is written, up to the limit of the style sheet. */
function fit() {
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}

/** Whether something can be written now. */
export function setWritable(writable) {
  if (!writable && document.activeElement === text) $("room").focus(); // another room is the way on
  text.disabled = $("send").disabled = !writable;
  text.placeholder = writable ? "Write a message" : "Nothing can be written here";
  showHint(0);
}

/** How many messages wait for the network, or how to write one. */
export function showHint(waiting) {
  const how = text.disabled ? "Choose another room to write in" : "Enter sends, Shift + Enter begins a new line";
  $("composer-hint").textContent = waiting > 0 ? `${plural(waiting, "message waits", "messages wait")} for the network` : how;
}

// --- Scrolling -------------------------------------------------------------------------------

/** Keeps the end of the log in sight, unless the person has scrolled up to read. */
export function keepAtEnd() {
  const [log, newer] = [$("log"), $("newer")];
  let atEnd = true;
  let planned = false;
  const toEnd = () => {
    log.scrollTop = log.scrollHeight;
    atEnd = true;
    newer.hidden = true;
  };
  log.addEventListener("scroll", () => {
    atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    if (atEnd) newer.hidden = true;
  }, { passive: true });
  new ResizeObserver(() => { if (atEnd) toEnd(); }).observe(log);
  newer.addEventListener("click", () => { toEnd(); text.focus(); });
  const grown = (isNew) => {
    if (!atEnd && isNew) newer.hidden = false;
    if (!atEnd || planned) return;
    planned = true; // once for many messages
    queueMicrotask(() => { planned = false; toEnd(); });
  };
  return { toEnd, grown };
}

// --- Name and room ---------------------------------------------------------------------------

/** Tells another name that the person has chosen. */
export function onName(current, tell) {
  const [form, field] = [$("name-form"), $("name")];
  const edited = () => { form.querySelector("button").disabled = [current, ""].includes(oneLine(field.value, LONGEST_NAME)); };
  field.value = current;
  form.addEventListener("input", edited);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = oneLine(field.value, LONGEST_NAME);
    if (wanted === "" || wanted === current) return;
    field.value = current = wanted;
    edited();
    tell(wanted);
    text.focus();
  });
}

/** Tells that the page's address names another room. */
export function onRoom(tell) {
  const [form, field] = [$("room-form"), $("room")];
  const edited = () => { form.querySelector("button").disabled = [roomOfAddress(), ""].includes(roomName(field.value)); };
  form.addEventListener("input", edited);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const wanted = roomName(field.value);
    if (wanted === "") return;
    location.hash = encodeURIComponent(wanted);
  });
  addEventListener("hashchange", () => {
    tell();
    edited();
    text.focus();
  });
}

/** The room that the page's address names. */
export function roomOfAddress() {
  const hash = decoded(location.hash.slice(1));
  return roomName((hash || new URLSearchParams(location.search).get("room")) ?? "") || "lobby";
}

/** The address of this room for somebody else: a new tab gets a name of its own. */
export function secondAddress() {
  const query = new URLSearchParams(location.search);
  query.delete("name");
  return `/demo/chat?${query}#${encodeURIComponent(roomOfAddress())}`;
}

if (matchMedia("(hover: hover)").matches) text.focus();
