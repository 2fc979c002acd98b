// What the copilot may know of the page beside it, and the files that are given to it: both travel with a question.
// Loaded in the head before copilot.js.
(() => {
  "use strict";

  const { $, $$, on } = window.iotsim;

  // --- What the copilot may know of the page: identifiers and filter values, no text of the page --------------------
  // Pages declare it in JSON blocks ({% page_context %}); the address has the filters, the boxes what is chosen.
  const TURNED = new Set(["cursor", "limit", "look", "fields", "sort"]);
  let leftOut = false;
  function pageContext() {
    const context = { path: location.pathname };
    for (const block of $$("#page script[data-page-context]")) Object.assign(context, JSON.parse(block.textContent));
    const filters = {};
    for (const [name, value] of new URLSearchParams(location.search)) {
      if (value && !TURNED.has(name)) filters[name] = filters[name] ? `${filters[name]},${value}` : value;
    }
    if (Object.keys(filters).length) context.filters = filters;
    if ($("[data-bulk]:not([hidden])[data-everything]")) context.everything = true;
    else context.selected = $$("input[name=sims]:checked").map((box) => box.value);
    return context;
  }
  function known() {
    const { selected = [], everything, filters = {}, subject, period } = pageContext();
    const parts = [];
    if (everything) parts.push(`all ${$("[data-bulk]").dataset.everything} SIMs that fit`);
    else if (selected.length) parts.push(`${selected.length} selected SIM${selected.length > 1 ? "s" : ""}`);
    if (subject) parts.push(subject.kind === "sim" ? `SIM …${subject.id.slice(-4)}` : `this ${subject.kind}`);
    for (const [name, value] of Object.entries(filters)) parts.push(`${name.replaceAll("_", " ")} = ${value.replaceAll("_", " ")}`);
    if (period?.start) parts.push(period.end && period.end !== period.start ? `${period.start} to ${period.end}` : period.start);
    return parts.join(", ") || `the page ${$("#page h1")?.textContent.trim() ?? ""}`.trim();
  }
  function showKnown() {
    const line = $("#copilot-knows");
    if (!line) return;
    const [words, button] = line.children;
    const text = leftOut ? "Knows nothing of this page for this question" : `Knows: ${known()}`;
    if (words.textContent !== text) words.textContent = words.title = text;
    button.textContent = leftOut ? "Let it know" : "Leave out";
    button.setAttribute("aria-pressed", String(leftOut));
    line.hidden = false;
  }
  on("click", "[data-leave-out]", () => { leftOut = !leftOut; showKnown(); });
  document.addEventListener("change", (e) => { if (e.target.matches("input[type=checkbox]")) setTimeout(showKnown); });
  document.addEventListener("click", (e) => { if (e.target.closest("[data-select-none], [data-select-everything]")) setTimeout(showKnown); });
  for (const moved of ["DOMContentLoaded", "htmx:afterSettle", "htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore"]) {
    document.addEventListener(moved, showKnown);
  }
  document.addEventListener("htmx:wsAfterSend", (e) => {
    if (e.target.id === "copilot-form" && leftOut) { leftOut = false; showKnown(); }
  });

  // --- Files: by the paperclip, dropped on the sidebar, or pasted ----------------------------------------------------
  const files = () => $$("#copilot-files [data-attachment]");
  function give(list) {
    const field = $("#copilot-file");
    if (!list?.length || !field) return false;
    field.files = list;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }
  on("click", "[data-attach]", () => $("#copilot-file").click());
  // A file given before htmx has bound the form waits for the page, as a question does.
  document.addEventListener("change", (e) => {
    if (document.readyState === "complete" || e.target.id !== "copilot-file") return;
    e.stopImmediatePropagation();
    window.addEventListener("load", () => setTimeout(() => e.target.dispatchEvent(new Event("change", { bubbles: true }))), { once: true });
  }, true);
  document.addEventListener("paste", (e) => {
    if (e.target.closest?.("#copilot") && give(e.clipboardData?.files)) e.preventDefault();
  });
  for (const kind of ["dragover", "dragleave", "drop"]) {
    on(kind, "#copilot", (e, sidebar) => {
      if (!e.dataTransfer?.types.includes("Files")) return;
      e.preventDefault();
      sidebar.toggleAttribute("data-over", kind === "dragover");
      if (kind === "drop") give(e.dataTransfer.files);
    });
  }
  document.addEventListener("htmx:afterRequest", (e) => {
    if (e.target.id !== "copilot-file-form") return;
    e.target.reset();
    if (!e.detail.successful) {
      const said = document.createElement("p");
      said.className = "attachment-error";
      said.setAttribute("role", "alert");
      said.textContent = "The file was not taken: it is too large, or the connection is lost. Try again.";
      $("#copilot-files").prepend(said);
    }
    $("#copilot-text").focus();
  });
  // A question takes its files along; when it was refused they come back with the next look at what waits.
  let sent = false;
  document.addEventListener("htmx:wsAfterSend", (e) => {
    if (e.target.id !== "copilot-form" || !$("#copilot-files").childElementCount) return;
    $("#copilot-files").replaceChildren();
    sent = true;
  });
  document.addEventListener("htmx:wsAfterMessage", () => {
    if (sent) window.htmx.trigger("#copilot-files", "iotsim:files");
    sent = false;
  });

  // The context of the question that is about to be sent; of the page, what was known when it was asked.
  window.iotsim.knownOfPage = () => (leftOut ? {} : pageContext());
  window.iotsim.questionContext = (ofPage) => {
    const context = { ...ofPage };
    if (files().length) context.attachments = files().map((one) => Number(one.dataset.attachment));
    return context;
  };
})();
