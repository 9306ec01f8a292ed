// A network whose sockets are read slowly: the next message is taken only when the last one is done
// with. With a plain WebSocket a page can only block its whole thread to be slow.

import { Network } from "/common/network.js";

const SHORTEST = 4; // milliseconds: browsers make shorter timers as long as this

export class SlowNetwork extends Network {
  /** How many milliseconds each message takes. */
  need = 0;
  #owed = 0;

  /** Works for as long as a message needs. Short times are saved up, as timers cannot be short. */
  async work() {
    this.#owed = this.need && this.#owed + this.need;
    if (this.#owed < SHORTEST) return;
    const begun = performance.now();
    await new Promise((done) => setTimeout(done, this.#owed));
    this.#owed -= performance.now() - begun;
  }

  get WebSocket() {
    const network = this;
    return class extends SlowSocket {
      constructor(url, protocols) {
        super(url, protocols, (text) => (text.startsWith('{"type":"message"') ? network.work() : undefined));
      }
    };
  }
}

/** What a client needs of a `WebSocket`, on a `WebSocketStream`, which can be read at one's own pace. */
class SlowSocket extends EventTarget {
  #stream;
  #writer;

  constructor(url, protocols, work) {
    super();
    const { WebSocketStream } = /** @type {any} */ (globalThis);
    this.#stream = new WebSocketStream(url, { protocols });
    this.#run(work).then((end) => this.dispatchEvent(new CloseEvent("close", end)));
  }

  /** Reads to the end and says how it ended. */
  async #run(work) {
    try {
      const { readable, writable } = await this.#stream.opened;
      this.#writer = writable.getWriter();
      this.dispatchEvent(new Event("open"));
      for await (const text of readable) {
        this.dispatchEvent(new MessageEvent("message", { data: text }));
        await work(text);
      }
      const { closeCode, reason } = await this.#stream.closed;
      return { code: closeCode, reason };
    } catch {
      return { code: 1006 };
    }
  }

  send(text) {
    this.#writer?.write(text).catch(() => undefined); // a close follows
  }

  close(closeCode) {
    this.#stream.close({ closeCode });
  }
}
