// The cue list on the live page: what is on, what comes, and the three buttons of whoever runs the show.

import { h } from "./dom.js";

/** A card that hides itself while the show has no cue list. */
export function cuesCard(app) {
  const { client } = app;
  const now = h("strong", { class: "cue-now" }), next = h("span", { class: "cue-next" });
  const list = h("select", { "aria-label": "Jump to a cue", onchange: () => { if (list.value) app.act("/cue/jump", list.value); list.value = ""; } });
  const element = h("section", { class: "card cues", "aria-labelledby": "t-cues", hidden: true },
    h("h2", { id: "t-cues" }, "Cues"), h("p", { class: "cue-line", "aria-live": "polite" }, now, next),
    h("div", { class: "cue-buttons" },
      h("button", { type: "button", class: "strong go", onclick: () => app.act("/cue/go") }, "Go"),
      h("button", { type: "button", onclick: () => app.act("/cue/back") }, "Back"),
      h("button", { type: "button", onclick: () => app.act("/cue/hold") }, "Hold"), list));
  let offs = [];

  function show() {
    const value = (name) => client.values.get(`/status/cue${name}`);
    now.textContent = value("") || "Before the first";
    const left = value("_left_s") ?? 0;
    next.textContent = value("_next") ? `then ${value("_next")}${left > 0 ? ` in ${Math.ceil(left)} s` : ""}` : "the last one";
  }

  return {
    element,
    async read() {
      for (const off of offs) off();
      offs = ["", "_next", "_left_s"].map((name) => client.watch(`/status/cue${name}`, show));
      try {
        const names = await client.json("cues.json");
        element.hidden = names.length === 0;
        list.replaceChildren(h("option", { value: "" }, "Jump to…"), ...names.map((name, place) => h("option", { value: name }, `${place + 1}  ${name}`)));
      } catch {
        element.hidden = true; // the page says elsewhere that the show is not reached
      }
    },
  };
}
