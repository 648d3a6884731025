// Puts the panel together: connection, pages, what is always at hand.

import { alertUser, tell } from "./announce.js";
import { Client } from "./client.js";
import { byId, h, icon, kept } from "./dom.js";
import { History } from "./drawing.js";
import { keysAndHelp } from "./help.js";
import { LogWatch } from "./logwatch.js";
import { livePage } from "./page-live.js";
import { lookPage } from "./page-look.js";
import { outputsPage } from "./page-outputs.js";
import { presetsPage } from "./page-presets.js";
import { roomPage } from "./page-room.js";
import { routesPage } from "./page-routes.js";
import { Picture } from "./picture.js";
import { Routes } from "./routes.js";

const BLACKOUT = "/master/blackout", FREEZE = "/master/freeze";
const ICONS = {
  live: "M3 12h4l3-8 4 16 3-8h4",
  look: "M4 7h10M18 7h2M4 17h4M12 17h8M16 4.5v5M10 14.5v5",
  presets: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  routes: "M5 6a2 2 0 1 0 .1 0zM19 14a2 2 0 1 0 .1 0zM7 8c6 0 4 8 10 8",
  room: "M4 5h16v11H4zM9 20h6M12 16v4",
  outputs: "M3 6l8-2v14l-8-2zM13 4l8 3v10l-8 1z",
};
const SCHEMES = { auto: "Auto", dark: "Dark", light: "Light" };

document.documentElement.style.setProperty("--hue", Number(kept("hue", "65")) || 65);
const client = new Client();
const history = new History(client);
const app = { client, history, picture: new Picture(client), routes: new Routes(client, history) };
app.log = new LogWatch(client, () => page?.log?.());
app.act = (path, ...values) => {
  const done = client.act(path, ...values);
  if (done) app.log.soon();
  else alertUser(client.live ? `This show has no ${path}.` : "Not connected: nothing was sent.");
  return done;
};
app.history.of("/emotion/valence");
app.history.of("/emotion/arousal");

const pages = [livePage(app), lookPage(app), presetsPage(app), routesPage(app), roomPage(app), outputsPage(app)];
let page = null;

// -- pages

for (const each of pages)
  byId("tabs").append(h("a", { href: `#${each.id}`, "data-page": each.id }, icon(ICONS[each.id]), h("span", {}, each.title)));
document.querySelector('#tabs [data-page="outputs"]').hidden = true; // until the tree has some

function turn() {
  const next = pages.find((each) => `#${each.id}` === location.hash) ?? pages[0];
  if (next === page) return;
  page?.hidden?.();
  const first = page === null;
  page = next;
  byId("main").replaceChildren(page.element);
  document.title = `${page.title} · Chromesthesia`;
  for (const link of byId("tabs").children) {
    if (link.dataset.page === page.id) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
  }
  page.shown?.();
  scrollTo(0, 0);
  if (!first) tell(page.title);
}
addEventListener("hashchange", turn);
const go = (id) => { location.hash = `#${id}`; };

// -- always at hand

const blackout = byId("blackout");
const toggleBlackout = () => {
  const dark = !client.values.get(BLACKOUT);
  if (!client.set(BLACKOUT, dark)) alertUser("Not connected: nothing was sent.");
};
blackout.addEventListener("click", toggleBlackout);
client.watch(BLACKOUT, (dark) => {
  if (String(Boolean(dark)) === blackout.getAttribute("aria-pressed")) return;
  blackout.setAttribute("aria-pressed", String(Boolean(dark)));
  document.documentElement.dataset.blackout = String(Boolean(dark));
  tell(dark ? "Blackout: no light" : "Light is back");
});
const safe = () => { if (app.act("/safe")) tell("Safe look"); };
byId("safe").addEventListener("click", safe);

const scheme = byId("scheme");
const nameScheme = () => {
  const wish = SCHEMES[document.documentElement.dataset.wish];
  scheme.textContent = `◐ ${wish}`;
  scheme.setAttribute("aria-label", `Light or dark: ${wish}`);
};
scheme.addEventListener("click", () => globalThis.nextScheme());
addEventListener("scheme", nameScheme);
nameScheme();

// -- how the show runs

