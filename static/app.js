// The behaviour that HTML and htmx lack: theme, keyboard, dialogs, toasts, selection, charts.
// Loaded in the head without defer, so that the theme stands before the first paint; everything else is
// delegated from the document and so survives hx-boost, which exchanges the body.
(() => {
  "use strict";

  const root = document.documentElement;
  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];
  const on = (event, selector, act) =>
    document.addEventListener(event, (e) => {
      const hit = e.target instanceof Element ? e.target.closest(selector) : null;
      if (hit) act(e, hit);
    });

  function recall(key, otherwise) {
    try { return localStorage.getItem(`iotsim.${key}`) ?? otherwise; } catch { return otherwise; }
  }
  function remember(key, value) {
    try { localStorage.setItem(`iotsim.${key}`, value); } catch { /* a browser that keeps nothing still works */ }
  }

  window.iotsim = { $, $$, on, recall, remember };

  // --- Theme ---------------------------------------------------------------------------------
  const dark = matchMedia("(prefers-color-scheme: dark)");

  function applyTheme() {
    const choice = recall("theme", "auto");
    root.dataset.bsTheme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    $$("[data-theme-choice]").forEach((b) => b.setAttribute("aria-checked", String(b.dataset.themeChoice === choice)));
    redrawCharts();
  }
  dark.addEventListener("change", applyTheme);
  on("click", "[data-theme-choice]", (e, button) => {
    remember("theme", button.dataset.themeChoice);
    applyTheme();
  });

  // --- Keyboard ------------------------------------------------------------------------------------
  document.addEventListener("keydown", (e) => {
    const typing = e.target.closest?.("input, textarea, select, [contenteditable]");
    if (e.key === "/" && !typing && !e.metaKey && !e.ctrlKey && !$("dialog[open]")) {
      e.preventDefault();
      ($("#page [type=search]") ?? $("#search"))?.focus();
    } else if (e.key === "Escape" && typing?.type === "search") {
      typing.blur();
    }
  });

  // --- Dialog: htmx fills it, this opens and closes it --------------------------------------------------
  function closeDialog() {
    const dialog = $("#dialog");
    if (dialog?.open) dialog.close();
    dialog?.replaceChildren();
  }
  document.addEventListener("htmx:afterSwap", (e) => {
    if (e.target.id !== "dialog") return;
    if (!e.target.firstElementChild) { closeDialog(); return; }
    if (!e.target.open) e.target.showModal();
    ($("[aria-invalid=true]", e.target) ?? $("[autofocus]", e.target))?.focus();
  });
  on("click", "[data-close]", closeDialog);
  on("mousedown", "dialog", (e, dialog) => { if (e.target === dialog) closeDialog(); });

  // --- Toasts ---------------------------------------------------------------------------------------------
  function startTimer(toast) {
    if (toast.dataset.started) return;
    toast.dataset.started = "yes";
    toast.style.setProperty("--seconds", `${toast.dataset.seconds}s`);
    let left = Number(toast.dataset.seconds) * 10;
    const tick = setInterval(() => {
      if (!toast.matches(":hover, :focus-within")) left -= 1;
      if (left <= 0 || !toast.isConnected) { clearInterval(tick); toast.remove(); }
    }, 100);
  }
  function say(sentence) {
    const toast = Object.assign(document.createElement("div"), { className: "notification red" });
    toast.dataset.seconds = 10;
    toast.append(Object.assign(document.createElement("span"), { textContent: sentence }));
    $("#toasts")?.append(toast);
    startTimer(toast);
  }
  document.addEventListener("htmx:afterRequest", (e) => {
    if (e.target.matches?.("[data-dismiss-after]")) e.target.closest(".notification")?.remove();
  });
  on("click", "[data-dismiss]", (e, button) => button.closest(".notification").remove());

  async function sentenceOf(xhr) {
    if ((xhr.getResponseHeader("Content-Type") ?? "").includes("json")) {
      const problem = JSON.parse(xhr.responseText);
      return problem.detail ?? problem.title;
    }
    const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
    return $("[data-sentence]", page)?.textContent.trim();
  }
  document.addEventListener("htmx:responseError", async (e) => {
    const { xhr, boosted, requestConfig } = e.detail;
    if (xhr.status === 401) { location.reload(); return; }
    if (boosted && requestConfig.verb === "get") { location.assign(requestConfig.path); return; }
    say((await sentenceOf(xhr)) ?? `The server answered with an error (${xhr.status}). Nothing was changed.`);
  });
  document.addEventListener("htmx:sendError", () =>
    say("The server cannot be reached. Nothing was changed; try again in a moment."));

  // --- Copy, rows, selection ----------------------------------------------------------------------------------
  on("click", "[data-copy]", async (e, button) => {
    e.preventDefault();
    await navigator.clipboard.writeText(button.dataset.copy);
    const use = $("use", button);
    const before = use.getAttribute("href");
    use.setAttribute("href", before.replace(/#.*/, "#check"));
    setTimeout(() => use.setAttribute("href", before), 1200);
  });
  const INTERACTIVE = "a, button, input, label, select, summary, .dropdown-menu";
  on("click", "tr[data-href]", (e, row) => {
    if (e.target.closest(INTERACTIVE) || String(getSelection())) return;
    if (e.metaKey || e.ctrlKey) open(row.dataset.href, "_blank"); else $("a.opens", row)?.click();
  });
  on("auxclick", "tr[data-href]", (e, row) => {
    if (e.button === 1 && !e.target.closest(INTERACTIVE)) open(row.dataset.href, "_blank");
  });
  const PICKS = "input[name=sims], input[name=alerts], input[name=recommendations], input[name=threads], input[name=approvals]";
  let lastPicked = null;
  on("click", PICKS, (e, box) => {
    const boxes = $$(PICKS);
    if (e.shiftKey && boxes.includes(lastPicked)) {
      const [from, to] = [boxes.indexOf(lastPicked), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((one) => { one.checked = box.checked; });
    }
    lastPicked = box;
  });
  on("change", "[data-select-all]", (e, all) => {
    $$(PICKS).forEach((box) => { box.checked = all.checked; });
    syncSelection();
  });
  on("change", PICKS, () => syncSelection());
  on("click", "[data-select-none]", () => {
    $$(PICKS).forEach((box) => { box.checked = false; });
    syncSelection();
  });
  function syncSelection() {
    const bar = $("[data-bulk]");
    if (!bar) return;
    const boxes = $$(PICKS);
    const picked = boxes.filter((box) => box.checked).length;
    bar.hidden = picked === 0;
    $("[data-bulk-count]", bar).textContent = picked.toLocaleString("en-GB");
    const all = $("[data-select-all]");
    if (all) [all.checked, all.indeterminate] = [picked > 0 && picked === boxes.length, picked > 0 && picked < boxes.length];
    chooseEverything(bar, everythingOf === location.search, picked > 0 && picked === boxes.length);
  }
  // All that fit the filters, not only the rows on show: the acts then go by the filters, and so does the copilot.
  // It holds while the address stays and no row is left out, also when the rows are drawn anew.
  let everythingOf = null;
  function chooseEverything(bar, wanted, possible = true) {
    const button = $("[data-select-everything]", bar);
    if (!button) return;
    const chosen = wanted && possible;
    everythingOf = chosen ? location.search : null;
    bar.toggleAttribute("data-everything", chosen);
    button.hidden = chosen || !possible;
    $$("[data-only-chosen]", bar).forEach((one) => { one.hidden = chosen; });
    if (!chosen) return;
    bar.dataset.everything = button.dataset.selectEverything;
    $("[data-bulk-count]", bar).textContent = button.dataset.selectEverything;
  }
  on("click", "[data-select-everything]", (e, button) => chooseEverything(button.closest("[data-bulk]"), true));
  document.addEventListener("htmx:configRequest", (e) => {
    const everything = e.target.closest?.("[data-bulk][data-everything]") && e.target.dataset.everything;
    if (!everything) return;
    e.detail.path = everything;
    e.detail.formData.delete("sims");
  });

  on("click", "[data-filters]", (e, button) => {
    const open = button.form.toggleAttribute("data-open");
    button.setAttribute("aria-expanded", String(open));
  });
  // A filter that is not set has no place in the address.
  document.addEventListener("htmx:configRequest", (e) => {
    if (!e.target.matches("[data-tidy]")) return;
    for (const [name, value] of [...e.detail.formData]) if (value === "") e.detail.formData.delete(name);
  });

  // --- Files ------------------------------------------------------------------------------------------------------
  for (const kind of ["dragover", "dragleave", "drop"]) {
    on(kind, ".drop", (e, zone) => {
      e.preventDefault();
      zone.classList.toggle("over", kind === "dragover");
      if (kind !== "drop" || !e.dataTransfer.files.length) return;
      $("input[type=file]", zone).files = e.dataTransfer.files;
      zone.closest("form").requestSubmit();
    });
  }
  on("change", ".drop input[type=file]", (e, field) => { if (field.files.length) field.form.requestSubmit(); });
  document.addEventListener("htmx:afterRequest", (e) => {
    const bar = $("[data-upload]", e.target.matches?.("form") ? e.target : document.createElement("i"));
    if (!bar) return;
    bar.hidden = true;
    e.target.reset();
  });
  document.addEventListener("htmx:xhr:progress", (e) => {
    const bar = $("[data-upload]", e.target.closest?.("form") ?? document);
    if (!bar || !e.detail.lengthComputable) return;
    bar.hidden = false;
    const percent = Math.floor((100 * e.detail.loaded) / e.detail.total);
    $(".bar > span", bar).style.width = `${percent}%`;
    $("[data-upload-text]", bar).textContent = percent < 100 ? `Uploading: ${percent} %` : "Uploaded. Starting the import.";
  });

  // --- Times: "3 minutes ago" stays true ------------------------------------------------------------------------------
  const UNITS = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600], ["minute", 60]];
  function relative(seconds) {
    const [unit, length] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
    const count = Math.floor(Math.abs(seconds) / length);
    if (unit === "second" && count < 10) return "just now";
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return seconds > 0 ? `${words} ago` : `in ${words}`;
  }
  setInterval(() => $$("time[data-relative]").forEach((time) => {
    const text = relative((Date.now() - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }), 15000);

  // --- Charts: a figure is a JSON block; colours are names of our tokens -----------------------------------------------
  let plotly = null;
  const drawn = new Map();
  const widths = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    if (drawn.has(target) && target.offsetWidth) window.Plotly.Plots.resize(target);
  }));
  function loadPlotly() {
    plotly ??= new Promise((resolve, reject) => {
      const script = Object.assign(document.createElement("script"), { src: $("meta[name=plotly]").content });
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return plotly;
  }
  function colours(value) {
    if (Array.isArray(value)) return value.map(colours);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, colours(one)]));
    }
    return typeof value === "string" && value.startsWith("var(--") ? resolved(value) : value;
  }
  function resolved(token) {
    const probe = document.createElement("i");
    probe.style.color = token;
    root.append(probe);
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }
  function draw(box, figure) {
    const axis = { gridcolor: "var(--line)", linecolor: "var(--line-2)", zerolinecolor: "var(--line-2)", tickfont: { color: "var(--ink-3)" }, fixedrange: true, automargin: true };
    const { xaxis, yaxis, ...rest } = figure.layout;
    const layout = colours({
      height: 260, margin: { l: 8, r: 12, t: 12, b: 8 }, showlegend: false, hovermode: "x unified", dragmode: false,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: "var(--ink-2)" },
      hoverlabel: { bgcolor: "var(--paper)", bordercolor: "var(--line-2)", font: { color: "var(--ink)", size: 12 } },
      xaxis: { ...axis, showgrid: false, ...xaxis }, yaxis: { ...axis, rangemode: "tozero", ...yaxis }, ...rest,
    });
    window.Plotly.react(box, colours(figure.data), layout, { displayModeBar: false });
  }
  async function drawCharts(part) {
    const boxes = $$("[data-chart]", part).filter((box) => !drawn.has(box));
    if (!boxes.length) return;
    await loadPlotly();
    for (const box of boxes.filter((one) => one.isConnected && !drawn.has(one))) {
      const figure = JSON.parse($(`#${box.dataset.chart}`).textContent);
      box.replaceChildren();
      drawn.set(box, figure);
      draw(box, figure);
      widths.observe(box);
    }
  }
  // Live figures: the block was merged in place, the drawing follows.
  document.addEventListener("iotsim:merged", (e) => {
    settle(document.body);
    for (const box of $$("[data-chart]", e.target).filter((one) => drawn.has(one))) {
      const figure = JSON.parse($(`#${box.dataset.chart}`).textContent);
      if (JSON.stringify(figure) !== JSON.stringify(drawn.get(box))) { drawn.set(box, figure); draw(box, figure); }
    }
  });
  function redrawCharts() {
    for (const [box, figure] of drawn) {
      if (box.isConnected) draw(box, figure);
      else { widths.unobserve(box); window.Plotly.purge(box); drawn.delete(box); }
    }
  }

  // A drawn chart as a PNG file: on paper of its own, with its title, twice as fine as the screen.
  async function savePng(button) {
    const box = document.getElementById(button.dataset.png);
    const figure = box && drawn.get(box);
    if (!figure) return;
    const { data, layout } = box;
    const title = { text: button.dataset.title.replaceAll("<", "&lt;"), x: 0, xanchor: "left", pad: { l: 12 }, font: { size: 15, color: resolved("var(--ink)") } };
    const paper = { ...layout, title, paper_bgcolor: resolved("var(--paper)"), width: 960, height: box.offsetHeight + 110, margin: { ...layout.margin, l: 20, r: 24, t: layout.margin.t + 56, b: 20 } };
    const link = document.createElement("a");
    link.href = await window.Plotly.toImage({ data, layout: paper }, { format: "png", width: paper.width, height: paper.height, scale: 2 });
    link.download = button.dataset.file;
    link.click();
  }
  on("click", "[data-png]", (e, button) => savePng(button));

  // --- After every change of the page ----------------------------------------------------------------------------------
  function settle(part) {
    if (!part) return;
    $$(".notification[data-seconds]").forEach(startTimer);
    drawCharts(part);
    syncSelection();
  }
  document.addEventListener("DOMContentLoaded", () => { applyTheme(); settle(document.body); });
  document.addEventListener("htmx:wsAfterMessage", () => settle($("#copilot")));
  document.addEventListener("htmx:afterSettle", (e) => {
    if (e.target === document.body || e.detail.boosted) { redrawCharts(); applyTheme(); }
    settle(document.body);
  });
  document.addEventListener("htmx:oobAfterSwap", () => settle(document.body));
  document.addEventListener("htmx:beforeRequest", (e) => {
    if (!e.detail.boosted) return;
    root.dataset.loading = "";
    history.replaceState({ ...history.state, y: scrollY }, "");
  });
  document.addEventListener("htmx:afterRequest", () => { delete root.dataset.loading; });
  document.addEventListener("htmx:pushedIntoHistory", () => $("#page")?.focus({ preventScroll: true }));
  document.addEventListener("htmx:historyRestore", () => {
    applyTheme();
    settle(document.body);
    scrollTo(0, history.state?.y ?? 0);
  });

  applyTheme();
})();
