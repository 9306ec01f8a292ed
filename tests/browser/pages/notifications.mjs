// The notifications in one tab, as their tests use them.

import { Tab, openPage } from "../harness.mjs";

/** Opens the page as a user, and waits until it hears the user's room. */
export async function openNotifications(context, port, name) {
  const tab = await openPage(context, port, `/demo/notifications?${new URLSearchParams({ name })}`, Notifications);
  await tab.is("connected");
  await tab.page.locator("[data-testid=inbox]:not([aria-busy])").waitFor();
  return tab;
}

class Notifications extends Tab {
  /** Has the backend tell somebody, and waits until it has. */
  async tell(who, ...texts) {
    for (const text of texts) {
      await this.at("to").fill(who);
      await this.at("text").fill(text);
      const told = this.page.waitForResponse((response) => response.url().endsWith("/dev/notify") && response.ok());
      await this.press("tell");
      await told;
    }
  }

  /** Waits for a notification with this text. */
  async sees(text) {
    await this.at("notification").filter({ has: this.page.getByText(text, { exact: true }) }).waitFor();
  }

  /** Every notification shown, newest first: `{ text, mark, unread }`. */
  list() {
    return this.at("notification").evaluateAll((items) => items.map((item) => ({
      text: item.querySelector("[data-testid=notification-text]").textContent,
      mark: item.querySelector("[data-testid=mark]")?.textContent ?? "",
      unread: item.querySelector("[data-testid=state]").textContent === "unread",
    })));
  }

  async texts() { return (await this.list()).map(({ text }) => text); }

  /** Waits until something says this. */
  async says(testId, pattern) { await this.at(testId).filter({ hasText: pattern }).waitFor(); }
}
