// Help, and the keys: one list for both.

import { byId, h, keep, kept } from "./dom.js";

/** keys: [key, what it does, do]. Returns what opens the dialog. */
export function keysAndHelp(keys) {
  const dialog = byId("help");
  const single = h("button", { type: "button", role: "switch", class: "switch", id: "single-keys", "aria-checked": kept("keys", "true"),
    onclick: () => {
      single.setAttribute("aria-checked", String(single.getAttribute("aria-checked") !== "true"));
      keep("keys", single.getAttribute("aria-checked"));
    } }, h("span", { class: "knob", "aria-hidden": "true" }));
  dialog.append(
    h("div", { class: "top" }, h("h2", { id: "help-title" }, "Keys"), h("button", { type: "button", class: "plain", "aria-label": "Close", onclick: () => dialog.close() }, "×")),
    h("dl", { class: "keys" }, keys.map(([key, what]) => h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, what))),
      h("div", {}, h("dt", {}, h("kbd", {}, "← →")), h("dd", {}, "A slider by a hundredth; with Shift finer, Page keys by a tenth")),
      h("div", {}, h("dt", {}, h("kbd", {}, "Esc")), h("dd", {}, "Leave a field as it was; close this"))),
    h("div", { class: "line" }, single, h("label", { for: "single-keys" }, "Keys act without being in a field")),
    h("p", {}, "Double-click a slider to reset it. What is set here is set everywhere: OSC, OSCQuery and every other panel hear it at once."));
  const open = () => { if (!dialog.open) dialog.showModal(); };
  byId("help-open").addEventListener("click", open);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialog.open || single.getAttribute("aria-checked") !== "true") return;
    const writing = event.target.matches?.("input:not([type=range]), select, textarea");
    if (writing) return;
    const found = keys.find(([key]) => key === event.key || (key.startsWith("Shift+") && event.shiftKey && event.key === key.at(-1)));
    if (!found) return;
    event.preventDefault();
    found[2]();
  });
  return open;
}
