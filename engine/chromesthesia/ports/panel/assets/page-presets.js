// Presets with their pictures: load, glide, keep, rename. And the model packs.

import { h, keep, kept } from "./dom.js";
import { alertUser, tell } from "./announce.js";

const GLIDES_S = [0, 2, 8, 30];
const MOST_S = 600;

export function presetsPage(app) {
  const { client, picture } = app;
  const grid = h("ul", { class: "presets" }), packs = h("ul", { class: "packs" });
  const seconds = h("input", { type: "number", id: "glide", min: 0, max: MOST_S, step: "any", inputmode: "decimal", class: "entry wide", value: kept("glide", "2"),
    oninput: () => { keep("glide", seconds.value); mark(); } });
  const quick = GLIDES_S.map((each) => h("button", { type: "button", class: "chip", "aria-pressed": "false", "data-seconds": each,
    onclick: () => { seconds.value = String(each); keep("glide", seconds.value); mark(); } }, each === 0 ? "Cut" : `${each} s`));
  const preview = h("canvas", { class: "preview small", width: 480, height: 270, role: "img", "aria-label": "The picture that is kept with it" });
  const name = h("input", { type: "text", id: "save-name", maxlength: 400, placeholder: "A name of your own", autocomplete: "off" });
  const save = h("form", { class: "card save", "aria-labelledby": "t-save", novalidate: true },
    preview, h("div", {}, h("h2", { id: "t-save" }, "Keep this look"), h("label", { for: "save-name" }, "Name"),
      h("div", { class: "line" }, name, h("button", { type: "submit", class: "strong" }, "Save"))));
  const element = h("div", { class: "presets-page" },
    h("div", { class: "toolbar" }, h("label", { for: "glide" }, "Glide"), seconds, h("span", { class: "unit" }, "s"), quick),
    save,
    h("section", { "aria-labelledby": "t-presets" }, h("h2", { id: "t-presets" }, "Presets"), grid),
    h("section", { "aria-labelledby": "t-packs" }, h("h2", { id: "t-packs" }, "Model packs"), packs));
  let listed = { current: "", presets: [] };
  let version = 0;

  save.addEventListener("submit", (event) => {
    event.preventDefault();
    const wish = name.value.trim();
    if (!wish) { alertUser("A preset needs a name: write one, then save."); name.focus(); return; }
    if (app.act("/preset/save", wish)) tell(`Saving ${wish}`);
    name.value = "";
  });

  const mark = () => { for (const each of quick) each.setAttribute("aria-pressed", String(Number(each.dataset.seconds) === Number(seconds.value))); };
  const glide = () => Math.min(MOST_S, Math.max(0, Number(seconds.value) || 0));

  function card(preset) {
    const load = h("button", { type: "button", class: "load", "data-name": preset.name, onclick: () => app.act("/preset/morph", preset.name, glide()) },
      preset.thumbnail ? h("img", { src: `${encodeURI(preset.thumbnail)}?${version}`, alt: "", loading: "lazy", width: 320, height: 180 }) : h("span", { class: "no-picture", "aria-hidden": "true" }),
      h("span", { class: "preset-title" }, preset.name), h("span", { class: "preset-about" }, preset.description),
      h("span", { class: "preset-about preset-tags" }, [preset.tags.join(", "), preset.author].filter(Boolean).join(" \u2013 ")));
    return h("li", { class: "card preset" }, load, preset.own ? rename(preset) : null);
  }

  function rename(preset) {
    const open = h("button", { type: "button", class: "plain rename", "aria-label": `Rename ${preset.name}`, onclick: () => {
      const entry = h("input", { type: "text", value: preset.name, maxlength: 400, "aria-label": `New name of ${preset.name}` });
      const form = h("form", { class: "line rename-form", onsubmit: (event) => {
        event.preventDefault();
        if (entry.value.trim() && entry.value.trim() !== preset.name) app.act("/preset/rename", preset.name, entry.value.trim());
        form.replaceWith(open);
        open.focus();
      }, onkeydown: (event) => {
        if (event.key === "Escape") { form.replaceWith(open); open.focus(); event.stopPropagation(); }
      } }, entry, h("button", { type: "submit" }, "Rename"));
      open.replaceWith(form);
      entry.select();
    } }, "Rename");
    return open;
  }

  function current(now) {
    for (const button of grid.querySelectorAll(".load")) {
      if (button.dataset.name === now) button.setAttribute("aria-current", "true"); else button.removeAttribute("aria-current");
    }
  }

  async function read() {
    try {
      listed = await client.json("presets.json");
      version += 1;
      const focused = grid.contains(document.activeElement) ? document.activeElement.dataset.name : null;
      if (grid.querySelector(".rename-form")) return; // somebody is writing
      grid.replaceChildren(...listed.presets.map(card));
      current(client.values.get("/status/preset"));
      if (focused) [...grid.querySelectorAll(".load")].find((each) => each.dataset.name === focused)?.focus();
      const found = await client.json("packs.json");
      packs.replaceChildren(...found.map((pack) => h("li", {}, h("button", { type: "button", class: "pack", "data-name": pack, onclick: () => app.act("/pack/load", pack) }, pack))));
      currentPack(client.values.get("/status/pack"));
    } catch (error) {
      if (client.live) alertUser(`The presets could not be read (${error.message}).`);
    }
  }

  function currentPack(now) {
    for (const each of packs.querySelectorAll(".pack")) each.setAttribute("aria-pressed", String(each.dataset.name === now));
  }

  client.watch("/status/preset", (now) => current(now));
  client.watch("/status/pack", (now) => currentPack(now));
  mark();
  let unseen = null;
  return {
    id: "presets", title: "Presets", element, tree: read,
    shown: () => { unseen = picture.show(preview); },
    hidden: () => unseen?.(),
  };
}
