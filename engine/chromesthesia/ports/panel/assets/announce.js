// What the panel says: errors at once and in sight, other news for those who listen to the page.

import { byId, h } from "./dom.js";

const SHOWN_MS = 8000;
const MOST = 3;

/** An error: shown, and read out at once. The same one twice is shown once. */
export function alertUser(text) {
  const alerts = byId("alerts");
  for (const old of alerts.children) if (old.dataset.text === text) old.remove();
  while (alerts.children.length >= MOST) alerts.firstChild.remove();
  const close = h("button", { type: "button", class: "plain", "aria-label": "Dismiss", onclick: () => box.remove() }, "×");
  const box = h("div", { class: "alert", "data-text": text }, h("span", {}, text), close);
  alerts.append(box);
  setTimeout(() => box.remove(), SHOWN_MS);
}

/** Something that is good to know; read out when there is time. */
export function tell(text) {
  byId("news").textContent = text;
}
