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
    else if (panel && !panel.contains(doc.activeElement)) (panel.querySelector("input:not([type=hidden]), select, textarea, button") || panel).focus();
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

  /* ---------- a list that stands open follows what happens ----------
     Rows that are in use (focus in them, a fold open, a form begun) and rows just done stay as they are until they
     are let go; all others come, change, move and go. */
  const inUse = (row) => row.contains(doc.activeElement) || row.matches("[data-done]") || !row.matches("[data-row]")
    || row.querySelector("details[open], [data-done], .bh-slot > *") !== null;
  const same = (one, other) => one.outerHTML.replace(/ bh-need--here|csrfmiddlewaretoken" value="\w+/g, "") === other.outerHTML.replace(/csrfmiddlewaretoken" value="\w+/g, "");
  let news = null, started = false;
  function show(fresh) {
    if (window.htmx) window.htmx.process(fresh);
    fresh.querySelectorAll("form").forEach(fitFields);
  }
  function putAfter(parent, before, element) {
    if (before ? before.nextElementSibling !== element : parent.firstElementChild !== element) {
      if (before) before.after(element); else parent.prepend(element);
    }
  }
  function followRows(old, fresh) {
    let before = old.querySelector(":scope > .bh-band");
    const title = fresh.querySelector(":scope > .bh-band");
    if (before && title && before.innerHTML !== title.innerHTML) before.innerHTML = title.innerHTML;
    let came = 0;
    fresh.querySelectorAll(":scope > [data-row]").forEach((row) => {
      const here = doc.getElementById(row.id);
      if (here && inUse(here)) { if (here.parentElement === old) before = here; return; }
      if (here && same(here, row)) { putAfter(old, before, here); before = here; return; }
      if (here) here.remove(); else came += 1;
      putAfter(old, before, row);
      show(row);
      before = row;
    });
    return came;
  }
  function follow() {
    const list = doc.getElementById("list");
    if (!news || !list) return;
    const held = doc.activeElement; // what is moved with its section would lose the focus
    const fresh = news.querySelector("#list").cloneNode(true);
    const ids = new Set(Array.from(fresh.querySelectorAll("[data-row]"), (row) => row.id));
    const titles = (within) => new Map(Array.from(within.querySelectorAll(":scope > section"), (section) => [section.querySelector("h2").textContent, section]));
    const known = titles(list);
    let before = null, came = 0;
    titles(fresh).forEach((section, title) => {
      let old = known.get(title);
      if (!old) {
        old = section.cloneNode(false);
        old.append(section.querySelector(".bh-band").cloneNode(true));
      }
      putAfter(list, before, old);
      before = old;
      came += followRows(old, section);
    });
    list.querySelectorAll(":scope > section > [data-row]").forEach((row) => { if (!ids.has(row.id) && !inUse(row)) row.remove(); });
    list.querySelectorAll(":scope > section").forEach((section) => { if (!section.querySelector("[data-row], [data-done], li")) section.remove(); });
    list.querySelectorAll(":scope > :not(section)").forEach((other) => other.remove());
    fresh.querySelectorAll(":scope > :not(section)").forEach((other) => list.append(other));
    const head = doc.getElementById("today-head");
    const said = news.querySelector("#today-head");
    if (head && said && !head.contains(doc.activeElement)) head.innerHTML = said.innerHTML;
    if (held && held !== doc.activeElement && held.isConnected && list.contains(held)) held.focus({ preventScroll: true });
    const status = doc.querySelector("[data-news]");
    if (status && came) status.textContent = came === 1 ? "One more person is on the list." : `${came} more people are on the list.`;
  }
  function startFollowing() {
    const list = doc.getElementById("list");
    if (!list || !list.dataset.live || !window.fetch) return;
    const every = Number(list.dataset.every) * 1000;
    let wait = every, timer = 0;
    async function ask() {
      if (doc.hidden) return; // asked again when the page is looked at
      try {
        const address = `${list.dataset.live}&seen=${encodeURIComponent(list.dataset.version)}`;
        const answer = await fetch(address, { headers: { "HX-Request": "true" }, redirect: "manual" });
        if (answer.type === "opaqueredirect" || answer.headers.has("HX-Redirect") || answer.status === 403) return; // signed out
        if (answer.status === 200) {
          news = new DOMParser().parseFromString(await answer.text(), "text/html");
          const version = news.querySelector("#list").dataset.version;
          follow();
          list.dataset.version = version;
        }
        wait = answer.ok ? every : Math.min(wait * 2, 60000);
      } catch { wait = Math.min(wait * 2, 60000); }
      timer = setTimeout(ask, wait);
    }
    doc.addEventListener("visibilitychange", () => { clearTimeout(timer); if (!doc.hidden) { wait = every; ask(); } });
    const letGo = () => setTimeout(follow, 300); // what was in use is let go: it may change now
    doc.addEventListener("focusout", letGo);
    doc.addEventListener("toggle", letGo, true);
    doc.addEventListener("htmx:beforeRequest", () => { news = null; list.dataset.version = ""; }); // an act makes what we know old
    timer = setTimeout(ask, every);
  }

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
    if (!started) { started = true; startFollowing(); }
  }
})();
