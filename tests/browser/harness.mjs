// What the browser tests run on: the real server, a real Chromium, and a network between them
// that can be cut. Whatever is started here is stopped here, also when a test fails.

import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import net from "node:net";
import { resolve } from "node:path";
import { chromium } from "playwright-core";

const PICTURES = resolve(import.meta.dirname, "../../target/browser");
const START_WITHIN = 20_000;
const STOP_WITHIN = 15_000;

const running = new Set(); // of child processes
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

/** Rejects with `why()` when the promise takes longer. */
async function within(ms, promise, why) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(why())), ms); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** `roomcast dev` on a port; 0 takes a free one. */
export class Server {
  port = 0;
  #child = null;
  #said = "";

  static async start(port = 0) {
    const server = new Server();
    server.port = port;
    await server.start();
    return server;
  }

  async start() {
    const binary = process.env.ROOMCAST_BIN;
    if (!binary) throw new Error("ROOMCAST_BIN is not set: give the path of the program `roomcast`");
    this.#said = "";
    const child = spawn(binary, ["dev", "--listen", `127.0.0.1:${this.port}`], { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    const listening = new Promise((done, fail) => {
      const hear = (chunk) => {
        this.#said = (this.#said + chunk).slice(-20_000);
        const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(this.#said);
        if (found) done(Number(found[1]));
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("error", fail);
      child.once("exit", (code, signal) => fail(new Error(`roomcast ended (${code ?? signal}) and said:\n${this.#said}`)));
    });
    this.port = await within(START_WITHIN, listening, () => `roomcast printed no URL; it said:\n${this.#said}`);
  }

  /** Ends the server and says how it ended: `{code, signal}`. */
  async stop(signal = "SIGTERM") {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const ended = new Promise((done) => child.once("exit", (code, by) => done({ code, signal: by })));
    child.kill(signal);
    try {
      return await within(STOP_WITHIN, ended, () => `roomcast did not end after ${signal}; it said:\n${this.#said}`);
    } catch (error) {
      child.kill("SIGKILL");
      await ended;
      throw error;
    }
  }
}

/** A network that can be cut: a TCP relay before the server. */
export class Network {
  #ways = new Set();
  #cut = false;

  static async before(server) {
    const network = new Network();
    network.listener = net.createServer((near) => network.#carry(near, server.port));
    await new Promise((done) => network.listener.listen(0, "127.0.0.1", done));
    network.port = network.listener.address().port;
    return network;
  }

  #carry(near, port) {
    if (this.#cut) return near.resetAndDestroy();
    const far = net.connect(port, "127.0.0.1");
    const way = [near, far];
    this.#ways.add(way);
    for (const [from, to] of [way, [far, near]]) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      from.on("close", () => { to.destroy(); this.#ways.delete(way); });
    }
  }

  /** Every connection breaks without a farewell, and new ones too, until `restore`. */
  cut() {
    this.#cut = true;
    for (const way of this.#ways) for (const end of way) end.resetAndDestroy();
  }

  restore() { this.#cut = false; }

  async close() {
    this.cut();
    await new Promise((done) => this.listener.close(done));
  }
}

/** Chromium with a user-data directory of its own, which goes with it. */
export function startBrowser() {
  const root = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
    headless: true,
    chromiumSandbox: !root,
    args: [
      ...(root ? ["--no-sandbox"] : []),
      "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync",
    ],
  });
}

/** One tab with the chat page; `complaints` is everything the console held against it. */
export async function openChat(context, port, { name, room }) {
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)));
  const query = new URLSearchParams({ name });
  await page.goto(`http://127.0.0.1:${port}/demo/chat?${query}#${encodeURIComponent(room)}`);
  const tab = new Tab(page, complaints);
  await tab.is("connected");
  await tab.here(name);
  return tab;
}

/** What a person does with the page, and waits to see. */
class Tab {
  constructor(page, complaints) {
    this.page = page;
    this.complaints = complaints;
  }

  /** Waits until the connection is in this state. */
  async is(state) { await this.page.locator(`[data-testid=connection][data-state=${state}]`).waitFor(); }

  /** Waits until the list shows that somebody is here. */
  async here(name) { await this.page.getByTestId("person").filter({ hasText: name }).waitFor(); }

  async press(testId) { await this.page.getByTestId(testId).click(); }

  async write(...texts) {
    for (const text of texts) {
      await this.page.getByTestId("text").fill(text);
      await this.page.getByTestId("text").press("Enter");
    }
  }

  /** Every message shown, oldest first: `{author, text, mark, mine, waiting}`. */
  messages() {
    return this.page.getByTestId("message").evaluateAll((items) => items.map((item) => ({
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
    const notice = this.page.getByTestId("notice").filter({ hasText: pattern }).last();
    await notice.waitFor();
    return notice.textContent();
  }

  async picture(name) {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: `${PICTURES}/${name}.png` });
  }
}
