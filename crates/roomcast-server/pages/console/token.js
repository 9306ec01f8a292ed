// The token maker: what a backend does with a JWT library, for who tries something.

import { $ } from "/common/dom.js";
import { ask } from "/console/api.js";

export class TokenMaker {
  constructor() {
    $("token-form").addEventListener("submit", (event) => { event.preventDefault(); this.#make(); });
    $("copy").addEventListener("click", () => this.#copy());
  }

  async #make() {
    const grants = [...document.querySelectorAll("#grants input:checked")].map((/** @type {any} */ box) => box.name);
    const name = $("token-name").value.trim();
    const body = { user: $("token-user").value.trim(), ...(name && { name }), rooms: { [$("token-rooms").value.trim()]: grants }, ttl: Number($("token-ttl").value) };
    try {
      const { token } = await ask("/v1/tokens", { method: "POST", body: JSON.stringify(body) });
      $("made-token").textContent = token;
      $("made-claims").textContent = JSON.stringify(claims(token), null, 2);
      $("made").hidden = false;
      $("trouble").textContent = "";
    } catch (error) {
      $("made").hidden = true;
      $("trouble").textContent = `No token: ${error.message}`;
    }
    $("copy").textContent = "Copy";
  }

  async #copy() {
    await navigator.clipboard.writeText($("made-token").textContent);
    $("copy").textContent = "Copied";
  }
}

/** What a token says; the middle of its three parts. */
function claims(token) {
  const base64 = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0))));
}
