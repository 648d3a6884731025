// Learning the performer on the live page: a button for each mood, what was marked so far, and whose marks are heard with.

import { alertUser, tell } from "./announce.js";
import { h } from "./dom.js";

const MARKS = "/learn/marks/";
const ENOUGH = 5; // marks of a mood; more are counted and not drawn
const AGAIN_MS = 2000;

export function performerCard(app) {
  const { client } = app;
  const moods = h("div", { class: "moods" });
  const whose = h("p", { class: "whose", "aria-live": "polite" });
  const undo = h("button", { type: "button", onclick: () => { if (app.act("/learn/undo")) tell("Mark taken back"); } }, "Take back");
  const clear = h("button", { type: "button", onclick: () => { if (app.act("/learn/clear")) tell("No marks"); } }, "Clear");
  const name = h("input", { type: "text", maxlength: 80, placeholder: "Name to keep by", autocomplete: "off", "aria-label": "The performer's name" });
  const list = h("select", { "aria-label": "Hear with the marks of", onfocus: read, onchange: () => { if (list.value) app.act("/learn/load", list.value); list.value = ""; } });
  const keep = h("form", { class: "line", novalidate: true, onsubmit: (event) => {
    event.preventDefault();
    const wish = name.value.trim();
    if (!wish) { alertUser("Marks are kept by a name: write one, then keep them."); name.focus(); return; }
    if (app.act("/learn/save", wish)) { tell(`Keeping the marks of ${wish}`); name.value = ""; }
  } }, name, h("button", { type: "submit" }, "Keep"));
  const element = h("section", { class: "card performer", "aria-labelledby": "t-performer" },
    h("div", { class: "top" }, h("h2", { id: "t-performer" }, "Performer"), whose),
    h("p", { class: "about" }, "Press while it sounds: the last second was…"),
    moods, h("div", { class: "mark-tools" }, undo, clear, list), keep);
  let offs = [], reads = 0;

  function button(path) {
    const mood = path.slice(MARKS.length), pips = Array.from({ length: ENOUGH }, () => h("span", { class: "pip" }));
    const count = h("span", { class: "pips", "aria-hidden": "true" }, pips), more = h("span", { class: "unseen" });
    const made = h("button", { type: "button", class: "mood", "data-mood": mood, onclick: () => app.act(`/learn/${mood}`) },
      h("span", {}, mood), count, more);
    offs.push(client.watch(path, (now) => {
      pips.forEach((pip, place) => pip.classList.toggle("on", place < now));
      count.dataset.more = now > ENOUGH ? `+${now - ENOUGH}` : "";
      more.textContent = `, marked ${now} times`;
    }));
    return made;
  }

  async function read() {
    const asked = ++reads;
    try {
      const names = await client.json("performers.json");
      if (asked !== reads) return; // an answer that was overtaken
      list.replaceChildren(h("option", { value: "" }, names.length ? "Hear with…" : "Nobody is kept"), ...names.map((each) => h("option", { value: each }, each)));
      list.disabled = names.length === 0;
    } catch {
      // the page says elsewhere that the show is not reached; a slow one is asked again
      if (asked === reads && client.live) setTimeout(() => { if (asked === reads) read(); }, AGAIN_MS);
    }
  }

  return {
    element,
    tree() {
      for (const off of offs) off();
      offs = [];
      const paths = [...client.nodes.keys()].filter((path) => path.startsWith(MARKS));
      element.hidden = paths.length === 0;
      moods.replaceChildren(...paths.map(button));
      offs.push(client.watch("/learn/performer", (now) => {
        whose.textContent = now || "nobody yet: the pack's own ear";
        clear.disabled = !now;
        read();
      }));
    },
  };
}
