// Worth doing: what fits the page that is open, above the conversation.
(() => {
  "use strict";
  const { $, recall, remember } = window.iotsim;
  const here = () => `/suggestions/near/?page=${encodeURIComponent(location.pathname)}`;
  function lookAround() {
    const box = $("#copilot-suggestions");
    if (!box || box.dataset.liveSrc === here()) return;
    box.dataset.liveSrc = here(); // from here on kept live by live.js
    window.htmx.ajax("GET", here(), { target: box, swap: "innerHTML" });
  }
  document.addEventListener("DOMContentLoaded", () => {
    const part = $("#copilot-near");
    if (!part) return;
    part.open = recall("near", "open") === "open";
    part.addEventListener("toggle", () => remember("near", part.open ? "open" : "closed"));
    lookAround();
  });
  for (const moved of ["htmx:pushedIntoHistory", "htmx:historyRestore"]) document.addEventListener(moved, lookAround);
})();
