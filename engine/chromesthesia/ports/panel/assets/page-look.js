// Every setting, grouped by address, searchable.

import { h, keep, kept, unique } from "./dom.js";
import { tell } from "./announce.js";
import { groups, title } from "./tree.js";
import { row } from "./widgets.js";

export function lookPage(app) {
  const { client } = app;
  const search = h("input", { type: "search", id: "search", placeholder: "Search settings", "aria-label": "Search settings", autocomplete: "off", spellcheck: "false" });
  const about = h("button", { type: "button", class: "toggle", "aria-pressed": kept("about", "true"), onclick: () => {
    const on = about.getAttribute("aria-pressed") !== "true";
    about.setAttribute("aria-pressed", String(on));
    keep("about", String(on));
    list.classList.toggle("brief", !on);
  } }, "Explain");
  const jump = h("nav", { class: "jump", "aria-label": "Groups" });
  const list = h("div", { class: "groups" });
  const none = h("p", { class: "none", hidden: true }, "No setting has that in its name, address or description.");
  const element = h("div", { class: "look" },
    h("div", { class: "toolbar" }, search, about,
      h("button", { type: "button", onclick: () => { app.act("/reset"); tell("The preset is as it was loaded"); } }, "Reset look"),
      h("button", { type: "button", onclick: () => { app.act("/room/reset"); tell("The room is as at the start"); } }, "Reset room")),
    jump, none, list);
  list.classList.toggle("brief", kept("about", "true") !== "true");
  let offs = [];
  let built = "";

  function build() {
    const found = groups(client.nodes);
    for (const group of found.keys()) if (group.startsWith("/output")) found.delete(group); // they have a page of their own
    const signature = JSON.stringify([...found.values()].flat().map((node) => [node.path, node.kind, node.low, node.high, node.choices]));
    if (signature === built) return;
    built = signature;
    for (const off of offs) off();
    offs = [];
    list.replaceChildren();
    jump.replaceChildren();
    for (const [group, nodes] of found) {
      const id = unique("g");
      const rows = nodes.map((node) => {
        const moved = h("a", { class: "moved", href: "#routes", hidden: true });
        const made = row(client, node, { extra: moved });
        made.element.dataset.search = `${node.path} ${node.label} ${node.text}`.toLowerCase();
        offs.push(made.off);
        return made.element;
      });
      list.append(h("section", { class: "card group", "aria-labelledby": id }, h("h2", { id, tabindex: "-1" }, title(group), h("span", { class: "address" }, group)), rows));
      jump.append(h("button", { type: "button", class: "chip", onclick: () => {
        const target = document.getElementById(id);
        target.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
        target.focus({ preventScroll: true });
      } }, title(group)));
    }
    routes();
    filter();
  }

  function filter() {
    const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const section of list.children) {
      let here = 0;
      for (const each of section.querySelectorAll(".row")) {
        each.hidden = !wanted.every((word) => each.dataset.search.includes(word));
        here += !each.hidden;
      }
      section.hidden = here === 0;
      left += here;
    }
    none.hidden = left > 0;
    jump.hidden = wanted.length > 0;
  }
  search.addEventListener("input", filter);
  search.addEventListener("change", () => tell(`${list.querySelectorAll(".row:not([hidden])").length} settings`));
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) { search.value = ""; filter(); event.stopPropagation(); }
  });

  /** Which of them a signal moves. */
  function routes() {
    for (const each of list.querySelectorAll(".row")) {
      const moving = app.routes.list.filter((route) => route.target === each.dataset.path);
      const moved = each.querySelector(".moved");
      moved.hidden = moving.length === 0;
      moved.textContent = moving.length ? `↝ ${moving.map((route) => app.routes.short(route.signal)).join(", ")}` : "";
      moved.title = moving.length ? `Moved by ${moving.map((route) => route.signal).join(", ")}` : "";
    }
  }
  app.routes.addEventListener("change", routes);
  return { id: "look", title: "Settings", element, tree: build, search };
}
