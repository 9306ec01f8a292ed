// The shared document: several people write one text. `yroom.js` brings a document of Yjs over a
// room, and `editor.js` puts its text into a textarea. Here is what holds them together.

import * as Y from "/vendor/yjs.js";
import "/common/bar.js";
import { connect } from "/common/connect.js";
import { $, decoded, element, oneLine, plural } from "/common/dom.js";
import { LONGEST_NAME, keyOf, nameOf, ownName, person, rename, usersOf } from "/common/people.js";
import { Cursors } from "/demo/document/cursors.js";
import { Editor, indexOf, shownOf } from "/demo/document/editor.js";
import { YRoom } from "/demo/document/yroom.js";

const STATE_EVERY = 100; // ms; how often the others are told where the caret is
const LONGEST_TITLE = 40;

let name = ownName();
const isReader = new URLSearchParams(location.search).has("read"); // with ?read, a token that may not write
const { client, network } = connect(() => name, isReader ? { "doc:*": ["join", "presence"] } : undefined);
$("bar").follow(client, network);

const documents = new Map(); // by title: the one that is shown, and those that still have changes to publish
let shown;

/** A document, its room, and what became of it while this page was away. */
class Shared {
  note = "";

  constructor(title) {
    this.title = title;
    this.text = new Y.Doc().getText("text");
    this.room = new YRoom(client, `doc:${title}`, this.text.doc);
    this.room.addEventListener("change", () => (this === shown ? showState() : this.leaveWhenSaved()));
    this.room.room.onPresence(() => { if (this === shown) showPeople(); });
    this.text.observe((_, { local }) => { if (local) this.note = ""; });
    this.#heedWhoWrote(this.room.room);
  }

  /** After a cut: who wrote meanwhile, by the messages that were missed. */
  #heedWhoWrote(room) {
    let writers;
    room.onRecover(({ recovered, reason }) => {
      writers = recovered ? new Map() : undefined;
      this.note = reason === "epoch" ? "The server had lost the text, and has it again" : "";
    });
    room.onMessage(({ event, user, replayed }) => {
      if (!writers || !replayed || event !== "update" || isMe(user)) return;
      this.note = `${namesOf([...writers.set(keyOf(user), user).values()])} wrote meanwhile`;
      if (this === shown) showState();
    });
  }

  /** Where the others are in the text: they say so in their state, in places that move with it. */
  cursors() {
    return (this.room.room.presence.members ?? []).flatMap(({ session, user, state }) => {
      if (session === client.session) return [];
      const [start, end] = [this.#indexOf(state?.start), this.#indexOf(state?.end)];
      if (start === undefined || end === undefined) return [];
      return [{ session, user, start, end: Math.max(start, end), head: state.back ? start : Math.max(start, end), place: JSON.stringify(state) }];
    });
  }

  #indexOf(place) {
    try {
      return place && indexOf(this.text, Y.createRelativePositionFromJSON(place));
    } catch {
      return undefined; // others may say what they like
    }
  }

  leaveWhenSaved() {
    if (this === shown || (!this.room.saved && !this.room.problem)) return;
    documents.delete(this.title);
    void this.room.leave();
  }
}

// --- The document that is shown --------------------------------------------------------------

const area = $("text");
const cursors = new Cursors($("mirror"));
let editor;
let saying; // where the caret is
let said;

function show(title) {
  const before = shown;
  editor?.close();
  shown = documents.get(title) ?? new Shared(title);
  documents.set(title, shown);
  editor = new Editor(area, shown.text, shown.room);
  editor.addEventListener("change", draw);
  editor.addEventListener("select", sayWhere);
  said = undefined;
  if (before !== shown) before?.leaveWhenSaved();
  showTitle(title);
  showPeople();
  showState();
}

function draw() {
  cursors.draw(shownOf(shown.text), shown.cursors());
}

/** Tells the others where the caret is, or what is selected: not with every move. */
function sayWhere() {
  if (document.activeElement !== area) return;
  saying ??= setTimeout(() => {
    saying = undefined;
    const { start, end, direction, isCaret } = editor.selection;
    const state = { start, end, back: !isCaret && direction === "backward" };
    if (JSON.stringify(state) === said || shown.room.room.status.state === "left") return;
    said = JSON.stringify(state);
    shown.room.room.setState(state).catch(() => { said = undefined; }); // it goes with the next move
  }, STATE_EVERY);
}

