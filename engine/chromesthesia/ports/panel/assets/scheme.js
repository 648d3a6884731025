// Light or dark, set before anything is drawn: as the system says, until the switch says otherwise.
"use strict";
(() => {
  const system = matchMedia("(prefers-color-scheme: light)");
  const root = document.documentElement;
  const stored = () => {
    try { return localStorage.getItem("scheme"); } catch { return null; } // a browser that keeps nothing
  };
  const apply = () => {
    const wish = stored();
    root.dataset.wish = wish ?? "auto";
    root.dataset.scheme = wish ?? (system.matches ? "light" : "dark");
    document.querySelector('meta[name="theme-color"]').content = root.dataset.scheme === "light" ? "#f3f1ec" : "#0c0d0f";
    dispatchEvent(new Event("scheme"));
  };
  system.addEventListener("change", apply);
  globalThis.nextScheme = () => {
    const wish = { auto: "dark", dark: "light", light: null }[root.dataset.wish];
    try {
      if (wish) localStorage.setItem("scheme", wish); else localStorage.removeItem("scheme");
    } catch { /* a browser that keeps nothing follows the system */ }
    apply();
  };
  apply();
})();
