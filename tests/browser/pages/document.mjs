// The shared document in one tab, as its tests use it.

import { Tab, openPage } from "../harness.mjs";

/** Opens a document, and waits until what the room holds has come. */
export async function openDocument(context, port, { name, title, ...more }) {
  const query = new URLSearchParams({ name, ...more });
  const tab = await openPage(context, port, `/demo/document?${query}#${encodeURIComponent(title)}`, Document);
  await tab.is("connected");
  await tab.here(name);
  await tab.saved();
  return tab;
}

class Document extends Tab {
  person(name) { return this.at("person").filter({ hasText: name }); }
  async here(name) { await this.person(name).waitFor(); }
  async gone(name) { await this.person(name).waitFor({ state: "detached" }); }

  /** Waits for a state of the document: opening, saving, saved, waiting, problem. */
  async stands(state) { await this.page.locator(`[data-testid=state][data-state=${state}]`).waitFor(); }
  async saved() { await this.stands("saved"); }

  /** Waits until the line of the document's state matches. */
  async says(pattern) { await this.at("state-text").filter({ hasText: pattern }).waitFor(); }

  text() { return this.at("text").inputValue(); }

  /** Waits until the text is exactly this. */
  async reads(text) { await this.page.waitForFunction((text) => document.getElementById("text").value === text, text); }

  /** Waits until the text has all of these in it. */
  async holds(...parts) {
    await this.page.waitForFunction((parts) => parts.every((part) => document.getElementById("text").value.includes(part)), parts);
  }

  /** Writes at the end of the text, key by key. */
  async write(text) {
    await this.at("text").focus();
    await this.page.keyboard.press("Control+End");
    await this.page.keyboard.type(text);
  }

  async key(...keys) { for (const key of keys) await this.page.keyboard.press(key); }

  /** Waits until somebody's caret stands before this character. */
  async seesCaret(name, offset) { await this.page.locator(`[data-testid=cursor][data-user="${name}"][data-offset="${offset}"]`).waitFor({ state: "attached" }); }

  /** How many carets of others are drawn. */
  carets() { return this.at("cursor").count(); }

  /** How far a caret is from where its character is, in pixels, in a text without line breaks. */
  caretOff(name) {
    return this.page.evaluate((name) => {
      const area = document.getElementById("text");
      const style = getComputedStyle(area);
      const caret = document.querySelector(`[data-testid=cursor][data-user="${name}"]`);
      const pen = document.createElement("canvas").getContext("2d");
      pen.font = style.font;
      const wide = pen.measureText(area.value.slice(0, Number(caret.dataset.offset))).width;
      const start = area.getBoundingClientRect().left + parseFloat(style.borderLeftWidth) + parseFloat(style.paddingLeft);
      return Math.abs(caret.getBoundingClientRect().left - start - wide);
    }, name);
  }

  /** Publishes messages in the document's room from a client beside the page: `[event, data]` each.
   * Gives the last offset. */
  publish(title, messages) {
    return this.page.evaluate(async ({ title, messages }) => {
      const { connect } = await import("/common/connect.js");
      const { client } = connect(() => "Robot");
      const room = client.join(`doc:${title}`);
      await room.ready;
      let last;
      for (const [event, data] of messages) last = await room.publish(event, data);
      client.close();
      return last.offset;
    }, { title, messages });
  }

  /** Writes as fast as the room takes it, so many updates. Gives what was written and the last offset. */
  burst(title, updates) {
    return this.page.evaluate(async ({ title, updates }) => {
      const { connect } = await import("/common/connect.js");
      const Y = await import("/vendor/yjs.js");
      const { client } = connect(() => "Robot");
      const room = client.join(`doc:${title}`);
      await room.ready;
      const doc = new Y.Doc();
      const text = doc.getText("text");
      const made = [];
      doc.on("update", (update) => made.push(btoa(String.fromCharCode(...update))));
      for (let i = 0; i < updates; i++) text.insert(text.length, `${i} `);
      const offsets = [];
      while (made.length > 0) {
        const some = await Promise.all(made.splice(0, 40).map((update) => room.publish("update", update)));
        offsets.push(...some.map(({ offset }) => offset));
      }
      client.close();
      return { written: text.toString(), offset: Math.max(...offsets) };
    }, { title, updates });
  }
}
