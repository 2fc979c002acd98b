// Pages that stay true: one socket for the tab says which kinds of objects changed; whatever on the page shows such a
// kind is fetched again and merged in, so that scroll, focus, selected text, ticked rows, open menus and half-typed
// fields stay as they are.
//
//   <div id="sims" data-live="sim usage" data-live-src="/sims/?status=active">   kinds; where it is fetched from
//   data-live-ids="17"      only when these objects changed        data-key="17"   what a row is, when it has no id
//   data-live-keep          never touched by a merge (a child with a data-live-src of its own is not either)
//
// The answer is a whole page or a part with the same id, else the inside of the element. Loaded once, in the head.
(() => {
  "use strict";

  const PING = 20000, ANSWER = 8000, LONGEST_WAIT = 30000, GAP = 250, KEEP = 60000, FRESH = 1600, LEAVE = 10000;
  const SIGNED_OUT = [4401, 4403, 4409];
  const now = () => performance.now();
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // --- What is shown, and what of it is out of date ---------------------------------------------
  const states = new WeakMap();
  const started = new WeakMap(); // when a request of htmx began: what it brings is as old as that
  let heard = []; // what changed lately: {at, changes}; changes null: anything may have

  function stateOf(part, born = now()) {
    if (!states.has(part)) states.set(part, { born, wanted: false, busy: false, took: 0, misses: 0 });
    return states.get(part);
  }
  function concerns(part, changes) {
    if (changes === null) return true;
    const ids = part.dataset.liveIds?.split(" ");
    return part.dataset.live.split(" ").some((kind) => {
      const changed = changes[kind];
      return changed && (!ids || !changed.length || changed.some((id) => ids.includes(String(id))));
    });
  }
  function adopt(born) {
    for (const part of all("[data-live]")) {
      if (states.has(part)) {
        if (states.get(part).wanted) want(part);
        continue;
      }
      stateOf(part, born);
      if (heard.some((one) => one.at > born && concerns(part, one.changes))) want(part);
    }
  }
  function hear(changes) {
    heard = [...heard.filter((one) => one.at > now() - KEEP), { at: now(), changes }];
    all("[data-live]").forEach((part) => { if (concerns(part, changes)) want(part); });
  }
  function want(part) {
    const state = stateOf(part);
    state.wanted = true;
    // What htmx is filling right now is looked at again when it has settled.
    if (!state.busy && mayFetch() && !part.classList.contains("htmx-request")) bring(part, state);
  }
  const mayFetch = () => !document.hidden && !isLeaving();
  async function bring(part, state) {
    state.busy = true;
    while (state.wanted && part.isConnected && mayFetch()) {
      state.wanted = false;
      const began = now();
      const done = await take(part).catch(() => false);
      state.took = now() - began;
      state.misses = done ? 0 : state.misses + 1;
      if (done) updated();
      else if (state.misses < 4) state.wanted = true;
      await new Promise((resolve) => { setTimeout(resolve, done ? Math.max(GAP, 2 * state.took) : 2000 * state.misses); });
    }
    state.busy = false;
  }

  // Fetches the part as it is now. Answers whether it is up to date.
  async function take(part) {
    const address = part.dataset.liveSrc || location.pathname + location.search;
    const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Target": part.id }, signal: departure.signal });
    const moved = answer.redirected && new URL(answer.url).pathname.startsWith("/accounts/");
    if (moved || answer.status === 401 || answer.status === 403) { startOver(); return true; }
    if (!answer.ok) return answer.status < 500;
    const box = document.createElement("template");
    box.innerHTML = await answer.text();
    if (!part.isConnected) return true;
    let fresh = box.content.querySelector(`#${CSS.escape(part.id)}`);
    if (!fresh && !box.content.querySelector("#page")) {
      fresh = part.cloneNode(false);
      fresh.append(box.content);
    }
    if (fresh) mergeKeepingPlace(part, document.importNode(fresh, true));
    return true;
  }

  // --- Merging ---------------------------------------------------------------------------------
  const RUNTIME_CLASS = /^(show|fresh|over|htmx-.+|js-.+)$/;
  function isRuntime(element, name) {
    switch (name) {
      case "aria-expanded": case "data-popper-placement": case "data-started": case "inert": return true;
      case "open": return element.matches("details, dialog");
      case "style": return element.matches(".dropdown-menu, [data-chart]");
      case "hidden": return element.matches("[data-bulk], [data-upload]");
      default: return false;
    }
  }
  const keyOf = (node) => (node.nodeType === 1 ? node.id || node.dataset.key || node.dataset.href || "" : "");
  const isKept = (part, root) =>
    part !== root && (part.dataset.liveSrc !== undefined || part.dataset.liveKeep !== undefined || part.hasAttribute("hx-preserve"));
  const isFilledLater = (part, root) =>
    (part !== root && part.getAttribute("hx-trigger")?.includes("load")) || part.matches("[data-chart]:has(.plotly)");

  function merge(old, fresh, root, changed) {
    if (isKept(old, root)) return;
    for (const { name, value } of [...fresh.attributes]) {
      if (name === "class") mergeClass(old, value);
      else if (old.getAttribute(name) !== value && !isRuntime(old, name)) old.setAttribute(name, value);
    }
    for (const name of old.getAttributeNames()) {
      if (name === "class" && !fresh.hasAttribute("class")) mergeClass(old, "");
      else if (!fresh.hasAttribute(name) && !isRuntime(old, name)) old.removeAttribute(name);
    }
    if (!isFilledLater(old, root)) mergeChildren(old, fresh, root, changed);
  }
  function mergeClass(old, value) {
    const kept = [...old.classList].filter((one) => RUNTIME_CLASS.test(one));
    const wanted = [...new Set([...value.split(/\s+/).filter(Boolean), ...kept])].join(" ");
    if ((old.getAttribute("class") ?? "") !== wanted) old.setAttribute("class", wanted);
  }
  function mergeChildren(old, fresh, root, changed) {
    const wanted = new Set([...fresh.childNodes].map(keyOf).filter(Boolean));
    const known = new Map();
    for (const child of [...old.childNodes]) {
      const key = keyOf(child);
      if (key && wanted.has(key) && !known.has(key)) known.set(key, child);
      else if (key) child.remove();
    }
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const key = keyOf(child);
      const match = key ? known.get(key) : nextLike(at, child);
      if (!match || match.nodeName !== child.nodeName) {
        old.insertBefore(child, at);
        note(child, changed);
        continue;
      }
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      if (child.nodeType === 1) merge(match, child, root, changed);
      else if (match.data !== child.data) {
        if (match.data.trim() !== child.data.trim()) note(match, changed);
        match.data = child.data;
      }
    }
    while (at) {
      const next = at.nextSibling;
      if (!at.classList?.contains("notification")) at.remove();
      at = next;
    }
  }
  // Without a key: of the same kind and purpose, so that a notice that appears above a table is not made out of it.
  const purposeOf = (node) =>
    `${node.nodeName} ${[...(node.classList ?? [])].find((one) => !RUNTIME_CLASS.test(one)) ?? ""}`;
  function nextLike(node, wanted) {
    const purpose = purposeOf(wanted);
    while (node && (keyOf(node) || purposeOf(node) !== purpose)) node = node.nextSibling;
    return node;
  }
  // Rows and figures whose words are other ones; that time passes is no change.
  function note(node, changed) {
    const element = node.nodeType === 1 ? node : node.parentElement;
    if (!element || element.closest("time") || !node.textContent.trim()) return;
    const row = element.closest("tr, .stat, article, [data-key]");
    if (row && !row.closest("thead")) changed.add(row);
  }

  function mergeKeepingPlace(part, fresh) {
    const place = holdPlace();
    const changed = new Set();
    const untouched = all(FIELDS, part).filter(isUntouched);
    merge(part, fresh, part, changed);
    untouched.forEach(showStored);
    window.htmx.process(part);
    place();
    part.dispatchEvent(new CustomEvent("iotsim:merged", { bubbles: true }));
    if (part.querySelector(".dropdown-menu.show")) dispatchEvent(new Event("resize")); // an open menu goes with its row
    for (const row of changed) {
      row.classList.add("fresh");
      setTimeout(() => row.classList.remove("fresh"), FRESH);
    }
  }

  // A browser stops following the stored value of a field at the first key, for good. Here a field follows it until
  // something else is typed, and again from when that was saved, so that an undo is seen too.
  const FIELDS = "input:not([type=hidden], [type=file]), textarea, select";
  const isTick = (field) => field.type === "checkbox" || field.type === "radio";
  const storedChoice = (select) => Math.max(0, [...select.options].findLastIndex((one) => one.defaultSelected));
  function isUntouched(field) {
    if (isTick(field)) return field.checked === field.defaultChecked;
    return field.options ? field.selectedIndex === storedChoice(field) : field.value === field.defaultValue;
  }
  function showStored(field) {
    if (isUntouched(field)) return;
    if (isTick(field)) field.checked = field.defaultChecked;
    else if (field.options) field.selectedIndex = storedChoice(field);
    else field.value = field.defaultValue;
  }
  function settle(field) {
    if (isTick(field)) field.defaultChecked = field.checked;
    else if (field.options) [...field.options].forEach((one) => { one.defaultSelected = one.selected; });
    else field.defaultValue = field.value;
  }
  let sent = null; // the form whose act is under way, perhaps through a dialog
  document.addEventListener("htmx:beforeRequest", (e) => {
    if (e.target.matches("[data-live] form") && e.detail.requestConfig.verb !== "get") sent = e.target;
  });
  document.addEventListener("iotsim:changed", () => {
    [...(sent?.elements ?? [])].filter((one) => one.matches(FIELDS)).forEach(settle);
    sent = null;
  });
  document.addEventListener("htmx:afterRequest", (e) => {
    if (e.detail.elt === sent && !document.querySelector("#dialog[open]")) sent = null;
  });
  document.addEventListener("close", (e) => { if (e.target.id === "dialog") sent = null; }, true);

  // A node that is moved loses focus and selection: they are put back.
  function holdPlace() {
    const focused = document.activeElement;
    const caret = focused && "selectionStart" in focused ? readCaret(focused) : null;
    const selection = getSelection();
    const range = selection.rangeCount && !selection.isCollapsed ? selection.getRangeAt(0) : null;
    const ends = range && [range.startContainer, range.startOffset, range.endContainer, range.endOffset];
    return () => {
      if (focused?.isConnected && document.activeElement !== focused) {
        focused.focus({ preventScroll: true });
        if (caret) focused.setSelectionRange(...caret);
      }
      if (ends?.[0].isConnected && ends[2].isConnected && getSelection().isCollapsed) {
        const fits = (node, offset) => Math.min(offset, node.nodeType === 3 ? node.length : node.childNodes.length);
        getSelection().setBaseAndExtent(ends[0], fits(ends[0], ends[1]), ends[2], fits(ends[2], ends[3]));
      }
    };
  }
  function readCaret(field) {
    return field.selectionStart === null ? null : [field.selectionStart, field.selectionEnd];
  }

  // --- The dot ---------------------------------------------------------------------------------
  let shown = { state: "connecting", words: "connecting" };
  function show(state, words) {
    shown = { state, words };
    const dot = document.getElementById("live");
    if (!dot) return;
    dot.dataset.state = state;
    dot.title = state === "live" ? `Live: ${words}` : "Not connected: what you see may be old. Trying again.";
    dot.querySelector("[data-live-words]").textContent = words;
  }
  function updated() {
    if (socket?.readyState === WebSocket.OPEN) show("live", `updated ${new Date().toLocaleTimeString("en-GB")}`);
  }

  // --- The socket ------------------------------------------------------------------------------
  let socket = null, tries = 0, retry = 0, heartbeat = 0, deadline = 0, everOpen = false;

  function connect() {
    clearTimeout(retry);
    if (socket && socket.readyState <= WebSocket.OPEN) return;
    const mine = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/`);
    socket = mine;
    mine.onmessage = (e) => { if (socket === mine) read(JSON.parse(e.data)); };
    mine.onclose = (e) => { if (socket === mine) lose(e.code); };
    deadline = setTimeout(() => giveUp(mine), ANSWER);
  }
  function read(message) {
    clearTimeout(deadline);
    if (message.hello) welcome(message.hello);
    if (message.changed) hear(message.changed);
    if (message.hello || message.changed || message.pong) updated();
  }
  // What changed between the making of this page and the opening of the socket, or while it was closed, was not heard.
  function welcome({ quiet }) {
    const missed = everOpen || quiet * 1000 < now() + 2000;
    [everOpen, tries] = [true, 0];
    clearInterval(heartbeat);
    heartbeat = setInterval(ping, PING);
    if (missed) hear(null);
  }
  function ping() {
    if (socket?.readyState !== WebSocket.OPEN) return;
    const mine = socket;
    mine.send("ping");
    clearTimeout(deadline);
    deadline = setTimeout(() => giveUp(mine), ANSWER);
  }
  // A peer that is gone without a word: after sleep, or behind a network that changed.
  function giveUp(mine) {
    if (socket !== mine) return;
    mine.onclose = null;
    mine.close();
    lose(1006);
  }
  function lose(code) {
    clearInterval(heartbeat);
    clearTimeout(deadline);
    socket = null;
    if (SIGNED_OUT.includes(code)) { startOver(); return; }
    show("lost", "reconnecting");
    const most = Math.min(LONGEST_WAIT, 1000 * 2 ** tries);
    tries += 1;
    retry = setTimeout(connect, most / 2 + Math.random() * most / 2);
  }
  // Whoever signs out or ends a support session is on the way elsewhere already, with no right to this page any more:
  // it is not fetched again, and a reload would take the way back.
  let leaving = -LEAVE, departure = new AbortController();
  const isLeaving = () => now() < leaving + LEAVE;
  document.addEventListener("submit", (e) => {
    setTimeout(() => { if (!e.defaultPrevented) leave(); }); // else htmx or a socket sends it, whichever listens last
  });
  function leave() {
    leaving = now();
    departure.abort();
    departure = new AbortController();
    setTimeout(wake, LEAVE);
  }
  function startOver() {
    setTimeout(() => location.reload(), isLeaving() ? LEAVE : 0);
  }
  function wake() {
    if (document.hidden) return;
    if (socket?.readyState === WebSocket.OPEN) ping();
    else if (everOpen) { tries = 0; connect(); }
    all("[data-live]").forEach((part) => { if (stateOf(part).wanted) want(part); });
  }

  // --- The page ----------------------------------------------------------------------------------
  document.addEventListener("htmx:beforeRequest", (e) => started.set(e.detail.xhr, now()));
  document.addEventListener("htmx:historyCacheMiss", (e) => started.set(e.detail.xhr, now()));
  document.addEventListener("htmx:afterSettle", (e) => {
    adopt(started.get(e.detail.xhr) ?? now());
    show(shown.state, shown.words);
  });
  document.addEventListener("htmx:historyRestore", () => { adopt(now() - 2000); show(shown.state, shown.words); });
  document.addEventListener("iotsim:changed", () => all("[data-live]").forEach(want)); // one's own act
  document.addEventListener("visibilitychange", wake);
  addEventListener("online", wake);
  addEventListener("pageshow", (e) => { if (e.persisted) wake(); });
  addEventListener("pagehide", () => { socket?.close(); });
  document.addEventListener("DOMContentLoaded", () => { adopt(0); connect(); });
})();
