// A network that can be cut: what a client sends and hears goes through it.

/** One socket over a network that can be cut. */
class Wire extends EventTarget {
  #socket;

  constructor(network, url, protocols) {
    super();
    if (network.isCut) {
      setTimeout(() => this.cut());
      return;
    }
    this.#socket = new WebSocket(url, protocols);
    this.#pass("open", () => new Event("open"));
    this.#pass("error", () => new Event("error"));
    this.#pass("message", ({ data }) => new MessageEvent("message", { data }));
    this.#pass("close", ({ code, reason }) => new CloseEvent("close", { code, reason }));
  }

  #pass(type, copy) {
    const socket = this.#socket;
    socket.addEventListener(type, (event) => {
      if (socket === this.#socket) this.dispatchEvent(copy(event));
    });
  }

  send(text) {
    this.#socket?.send(text);
  }

  close(code) {
    this.#socket?.close(code);
  }

  /** It breaks: nothing passes any more, in either direction. */
  cut() {
    this.#socket?.close();
    this.#socket = undefined;
    this.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  }
}

/** Hand its `WebSocket` and its `fetch` to `roomcast()`. It tells `change` when it was cut or restored. */
export class Network extends EventTarget {
  isCut = false;
  #wires = new Set();

  /** The class of the sockets over this network.
   * @returns {any} */
  get WebSocket() {
    const network = this;
    return class extends Wire {
      constructor(url, protocols) {
        super(network, url, protocols);
        network.#wires.add(this);
        this.addEventListener("close", () => network.#wires.delete(this));
      }
    };
  }

  /** `fetch` over this network. */
  fetch = (url, init) => (this.isCut ? Promise.reject(new TypeError("the network is cut")) : fetch(url, init));

  cut() {
    this.isCut = true;
    for (const wire of [...this.#wires]) wire.cut();
    this.dispatchEvent(new Event("change"));
  }

  restore() {
    this.isCut = false;
    this.dispatchEvent(new Event("change"));
    // As the browser does when a real network is back: the client tries again at once.
    dispatchEvent(new Event("online"));
  }
}
