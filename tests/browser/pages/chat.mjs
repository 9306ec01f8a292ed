// The chat page in one tab, as its tests use it.

import { Tab, openPage } from "../harness.mjs";

/** Opens the chat, and waits until it is connected and in its room. */
export async function openChat(context, port, { name, room, ...more }) {
  const tab = await goToChat(context, port, { name, room, ...more });
  await tab.is("connected");
  await tab.here(name);
  return tab;
}

/** Opens the chat. */
export function goToChat(context, port, { name, room, ...more }) {
  const query = new URLSearchParams({ name, ...more });
  return openPage(context, port, `/demo/chat?${query}#${encodeURIComponent(room)}`, Chat);
}

class Chat extends Tab {
  person(name) { return this.at("person").filter({ hasText: name }); }

  /** Waits until the list shows that somebody is here. */
  async here(name) { await this.person(name).waitFor(); }

  /** Waits until the list no longer shows somebody. */
  async gone(name) { await this.person(name).waitFor({ state: "detached" }); }

  /** Waits until the line below the messages says who types: nobody, with "". */
  async types(text) {
    await this.page.waitForFunction((text) => document.querySelector("[data-testid=typing-text]").textContent === text, text);
  }

  async write(...texts) {
    for (const text of texts) {
      await this.at("text").fill(text);
      await this.at("text").press("Enter");
    }
  }

  /** Every message shown, oldest first: `{author, text, mark, mine, waiting}`. */
  messages() {
    return this.at("message").evaluateAll((items) => items.map((item) => ({
      author: item.querySelector("[data-testid=author]").textContent,
      text: item.querySelector("[data-testid=message-text]").textContent,
      mark: item.querySelector("[data-testid=mark]").textContent,
      mine: item.classList.contains("mine"),
      waiting: item.classList.contains("waiting"),
    })));
  }

  async texts() { return (await this.messages()).map(({ text }) => text); }

  /** Waits for a text among the messages, accepted by the server. */
  async sees(text) {
    const item = this.page.locator("[data-testid=message]:not(.waiting, .failed)");
    await item.filter({ has: this.page.getByText(text, { exact: true }) }).waitFor();
  }

  /** Waits for a notice that matches, and gives its text. */
  async notice(pattern) {
    const notice = this.at("notice").filter({ hasText: pattern }).last();
    await notice.waitFor();
    return notice.textContent();
  }
}
