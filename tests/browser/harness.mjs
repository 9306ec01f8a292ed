// What the browser tests run on: the real server, a real Chromium, and a network between them
// that can be cut. Whatever is started here is stopped here, also when a test fails.

import { execFile, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";
import { promisify } from "node:util";
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

/** `roomcast` on a port; 0 takes a free one. */
export class Server {
  port = 0;
  #args = [];
  #env = {};
  #child = null;
  #said = "";

  /** `Server.start()` is `roomcast dev`; `Server.start(0, "serve", "-c", file)` is another. */
  static start(port = 0, ...args) {
    return Server.#startWith({}, port, args);
  }

  /** `roomcast dev` that shares its rooms through that Redis. `lease` is how long it is missed before its members have left. */
  static startNode(redis, lease) {
    return Server.#startWith({ REDIS_URL: redis.url, ROOMCAST_REDIS_LEASE: lease }, 0, []);
  }

  static async #startWith(env, port, args) {
    const server = new Server();
    server.port = port;
    server.#env = env;
    server.#args = args.length > 0 ? args : ["dev"];
    await server.start();
    return server;
  }

  get url() { return `http://127.0.0.1:${this.port}`; }

  /** What the program has said of late. */
  get said() { return this.#said; }

  /** The value of a metric, as `roomcast_connections`, added up over its labels. */
  async metric(name) {
    const lines = (await (await fetch(`${this.url}/metrics`)).text()).split("\n");
    const found = lines.filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    if (found.length === 0) throw new Error(`there is no metric ${name}`);
    return found.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
  }

  /** Starts it again after `stop`, on the same port. */
  async start() {
    const binary = process.env.ROOMCAST_BIN;
    if (!binary) throw new Error("ROOMCAST_BIN is not set: give the path of the program `roomcast`");
    this.#said = "";
    const child = spawn(binary, [...this.#args, "--listen", `127.0.0.1:${this.port}`], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    const listening = new Promise((done, fail) => {
      const hear = (chunk) => {
        this.#said = (this.#said + chunk).slice(-20_000);
        const found = /(?:http:\/\/|"listen":")127\.0\.0\.1:(\d+)[/"]/.exec(this.#said); // `dev` says a URL, `serve` a line of its log
        if (found) done(Number(found[1]));
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("error", fail);
      child.once("exit", (code, signal) => fail(new Error(`roomcast ended (${code ?? signal}) and said:\n${this.#said}`)));
    });
    this.port = await within(START_WITHIN, listening, () => `roomcast did not say where it listens; it said:\n${this.#said}`);
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

/** A `redis-server` on a spare port, which writes down all that it is told: killed and started again, it has its data. */
export class Redis {
  port = 0;
  #folder = mkdtempSync(join(tmpdir(), "roomcast-redis-"));
  #child = null;

  static async start() {
    const redis = new Redis();
    process.once("exit", () => redis.#forget());
    redis.port = await sparePort();
    await redis.start();
    return redis;
  }

  get url() { return `redis://127.0.0.1:${this.port}`; }

  /** Starts it again after `kill`, on the same port. */
  async start() {
    const settings = { port: this.port, bind: "127.0.0.1", dir: this.#folder, save: "", appendonly: "yes" };
    const child = spawn("redis-server", Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]), { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    running.add(child);
    child.once("exit", () => running.delete(child));
    let said = "";
    const ready = new Promise((done, fail) => {
      const hear = (chunk) => {
        said = (said + chunk).slice(-20_000);
        if (said.includes("Ready to accept connections")) done();
      };
      child.stdout.on("data", hear);
      child.stderr.on("data", hear);
      child.once("error", fail);
      child.once("exit", () => fail(new Error(`redis-server ended and said:\n${said}`)));
    });
    await within(START_WITHIN, ready, () => `redis-server is not ready; it said:\n${said}`);
  }

  /** `redis-cli` with these arguments; gives what it prints. */
  async cli(...args) {
    const { stdout } = await promisify(execFile)("redis-cli", ["-p", String(this.port), ...args]);
    return stdout.trim();
  }

  /** Ends it without a warning. Its data stay. */
  async kill() {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGKILL");
    await ended;
  }

  /** Ends it, and its data. */
  async stop() {
    await this.kill();
    this.#forget();
  }

  #forget() { rmSync(this.#folder, { recursive: true, force: true }); }
}

/** A port on which nobody listens now. */
async function sparePort() {
  const listener = net.createServer();
  await new Promise((done) => listener.listen(0, "127.0.0.1", done));
  const { port } = listener.address();
  await new Promise((done) => listener.close(done));
  return port;
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

/**
 * What the tests of a suite run on: a server and a browser for all of them, and for each a context
 * of its own in which nothing takes longer than `patience` milliseconds. `take({ server, browser,
 * context })` is told it. Call it first in the suite.
 */
export function stage(take, patience = 30_000) {
  let server, browser, context;
  before(async () => {
    server = await Server.start();
    browser = await startBrowser();
    take({ server, browser });
  });
  after(async () => {
    await browser?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1120, height: 720 } });
    context.setDefaultTimeout(patience);
    take({ server, browser, context });
  });
  afterEach(() => context?.close());
}

/** One tab with a page, as `openPage(context, server.port, "/demo/chat")`; `As` is the class of what is given. */
export async function openPage(context, port, path, As = Tab) {
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  await page.addInitScript(() => addEventListener("securitypolicyviolation", (event) => console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`)));
  await page.goto(`http://127.0.0.1:${port}${path}`);
  return new As(page, complaints);
}

/** What a person does with any page, and waits to see. A page's own tests extend it. */
export class Tab {
  /** `complaints` is everything that the console held against the page: errors, warnings, violations of its policy. */
  constructor(page, complaints) {
    this.page = page;
    this.complaints = complaints;
  }

  /** What has this `data-testid`: a locator. */
  at(testId) { return this.page.getByTestId(testId); }

  /** Waits until the connection is in this state: connecting, connected, degraded, waiting, cut, refused. */
  async is(state) { await this.page.locator(`[data-testid=connection][data-state=${state}]`).waitFor(); }

  /** Waits until the connection is in any other state. */
  async isNot(state) { await this.page.locator(`[data-testid=connection]:not([data-state=${state}])`).waitFor(); }

  async press(testId) { await this.at(testId).click(); }

  /** Presses the button that cuts the network. */
  async cut() {
    await this.press("network");
    await this.is("cut");
  }

  /** Presses it again. */
  async restore() {
    await this.press("network");
    await this.is("connected");
  }

  /** Saves what is seen as `target/browser/<name>.png`. */
  async picture(name) {
    mkdirSync(PICTURES, { recursive: true });
    await this.page.screenshot({ path: `${PICTURES}/${name}.png` });
  }

  /** Saves `<name>-light-wide` and so on, and says how many pixels too wide the page is in each. */
  async pictures(name) {
    const wider = {};
    for (const scheme of ["light", "dark"]) {
      await this.page.emulateMedia({ colorScheme: scheme });
      for (const [shape, width, height] of [["wide", 1120, 720], ["narrow", 390, 780]]) {
        wider[`${scheme} ${shape}`] = await this.tooWide(width, height);
        await this.picture(`${name}-${scheme}-${shape}`);
      }
    }
    return Object.entries(wider).filter(([, pixels]) => pixels > 0);
  }

  /** How many pixels the page is wider than a window of this size: 0 if nothing scrolls sideways. */
  async tooWide(width, height) {
    await this.page.setViewportSize({ width, height });
    return this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  }
}
