// The copilot beside the page: open or closed, its width, the composer, and what it says over its socket.
// Loaded in the head after app.js without defer, so that the sidebar stands before the first paint.
(() => {
  "use strict";

  const { $, $$, on, recall, remember } = window.iotsim;
  const root = document.documentElement;

  // --- Copilot: open, width, composer ------------------------------------------------------------
  const beside = matchMedia("(min-width: 1200px)");
  const phone = matchMedia("(max-width: 767.98px)");
  const isOpen = () => root.dataset.copilot === "open";

  function showCopilot(open, { focus = true } = {}) {
    root.dataset.copilot = open ? "open" : "closed";
    if (beside.matches) remember("copilot", root.dataset.copilot);
    syncCopilot();
    if (!focus) return;
    (open ? $("#copilot-text") : $("[data-copilot-toggle]"))?.focus();
    if (open) scrollLog();
  }
  function syncCopilot() {
    $$("[data-copilot-toggle]").forEach((b) => b.setAttribute("aria-expanded", String(isOpen())));
    $$(".rail, .column").forEach((part) => { part.inert = isOpen() && phone.matches; });
  }
  function setWidth(pixels) {
    const width = Math.round(Math.min(Math.max(pixels, 320), Math.min(720, innerWidth * 0.6)));
    root.style.setProperty("--copilot", `${width}px`);
    remember("copilot-width", width);
    $(".copilot-grip")?.setAttribute("aria-valuenow", String(width));
  }
  function scrollLog() {
    const box = $(".copilot-scroll");
    if (box) box.scrollTop = box.scrollHeight;
  }
  root.dataset.copilot = beside.matches ? recall("copilot", "closed") : "closed";
  if (recall("copilot-width")) root.style.setProperty("--copilot", `${Number(recall("copilot-width")) || 400}px`);
  phone.addEventListener("change", syncCopilot);

  on("click", "[data-copilot-toggle]", () => showCopilot(!isOpen()));
  on("click", "[data-copilot-close]", () => showCopilot(false));
  on("pointerdown", ".copilot-grip", (e, grip) => {
    grip.setPointerCapture(e.pointerId);
    grip.onpointermove = (move) => setWidth(innerWidth - move.clientX);
    grip.onpointerup = grip.onpointercancel = () => { grip.onpointermove = null; };
  });
  on("keydown", ".copilot-grip", (e) => {
    const step = { ArrowLeft: 24, ArrowRight: -24 }[e.key];
    if (step) setWidth($("#copilot").offsetWidth + step);
  });

  // Sent before htmx has bound the socket's forms, a form would go to the server by itself: it waits for the page.
  document.addEventListener("submit", (e) => {
    if (document.readyState === "complete" || !e.target.matches("form[ws-send]")) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    window.addEventListener("load", () => setTimeout(() => e.target.requestSubmit()), { once: true });
  }, true);

  function ask(text) {
    const field = $("#copilot-text");
    if (!field) return;
    showCopilot(true);
    field.value = text;
    field.form.requestSubmit();
  }
  on("click", "[data-ask]", (e, chip) => ask(chip.dataset.ask));
  on("click", "[data-edit-question]", (e, button) => editQuestion(button.closest("[data-question]")));

  function editQuestion(question) {
    const field = $("#copilot-text");
    if (!question || !field) return;
    field.value = question.dataset.question;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
  on("keydown", "#copilot-text", (e, field) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      if (field.value.trim()) field.form.requestSubmit();
    } else if (e.key === "ArrowUp" && !field.value) {
      e.preventDefault();
      editQuestion($$("#copilot-log [data-question]").at(-1));
    }
  });
  // What the copilot may know of the page travels with the question.
  document.addEventListener("htmx:wsConfigSend", (e) => {
    if (e.target.id !== "copilot-form") return;
    if (!e.detail.parameters.text?.trim()) { e.preventDefault(); return; }
    e.detail.parameters.context = pageContext();
  });
  document.addEventListener("htmx:wsAfterSend", (e) => { if (e.target.id === "copilot-form") { e.target.reset(); scrollLog(); } });
  // The socket lives as long as the preserved sidebar: without its address htmx cannot open a second one.
  document.addEventListener("htmx:wsConnecting", (e) => e.target.removeAttribute("ws-connect"));
  // Where this page is in which conversation, so that it gets the rest and nothing twice.
  let socket = null;
  const tellCopilot = (message) => socket?.send(JSON.stringify({ ...message, page: location.pathname + location.search }));
  document.addEventListener("htmx:wsOpen", (e) => {
    delete e.target.dataset.offline;
    socket = e.detail.socketWrapper;
    const { thread, seq } = $("#copilot-place").dataset;
    tellCopilot({ type: "open", thread, seq });
  });
  // Another page beside the sidebar: other suggestions.
  for (const moved of ["htmx:pushedIntoHistory", "htmx:historyRestore"]) {
    document.addEventListener(moved, () => tellCopilot({ type: "look" }));
  }
  document.addEventListener("htmx:wsClose", (e) => { e.target.dataset.offline = ""; });
  // Who reads further up is left there; who is at the end stays at the end.
  let atEnd = true;
  document.addEventListener("htmx:wsBeforeMessage", () => {
    const box = $(".copilot-scroll");
    atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 60;
  });
  document.addEventListener("htmx:wsAfterMessage", () => {
    if (atEnd) scrollLog();
    noticeActs();
  });
  // When the copilot changed something, or it was taken back, the lists on the page ask anew.
  let acts = null;
  function noticeActs() {
    const now = $$("#copilot-log [hx-post='/act/undo_call/']").length;
    if (acts !== null && now !== acts) window.htmx.trigger(document.body, "iotsim:changed");
    acts = now;
  }

  // --- Keyboard ------------------------------------------------------------------------------------
  document.addEventListener("keydown", (e) => {
    if ((e.metaKey || e.ctrlKey) && e.key.toLowerCase() === "k") {
      e.preventDefault();
      showCopilot(!(isOpen() && e.target.id === "copilot-text"));
    } else if (e.key === "Escape" && isOpen() && e.target.closest?.("#copilot")) {
      const stop = $("#copilot-stop:not([hidden])");
      if (stop) stop.click(); else showCopilot(false);
    }
  });

  // --- After every change of the page --------------------------------------------------------------
  document.addEventListener("DOMContentLoaded", syncCopilot);
  document.addEventListener("htmx:afterSettle", (e) => { if (e.target === document.body || e.detail.boosted) syncCopilot(); });
  document.addEventListener("htmx:historyRestore", syncCopilot);

  // --- What the copilot may know of the page: identifiers and filter values, no text of the page --------------------
  // Pages declare it in JSON blocks ({% page_context %}); the address has the filters, the boxes what is chosen.
  const TURNED = new Set(["cursor", "limit", "look"]);
  function pageContext() {
    const context = { path: location.pathname };
    for (const block of $$("#page script[data-page-context]")) Object.assign(context, JSON.parse(block.textContent));
    const filters = {};
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (value && !TURNED.has(name)) filters[name] = filters[name] ? `${filters[name]},${value}` : value;
    }
    if (Object.keys(filters).length) context.filters = filters;
    if ($("[data-bulk][data-everything]")) context.everything = true;
    else context.selected = $$("input[name=sims]:checked").map((box) => box.value);
    return context;
  }

  // --- Offers: a button beneath an answer says yes to exactly that one -----------------------------
  let offered = null;
  on("click", "[data-offer]", (e, button) => {
    offered = button.dataset.offer;
    ask(button.textContent.trim());
    offered = null;
  });
  document.addEventListener("htmx:wsConfigSend", (e) => {
    if (e.target.id === "copilot-form" && offered) e.detail.parameters.offer = offered;
  });
})();