function showTitle(title) {
  $("document").value = title;
  $("title").textContent = title;
  document.title = `${title} · Document · Roomcast`;
  $("second").href = `/demo/document#${encodeURIComponent(title)}`;
  edited();
}

// --- The state of it -------------------------------------------------------------------------

const PROBLEMS = {
  forbidden: "You may read here, but not write: what you wrote is not saved",
  too_large: "Too large to be saved: make the text shorter",
  no_snapshot: "The text is so large that who comes later may not get all of it",
};
const PATIENCE = 500; // ms; what is saved sooner is not announced
let saving;

function stateOf({ room, note, text }) {
  const { waiting, saved, problem, ready, incomplete, room: { status } } = room;
  const { maxLength } = area;
  if (problem) return ["problem", PROBLEMS[problem] ?? `Refused: ${status.error?.message ?? problem}`];
  if (!ready) return ["opening", waiting ? `${changes(waiting)} for the network` : "Opening"];
  if (status.state !== "joined") return ["waiting", waiting ? `${changes(waiting)} for the network` : "Cut off: you can go on writing"];
  if (incomplete) return ["problem", "A part of this text has not come: perhaps nobody has it any more"];
  if (!saved) return ["saving", "Saving"];
  const long = text.length > maxLength * .9 && `${text.length.toLocaleString("en")} of ${maxLength.toLocaleString("en")} characters`;
  return ["saved", [isReader ? "You may read here, but not write" : "All changes saved", note || long].filter(Boolean).join(" · ")];
}

const PLACEHOLDER = isReader ? "Nobody has written anything here yet." : "Write something. Whoever opens this document sees it at once, and can go on from there.";
const changes = (n) => plural(n, "change waits", "changes wait");

function showState() {
  const [state, words] = stateOf(shown);
  $("state").dataset.state = state;
  const say = () => { $("state-text").textContent = words; };
  if (state === "saving") {
    saving ??= setTimeout(say, PATIENCE);
  } else {
    clearTimeout(saving);
    saving = undefined;
    say();
  }
  const spoken = state === "problem" ? words : shown.note;
  if ($("spoken").textContent !== spoken) $("spoken").textContent = spoken;
  editor.remembers = shown.room.problem !== "too_large";
  area.placeholder = shown.room.ready ? PLACEHOLDER : "";
}

// --- Who is here -----------------------------------------------------------------------------

const isMe = (user) => user?.id !== undefined && user.id === client.user?.id;

function namesOf(users) {
  const names = users.map(nameOf);
  return names.length > 2 ? `${names.length} people` : names.join(" and ");
}

function showPeople() {
  const { members = [], count = 0 } = shown.room.room.presence;
  const users = usersOf(members, isMe);
  const items = users.map(person);
  if (count > members.length) items.push(element("li", { class: "person soft" }, plural(count - members.length, "connection")));
  // Carets move often, people do not.
  const isSame = items.length === $("people").children.length && items.every((item, index) => item.isEqualNode($("people").children[index]));
  if (!isSame) $("people").replaceChildren(...items);
  $("count").textContent = users.length || count || "";
  draw();
}

// --- Name and title --------------------------------------------------------------------------

const tidyTitle = (text) => oneLine(text, LONGEST_TITLE).replaceAll("*", "").trim();

function titleOfAddress() {
  return tidyTitle(decoded(location.hash.slice(1))) || "notes";
}

function edited() {
  $("name-form").querySelector("button").disabled = ["", name].includes(oneLine($("name").value, LONGEST_NAME));
  $("document-form").querySelector("button").disabled = ["", shown.title].includes(tidyTitle($("document").value));
}

$("name-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const before = name;
  name = rename($("name").value) ?? name;
  $("name").value = name;
  if (name !== before) void client.refresh();
  edited();
  area.focus();
});
$("document-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const title = tidyTitle($("document").value);
  if (title) location.hash = encodeURIComponent(title);
  area.focus();
});
for (const form of ["name-form", "document-form"]) $(form).addEventListener("input", edited);
addEventListener("hashchange", () => show(titleOfAddress()));
area.addEventListener("focus", sayWhere);
// What nobody else has yet goes with this page.
addEventListener("beforeunload", (event) => {
  if ([...documents.values()].some(({ room }) => room.waiting)) event.preventDefault();
});

$("name").value = name;
area.readOnly = isReader;
show(titleOfAddress());
if (matchMedia("(hover: hover)").matches) area.focus();