function figure(path, name, told, bad) {
  const value = h("dd", {}, "–"), box = h("div", { "data-figure": path }, h("dt", {}, name), value);
  byId("figures").append(box);
  client.watch(path, (now) => {
    value.textContent = told(now);
    box.classList.toggle("bad", bad(now));
  });
}
figure("/status/fps", "fps", (now) => now.toFixed(0), (now) => now > 0 && now < 15);
figure("/status/latency_ms", "latency", (now) => (now > 0 ? `${now.toFixed(0)} ms` : "–"), (now) => now > 150);
figure("/status/overruns", "overruns", (now) => String(now), (now) => now > 0);
for (const [path, name] of [["/features/onset", "onset"], ["/tempo/pulse", "beat"]]) {
  const lamp = h("span", { class: "lamp" });
  byId("figures").append(h("div", { class: "lamp-box" }, h("dt", {}, name), h("dd", {}, lamp)));
  client.watch(path, (now) => lamp.style.setProperty("--glow", now.toFixed(2)));
}
client.watch("/status/preset", (name) => { byId("now").textContent = name; });
client.watch("/status/stalled", (loops) => { if (loops) alertUser(`Stands still: ${loops}. See Health.`); });

// -- the connection

let focused = null;
function follow() {
  const { state, live } = client;
  document.documentElement.dataset.link = state;
  byId("link").textContent = { live: "Connected", connecting: "Connecting", lost: "Connection lost", locked: "Locked" }[state];
  if (!live && document.activeElement?.closest("#main, #stage")) focused = document.activeElement;
  for (const id of ["main", "stage"]) byId(id).inert = !live;
  byId("lost").hidden = live || state === "connecting";
  if (state === "lost") waiting();
  if (state === "locked") locked();
  if (live && focused?.isConnected) { focused.focus({ preventScroll: true }); focused = null; }
  if (live) app.log.look();
}
function waiting() {
  const rest = h("span", { "aria-hidden": "true" }), text = h("span", {}, h("strong", {}, "Connection lost."), " What you see is how it was; nothing is sent. ");
  byId("lost").replaceChildren(text, rest, h("button", { type: "button", onclick: () => client.connect() }, "Try now"));
  clearInterval(waiting.timer);
  waiting.timer = setInterval(() => {
    if (client.state !== "lost") { clearInterval(waiting.timer); return; }
    const left = Math.ceil((client.retryAt - performance.now()) / 1000);
    rest.textContent = left > 0 ? `Next try in ${left} s. ` : "Trying now. ";
  }, 250);
}
function locked() {
  const entry = h("input", { type: "password", id: "token", autocomplete: "off" });
  byId("lost").replaceChildren(h("form", { class: "line", onsubmit: (event) => {
    event.preventDefault();
    const token = entry.value.trim().replace(/^.*[?&]token=/, "");
    if (token) location.assign(`/panel/?token=${encodeURIComponent(token)}${location.hash}`);
  } }, h("label", { for: "token" }, h("strong", {}, "This show asks for its token."), " Open the link in its terminal, or paste it here."), entry, h("button", { type: "submit", class: "strong" }, "Open")));
}
client.addEventListener("state", follow);
client.addEventListener("tree", () => { for (const each of pages) each.tree?.(); });

keysAndHelp([
  ["Shift+B", "Blackout on and off", toggleBlackout],
  ["Shift+S", "Safe look", safe],
  ["1", "Live", () => go("live")],
  ["2", "Settings", () => go("look")],
  ["3", "Presets", () => go("presets")],
  ["4", "Routes", () => go("routes")],
  ["5", "Health and log", () => go("room")],
  ["6", "Outputs, where the show has some", () => { if (client.nodes.has("/output/1/card")) go("outputs"); }],
  ["/", "Search settings", () => { go("look"); requestAnimationFrame(() => { turn(); byId("search")?.focus(); }); }],
  ["u", "Undo", () => { if (app.act("/undo")) tell("Taken back"); }],
  ["n", "Next preset", () => app.act("/preset/next")],
  ["p", "Previous preset", () => app.act("/preset/previous")],
  ["s", "Next scene", () => app.act("/scene/next")],
  ["f", "Hold the picture still", () => client.set(FREEZE, !client.values.get(FREEZE))],
  ["t", "Light, dark or as the system", () => globalThis.nextScheme()],
  ["?", "This list", () => byId("help-open").click()],
]);
turn();
follow();
client.connect();
globalThis.chromesthesia = { client, picture: app.picture };
