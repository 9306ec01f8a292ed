// The bar on top of every page: where one is, how the connection stands, and the button that cuts
// the network. `<roomcast-bar page="chat"></roomcast-bar>`, then `bar.follow(client, network)`.

import { element } from "/common/dom.js";

const PAGES = [
  ["chat", "Chat"],
  ["dashboard", "Dashboard"],
  ["document", "Document"],
  ["notifications", "Notifications"],
  ["feed", "Data feed"],
];

/** The logo, drawn as in `favicon.svg`. */
function logo() {
  const svg = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  };
  const made = svg("svg", { class: "logo", viewBox: "0 0 16 16", "aria-hidden": "true" });
  made.append(svg("rect", { width: 16, height: 16, rx: 4 }), svg("path", { d: "M4 5h8M4 8h8M4 11h5" }));
  return made;
}

/** The way to the other demos. */
function places(page) {
  const links = PAGES.map(([name, title]) =>
    element("a", { href: `/demo/${name}`, "aria-current": name === page && "page" }, title));
  return element("nav", { class: "places", "aria-label": "Demos" }, ...links);
}

class Bar extends HTMLElement {
  #state = element("span", { "data-testid": "connection-text", "aria-hidden": "true" }, "Connecting");
  #connection = element("p", { class: "connection", "data-testid": "connection", "data-state": "connecting" },
    element("span", { class: "dot", "aria-hidden": "true" }), this.#state);
  #button = element("button", { class: "network", type: "button", "data-testid": "network", "aria-describedby": "network-hint" },
    "Cut the network");
  #spoken = element("p", { class: "unseen", role: "status" });
  #client;
  #network;
  #disturbed = ""; // what the server says does not work for the moment

  connectedCallback() {
    const page = this.getAttribute("page");
    const demo = PAGES.find(([name]) => name === page);
    const [, title] = demo ?? [page, "Console"];
    const brand = element("h1", { class: "brand" }, element("a", { href: "/" }, logo(), "Roomcast"),
      element("span", { class: "sub" }, title));
    const hint = "Breaks this page's connection. What happens meanwhile is recovered afterwards.";
    this.replaceChildren(element("header", { class: "bar" }, brand, demo ? places(page) : "", this.#connection, this.#button),
      this.#spoken, element("p", { id: "network-hint", hidden: true }, hint));
    // The console connects only with a key.
    this.#connection.hidden = this.#button.hidden = !demo;
  }

  /** Shows how the client's connection stands; without a network there is no button. */
  follow(client, network) {
    [this.#client, this.#network] = [client, network];
    client.onStatus(({ state }) => {
      if (state !== "connected") this.#disturbed = ""; // that was the connection before; a new one is not told
      this.#show();
    });
    client.onNotice(({ room, event, text }) => {
      if (room !== undefined) return;
      this.#disturbed = event === "degraded" ? text : "";
      this.#show();
    });
    network?.addEventListener("change", () => this.#show());
    this.#button.addEventListener("click", () => this.#press());
    this.#connection.hidden = false;
    this.#button.hidden = !network;
    setInterval(() => { if (client.status.state === "waiting") this.#show(); }, 250); // the countdown
    this.#show();
  }

  #press() {
    if (this.#network.isCut) this.#network.restore();
    else if (this.#client.status.state === "stopped") this.#client.connect();
    else this.#network.cut();
  }

  #show() {
    const [state, shown, spoken] = this.#words();
    this.#connection.dataset.state = state;
    this.#connection.title = ["refused", "degraded"].includes(state) ? spoken : "";
    this.#state.textContent = shown;
    if (this.#spoken.textContent !== spoken) this.#spoken.textContent = spoken;
    const away = state === "cut" || state === "refused";
    this.#button.textContent = state === "cut" ? "Restore the network" : state === "refused" ? "Try again" : "Cut the network";
    this.#button.classList.toggle("restore", away);
    document.body.classList.toggle("away", !["connected", "degraded"].includes(state));
  }

  /** The state, as shown, and as spoken by a screen reader: without the countdown. */
  #words() {
    const { state, retryAt = 0, error } = this.#client.status;
    if (this.#network?.isCut) return ["cut", "Network cut", "Network cut"];
    if (state === "connected" && this.#disturbed) return ["degraded", "Connected, but disturbed", this.#disturbed];
    if (state === "connected") return [state, "Connected", "Connected"];
    if (state === "stopped") return ["refused", `Refused: ${error?.message ?? "closed"}`, `Refused: ${error?.message ?? "closed"}`];
    if (state !== "waiting") return ["connecting", "Connecting", "Connecting"];
    const seconds = Math.ceil((retryAt - Date.now()) / 1000);
    return [state, seconds > 0 ? `Reconnecting in ${seconds} s` : "Reconnecting", "Connection lost, reconnecting"];
  }
}

customElements.define("roomcast-bar", Bar);
