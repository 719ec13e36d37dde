/* Small comforts on top of pages that work without script: keys, focus, provenance in place. (The idle lock is doors/gate/static/gate/lock.js.)
   Keys (UI.md): / find, j k rows, e evidence, Enter first action of a row, u undo. Off when typing, or when turned off. */
"use strict";

(function () {
  const doc = document;
  const keysOff = () => { try { return localStorage.getItem("beforehand-keys") === "off"; } catch { return false; } };
  const rows = () => Array.from(doc.querySelectorAll("[data-row]")).filter((row) => row.offsetParent !== null);
  const rowOf = (element) => (element ? element.closest("[data-row]") : null);

  /* ---------- rows ---------- */
  function goTo(row) {
    if (!row) return;
    doc.querySelectorAll(".bh-need--here").forEach((other) => other.classList.remove("bh-need--here"));
    row.classList.add("bh-need--here");
    row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }
  function step(by) {
    const all = rows();
    const here = all.indexOf(rowOf(doc.activeElement) || doc.querySelector(".bh-need--here"));
    goTo(all[Math.min(all.length - 1, Math.max(0, here + by))] || all[0]);
  }
  function evidence() {
    const row = rowOf(doc.activeElement) || doc.querySelector(".bh-need--here") || rows()[0];
    if (!row) return;
    const chips = Array.from(row.querySelectorAll("details.bh-ev"));
    const open = chips.some((chip) => !chip.open);
    chips.forEach((chip) => { chip.open = open; });
    goTo(row);
  }
  function act(row) {
    const action = row.querySelector("[data-first]");
    if (action) action.click();
  }
  function undo() {
    const forms = doc.querySelectorAll("[data-undo]");
    const form = forms[forms.length - 1];
    if (form) form.requestSubmit();
  }

  /* ---------- keys ---------- */
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;
  doc.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "Enter" && event.target.matches("[data-row]")) { act(event.target); event.preventDefault(); return; }
    if (keysOff()) return;
    const find = doc.getElementById("find");
    const keys = { "/": () => find && find.focus(), j: () => step(1), k: () => step(-1), e: evidence, u: undo };
    if (keys[event.key]) { keys[event.key](); event.preventDefault(); }
  });
  doc.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys]")) return;
    try { localStorage.setItem("beforehand-keys", event.target.checked ? "on" : "off"); } catch { /* private window */ }
  });

  /* ---------- fields shown only for some answers ---------- */
  function fitFields(form) {
    const chosen = form.querySelector("[name=happened]:checked") || form.querySelector("select[name=happened]");
    form.querySelectorAll("[data-only-for]").forEach((group) => {
      const fits = !chosen || group.dataset.onlyFor.split(" ").includes(chosen.value);
      group.hidden = !fits;
      group.querySelectorAll("input, select, textarea").forEach((field) => { field.disabled = !fits; });
    });
  }

  /* ---------- whole provenance, fetched when a chip is first opened ---------- */
  doc.addEventListener("toggle", (event) => {
    const chip = event.target;
    if (!chip.matches || !chip.matches("details[data-more]") || !chip.open || !window.htmx) return;
    const url = chip.dataset.more;
    delete chip.dataset.more;
    window.htmx.ajax("GET", url, { target: chip.querySelector(".bh-prov"), swap: "outerHTML" });
  }, true);

  /* ---------- after a swap: focus where the eye should be ---------- */
  doc.addEventListener("htmx:afterSettle", (event) => {
    const fresh = event.detail.elt;
    fresh.querySelectorAll("form").forEach(fitFields);
    const done = fresh.matches("[data-done]") ? fresh : fresh.querySelector("[data-done]");
    const wrong = fresh.querySelector("[aria-invalid=true]");
    const panel = fresh.querySelector("[data-panel]");
    if (wrong) wrong.focus();
    else if (done) done.focus();
    else if (panel) (panel.querySelector("input:not([type=hidden]), select, textarea, button") || panel).focus();
  });
  doc.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (!close) return;
    const slot = close.closest(".bh-slot");
    if (!slot) return;
    event.preventDefault();
    const row = rowOf(slot);
    slot.replaceChildren();
    goTo(row);
  });
  function notSaved(event) {
    if (event.detail.xhr && event.detail.xhr.status === 423) return; // locked: the lock covers the page
    const from = event.detail.elt;
    const form = from.closest("form") || from;
    const status = event.detail.xhr ? event.detail.xhr.status : 0;
    if (status === 401 || status === 423) { location.reload(); return; }
    let note = form.querySelector("[data-not-saved]");
    if (!note) {
      note = doc.createElement("p");
      note.className = "usa-error-message bh-gap";
      note.dataset.notSaved = "";
      note.setAttribute("role", "alert");
      form.append(note);
    }
    note.textContent = status === 0
      ? "Not saved: the server did not answer. What you typed is kept on this page. Try again."
      : "Not saved: the server could not do it. What you typed is kept on this page. Try again, or reload to see what changed.";
  }
  doc.addEventListener("htmx:sendError", notSaved);
  doc.addEventListener("htmx:responseError", notSaved);

  /* ---------- start ---------- */
  doc.addEventListener("change", (event) => { if (event.target.name === "happened") fitFields(event.target.form); });
  doc.addEventListener("DOMContentLoaded", start);
  if (doc.readyState !== "loading") start();
  function start() {
    doc.querySelectorAll("form").forEach(fitFields);
    const keys = doc.querySelector("[data-keys]");
    if (keys) keys.checked = !keysOff();
    const done = doc.querySelector("#notices [data-done]");
    if (done) done.focus({ preventScroll: true });
  }
})();
