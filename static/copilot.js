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

  let cameFrom = null; // where the focus was when it went to the sidebar: it returns there
  function showCopilot(open, { focus = true } = {}) {
    const from = document.activeElement;
    if (open && !from?.closest("#copilot") && (!isOpen() || from !== document.body)) cameFrom = from;
    root.dataset.copilot = open ? "open" : "closed";
    if (beside.matches) remember("copilot", root.dataset.copilot);
    syncCopilot();
    if (!focus) return;
    const back = cameFrom?.isConnected && cameFrom !== document.body ? cameFrom : $("[data-copilot-toggle]");
    (open ? $("#copilot-text") : back)?.focus();
    if (open) scrollLog();
  }
  function syncCopilot() {
    $$("[data-copilot-toggle]").forEach((b) => b.setAttribute("aria-expanded", String(isOpen())));
    const sheet = isOpen() && phone.matches; // on a phone it covers the page, which waits behind it
    $$(".skip, .rail, .column").forEach((part) => { part.inert = sheet; });
    $("#copilot")?.setAttribute("role", sheet ? "dialog" : "complementary");
    $("#copilot")?.toggleAttribute("aria-modal", sheet);
    if (sheet) $("#copilot")?.setAttribute("aria-modal", "true");
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
  on("click", "[data-edit-question]", (e, button) => editQuestion($("[data-question]", button.closest(".asked"))));

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
    const { text } = e.detail.parameters;
    if (!text?.trim() || mustWait() || !mayAsk(text)) { e.preventDefault(); return; }
    const { known, offer } = waiting ?? asWished();
    wait(null);
    e.detail.parameters.context = window.iotsim.questionContext(known);
    if (offer) e.detail.parameters.offer = offer;
  });
  document.addEventListener("htmx:wsAfterSend", (e) => { if (e.target.id === "copilot-form") { asked(e.target); scrollLog(); } });
  // The socket lives as long as the preserved sidebar: without its address htmx cannot open a second one.
  document.addEventListener("htmx:wsConnecting", (e) => e.target.removeAttribute("ws-connect"));
  // Where this page is in which conversation, so that it gets the rest and nothing twice.
  let socket = null;
  const tellCopilot = (message) => socket?.send(JSON.stringify({ ...message, page: location.pathname + location.search }));
  document.addEventListener("htmx:wsOpen", (e) => {
    connected(e.target);
    socket = e.detail.socketWrapper;
    const { thread, seq, head, first } = $("#copilot-place").dataset;
    tellCopilot({ type: "open", thread, seq, head, first });
  });
  // Another page beside the sidebar: other suggestions.
  for (const moved of ["htmx:pushedIntoHistory", "htmx:historyRestore"]) {
    document.addEventListener(moved, () => tellCopilot({ type: "look" }));
  }
  document.addEventListener("htmx:wsClose", (e) => disconnected(e.target, e.detail));
  // Who reads further up is left there; who is at the end stays at the end.
  let atEnd = true;
  document.addEventListener("htmx:wsBeforeMessage", () => {
    const box = $(".copilot-scroll");
    atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 60;
    beforeMessage(box);
  });
  document.addEventListener("htmx:wsAfterMessage", () => {
    if (atEnd) scrollLog();
    afterMessage($(".copilot-scroll"));
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

  // --- Threads: editing, answering again, opening, and nothing typed is ever lost -----------------------------------
  const store = {
    read(key) { try { return JSON.parse(sessionStorage.getItem(`iotsim.copilot-${key}`)) ?? {}; } catch { return {}; } },
    write(key, value) { try { sessionStorage.setItem(`iotsim.copilot-${key}`, JSON.stringify(value)); } catch { /* then only this page keeps it */ } },
  };
  const opened = () => $("#copilot-place")?.dataset.thread || "new";
  const say = (words) => { const status = $("#copilot-status"); if (status) status.textContent = words; };

  // An edited question begins a branch beside the old one.
  function editQuestion(question) {
    const field = $("#copilot-text");
    if (!question || !field) return;
    field.value = question.dataset.question;
    edit(question.dataset.run ?? "");
    keepDraft();
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
  function edit(run) {
    const field = $("#copilot-text");
    $("#copilot-form [name=instead_of]").value = run;
    $("#copilot-editing").hidden = !run;
    if (run) field.setAttribute("aria-describedby", "copilot-editing-words"); else field.removeAttribute("aria-describedby");
  }
  function stopEditing() {
    const run = $("#copilot-form [name=instead_of]").value;
    edit("");
    $("#copilot-text").value = "";
    keepDraft();
    ($(`#edit-${run}`) ?? $("#copilot-text")).focus();
  }
  on("click", "[data-edit-cancel]", stopEditing);
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || !e.target.closest?.("#copilot") || $("#copilot .dropdown-menu.show")) return;
    const open = $("#copilot-editing:not([hidden])") ? stopEditing
      : $("#copilot-aside").childElementCount ? closeAside
      : $("#copilot-threads").childElementCount ? closeThreads : null;
    if (!open) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    open();
  }, true);

  // Asked while an answer is under way, a question stays in the composer and goes out when that one is over.
  let offered = null; // the number of an offer, while its button is being clicked
  let waiting = null; // what it knows of the page, and the offer that it takes
  const asWished = () => ({ known: window.iotsim.knownOfPage(), offer: offered });
  function wait(wish) {
    waiting = wish;
    $("#copilot-waiting").hidden = !wish;
  }
  function mustWait() {
    if ($("#copilot-stop").hidden) return false;
    wait(asWished());
    keepDraft();
    say("Your question goes out when this answer is over.");
    return true;
  }
  function sendWaiting(moved) {
    if (moved) wait(null);
    if (waiting && $("#copilot-stop").hidden) $("#copilot-form").requestSubmit();
  }
  on("input", "#copilot-text", () => wait(null));
  on("click", "[data-wait-cancel]", () => { wait(null); $("#copilot-text").focus(); });

  // What is typed and not sent is kept for each conversation, over changes of the page and a reload.
  function keepDraft() {
    const field = $("#copilot-text");
    const { [opened()]: _, ...rest } = store.read("drafts");
    const instead = $("#copilot-form [name=instead_of]").value;
    store.write("drafts", field.value ? { ...rest, [opened()]: { text: field.value, instead } } : rest);
  }
  function showDraft() {
    const draft = store.read("drafts")[opened()];
    $("#copilot-text").value = draft?.text ?? "";
    edit(draft?.instead ?? "");
  }
  // Who types before the server has said which conversation is open means that one.
  let placed = false, early = false;
  on("input", "#copilot-text", () => { early ||= !placed; keepDraft(); });
  function takeAlong() {
    store.write("drafts", { ...store.read("drafts"), new: undefined });
    keepDraft();
  }
  document.addEventListener("submit", (e) => {
    if (e.target.getAttribute("action")?.endsWith("/logout/")) { store.write("drafts", {}); store.write("pending", {}); }
  }, true);

  // A question counts as sent when it stands in the log; until then it is kept, and comes back if it never arrived.
  const timesSaid = (text) => $$("#copilot-log [data-question]").filter((one) => one.dataset.question === text).length;
  let asking = false;
  function mayAsk(text) {
    if ($("#copilot").dataset.offline === undefined) {
      store.write("pending", { text, times: timesSaid(text), by: connection });
      return true;
    }
    say("Not sent: there is no connection. Your question stays here until there is one.");
    return false;
  }
  function asked(form) {
    asking = true;
    form.reset();
    edit("");
    keepDraft();
  }
  function lookForPending() {
    const { text, times, by } = store.read("pending");
    if (!text) return;
    const field = $("#copilot-text");
    if (timesSaid(text) > times) {
      store.write("pending", {});
      if (field.value === text) { field.value = ""; keepDraft(); }
    } else if (by !== connection && !field.value) { // the connection that it went over is gone
      field.value = text;
      keepDraft();
      store.write("pending", {});
      say("The last question did not arrive. It is here again, to be sent.");
    }
  }

  // The connection: told in words, in the one place that is heard.
  const LOST = "The connection is lost. Trying again...";
  let connection = ""; // the one there is now, in no other page and at no other time
  const RETRIED = [1006, 1011, 1012, 1013]; // by the extension itself
  function disconnected(sidebar, { event, socketWrapper }) {
    sidebar.dataset.offline = "";
    if (event.code >= 4400 && event.code < 4500) return; // signed out: the server has said so
    say(LOST);
    if (!RETRIED.includes(event.code)) setTimeout(() => socketWrapper.reconnect(), 2000);
  }
  function connected(sidebar) {
    delete sidebar.dataset.offline;
    connection = `${Date.now()}-${Math.random()}`;
    const status = $("#copilot-status");
    if ([LOST].includes(status.textContent) || status.textContent.startsWith("Not sent")) say("Connected again");
  }

  // The log is exchanged in pieces: focus, place and what was being read stay where they were.
  let had = {};
  function beforeMessage(box) {
    const focused = document.activeElement?.closest("#copilot") ? document.activeElement : null;
    const typed = focused?.matches("input, textarea") ? focused.value : null;
    had = { id: focused?.id, typed, thread: opened(), first: $("#copilot-log")?.firstElementChild, height: box?.scrollHeight, top: box?.scrollTop };
  }
  function afterMessage(box) {
    if (box && had.first?.isConnected && $("#copilot-log").firstElementChild !== had.first && !atEnd) {
      box.scrollTop = had.top + box.scrollHeight - had.height;
    }
    $("#copilot-threads-button")?.setAttribute("aria-expanded", String($("#copilot-threads").childElementCount > 0));
    const moved = opened() !== had.thread;
    if (moved) {
      if (had.thread === "new" && (asking || early)) takeAlong();
      else showDraft();
      asking = false;
    }
    [placed, early] = [true, false];
    lookForPending();
    sendWaiting(moved);
    const wanted = $("#copilot [data-focus]");
    if (wanted) { wanted.removeAttribute("data-focus"); wanted.focus(); }
    else if (had.id && document.activeElement === document.body) {
      const again = document.getElementById(had.id);
      if (again && had.typed !== null && again.value !== had.typed) again.value = had.typed;
      (again ?? (had.id.startsWith("copilot-earlier") ? box : $("#copilot-text")))?.focus({ preventScroll: !again });
    }
    goTo();
  }

  // The panel of earlier conversations: a second press closes it.
  function closeThreads() {
    const inside = document.activeElement?.closest("#copilot-threads");
    $("#copilot-threads").replaceChildren();
    $("#copilot-threads-button").setAttribute("aria-expanded", "false");
    if (inside) $("#copilot-threads-button").focus();
  }
  document.addEventListener("htmx:wsConfigSend", (e) => {
    if (e.target.id !== "copilot-threads-form" || !$("#copilot-threads").childElementCount) return;
    e.preventDefault();
    closeThreads();
  });
  let target = "";
  on("click", "[data-open-thread]", (e, button) => {
    const { openThread, openRun } = button.dataset;
    target = openRun ? `message-u${openRun}` : "";
    showCopilot(true);
    keepDraft();
    tellCopilot({ type: "open", thread: openThread, run: openRun ?? "" });
  });
  function goTo() {
    const place = target && $(`#copilot-log #${target}`);
    if (!place) return;
    target = "";
    place.tabIndex = -1;
    place.focus();
    place.scrollIntoView({ block: "start" });
    place.classList.add("found-here");
  }
  on("click", "[data-earlier]", () => tellCopilot({ type: "earlier" }));

  // Answering again; what was changed is told first, above the composer.
  function closeAside() {
    const run = $("#copilot-aside [data-again]")?.dataset.again;
    $("#copilot-aside").replaceChildren();
    ($(`#again-${run}`) ?? $("#copilot-text")).focus();
  }
  on("click", "[data-again]", (e, button) => {
    tellCopilot({ type: "again", run: button.dataset.again, knowing: "knowing" in button.dataset });
    if ("knowing" in button.dataset) closeAside();
  });
  on("click", "[data-aside-close]", closeAside);

  // Copying: an answer as text, the address of a shared conversation.
  on("click", "[data-copy-answer]", async (e, button) => {
    const answer = button.closest(".answer").cloneNode(true);
    $$(".answer-tools, .rating", answer).forEach((part) => part.remove());
    document.body.append(answer); // innerText needs a place in the page to know its lines
    const text = answer.innerText.trim();
    answer.remove();
    await navigator.clipboard.writeText(text);
    say("The answer is copied");
  });
  on("click", "[data-copy-link]", async (e, button) => {
    await navigator.clipboard.writeText(location.origin + button.dataset.copyLink);
    say("The link is copied");
  });

  // --- Offers: a button beneath an answer says yes to exactly that one -----------------------------
  on("click", "[data-offer]", (e, button) => {
    offered = button.dataset.offer;
    ask(button.textContent.trim());
    offered = null;
  });
  document.addEventListener("DOMContentLoaded", () => {
    showDraft();
    if (location.hash === "#copilot") { history.replaceState(history.state, "", location.pathname + location.search); showCopilot(true); }
  });
})();
