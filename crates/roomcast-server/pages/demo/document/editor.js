// A text of Yjs in a textarea: what is written goes into the text as the smallest change, what
// others write comes out of it, and what is selected stays selected.

import * as Y from "/vendor/yjs.js";

/**
 * The smallest change from one text to another: `[start, removed, inserted]`, or nothing.
 * Where equal letters leave a choice, it ends at the caret: one more `a` in `aaa` is where it was
 * written. Half a pair of surrogates is no letter, and is never changed alone.
 */
export function difference(before, after, caret = after.length) {
  if (before === after) return undefined;
  const shortest = Math.min(before.length, after.length);
  let end = 0;
  let start = 0;
  const grow = (limit) => { while (end < limit && before.at(-1 - end) === after.at(-1 - end)) end++; };
  grow(Math.min(shortest, after.length - caret));
  while (start < shortest - end && before[start] === after[start]) start++;
  grow(shortest - start);
  if (isHigh(before, start - 1) || isHigh(after, start - 1)) start--;
  if (isLow(before, before.length - end) || isLow(after, after.length - end)) end--;
  return [start, before.length - end - start, after.slice(start, after.length - end)];
}

const isHigh = (text, at) => (text.charCodeAt(at) & 0xfc00) === 0xd800;
const isLow = (text, at) => (text.charCodeAt(at) & 0xfc00) === 0xdc00;

/** The text as a textarea shows it, letter for letter: a carriage return would vanish there. */
export const shownOf = (text) => text.toString().replaceAll("\r", " ");

/** A place that stays where it is while others write. At a caret what they write comes behind it. */
const place = (text, index, side = -1) => Y.createRelativePositionFromTypeIndex(text, index, side);

/** The index of a place in the text; undefined if it is in what has not come yet. */
export function indexOf(text, place) {
  const found = Y.createAbsolutePositionFromRelativePosition(place, text.doc);
  return found?.type === text ? found.index : undefined;
}

/** Tells `change` when the text has changed, and `select` when the selection may have. */
export class Editor extends EventTarget {
  #area;
  #room;
  #text;
  #undo;
  #selection; // before the change that comes next
  #isComposing = false;
  #stop = new AbortController();

  /** Shows a text; `room` is the `YRoom` that brings it. */
  constructor(area, text, room) {
    super();
    [this.#area, this.#text, this.#room] = [area, text, room];
    // One's own changes only: what others write is theirs to take back.
    this.#undo = new Y.UndoManager(text, { trackedOrigins: new Set([this]), captureTimeout: 400 });
    this.#undo.on("stack-item-added", ({ stackItem }) => stackItem.meta.set(this, this.#selection));
    this.#undo.on("stack-item-popped", ({ stackItem }) => this.#select(stackItem.meta.get(this)));
    text.doc.on("beforeTransaction", this.#before);
    text.observe(this.#changed);
    this.#listen();
    area.value = shownOf(text);
  }

  /** Where the caret is or what is selected, as places. */
  get selection() {
    const { selectionStart: start, selectionEnd: end, selectionDirection: direction } = this.#area;
    const isCaret = start === end;
    return { start: place(this.#text, start, isCaret ? -1 : 0), end: place(this.#text, end), isCaret, direction };
  }

  undo() { this.#undo.undo(); }
  redo() { this.#undo.redo(); }

  /** Whether what is deleted can be brought back; until then the document keeps it, and its size. */
  set remembers(remembers) {
    const origins = this.#undo.trackedOrigins;
    if (remembers) origins.add(this);
    else if (origins.delete(this)) this.#undo.clear();
  }

  close() {
    this.#finishWord();
    this.#stop.abort();
    this.#undo.destroy();
    this.#text.doc.off("beforeTransaction", this.#before);
    this.#text.unobserve(this.#changed);
  }

  #listen() {
    const { signal } = this.#stop;
    const on = (target, type, run) => target.addEventListener(type, run, { signal });
    on(this.#area, "beforeinput", (event) => this.#beforeInput(event));
    on(this.#area, "input", () => this.#written());
    on(this.#area, "keydown", (event) => this.#key(event));
    on(this.#area, "compositionstart", () => { this.#isComposing = true; this.#room.hold(); });
    // Some browsers change the text once more after the end of a composition.
    on(this.#area, "compositionend", () => setTimeout(() => this.#finishWord()));
    on(this.#area, "blur", () => this.#finishWord());
    on(document, "selectionchange", () => this.dispatchEvent(new Event("select")));
  }

  #finishWord() {
    if (!this.#isComposing) return;
    this.#isComposing = false;
    this.#written();
    this.#room.release();
  }

  /** The browser's own undo knows nothing of the others; its menu and gestures lead to ours. */
  #beforeInput(event) {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") {
      this.#selection = this.selection;
      return;
    }
    event.preventDefault();
    if (event.inputType === "historyUndo") this.undo();
    else this.redo();
  }

  #key(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing || this.#area.readOnly) return;
    const key = event.key.toLowerCase();
    if (key !== "z" && key !== "y") return;
    event.preventDefault();
    if (key === "z" && !event.shiftKey) this.undo();
    else this.redo();
  }

  /** Into the text. */
  #written() {
    const change = difference(shownOf(this.#text), this.#area.value, this.#area.selectionEnd);
    if (!change) return;
    const [start, removed, inserted] = change;
    this.#text.doc.transact(() => {
      this.#text.delete(start, removed);
      this.#text.insert(start, inserted);
    }, this);
  }

  #before = ({ origin }) => {
    if (origin !== this) this.#selection = this.selection;
  };

  /** Out of the text. */
  #changed = (_, { origin }) => {
    if (origin !== this) {
      const selection = this.#selection;
      this.#area.value = shownOf(this.#text);
      this.#select(selection);
    }
    this.dispatchEvent(new Event("change"));
  };

  #select(selection) {
    if (!selection) return;
    const [start, end] = [indexOf(this.#text, selection.start), indexOf(this.#text, selection.end)];
    if (start === undefined || end === undefined) return;
    this.#area.setSelectionRange(start, Math.max(start, end), selection.direction);
    this.dispatchEvent(new Event("select"));
  }
}
