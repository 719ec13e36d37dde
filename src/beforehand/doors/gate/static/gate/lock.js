/* The idle lock in the page: covers it, tells the server, and uncovers it when the password is right.
   What was typed stays in the page the whole time and nowhere else. Without this script the server locks alike
   and keeps a form that was sent too late (doors/gate/lock.py). */
"use strict";

(() => {
  const doc = document;
  const idle = doc.querySelector("meta[name=beforehand-idle]");
  if (!idle) return;
  const limit = Number(idle.content) * 1000;
  let last = Date.now();

  function token() {
    const field = doc.querySelector("input[name=csrfmiddlewaretoken]");
    return field ? field.value : "";
  }

  function send(address, fields) {
    const body = new URLSearchParams({ csrfmiddlewaretoken: token(), ...fields });
    return fetch(address, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
  }

  function make(tag, words, attributes) {
    const element = doc.createElement(tag);
    element.textContent = words;
    Object.entries(attributes || {}).forEach(([name, value]) => element.setAttribute(name, value));
    return element;
  }

  function cover() {
    if (doc.querySelector(".bh-lock")) return;
    const focused = doc.activeElement;
    const title = doc.title;
    const sheet = make("div", "", { class: "bh-lock", role: "dialog", "aria-modal": "true", "aria-labelledby": "lock-title" });
    const form = make("form", "", { class: "bh-state" });
    const wrong = make("p", "", { class: "usa-error-message", role: "alert", id: "lock-wrong" });
    const password = make("input", "", {
      class: "usa-input", type: "password", id: "lock-password", autocomplete: "current-password",
      required: "", "aria-describedby": "lock-wrong",
    });
    form.append(
      make("h2", "Locked", { id: "lock-title" }),
      make("p", "You were away, so this page is covered. What you typed is kept on it."),
      make("label", "Your password", { class: "usa-label", for: "lock-password" }),
      password,
      wrong,
      make("button", "Unlock", { class: "usa-button", type: "submit" }),
    );
    sheet.append(form);
    const parts = [...doc.body.children].map((part) => [part, part.inert]);
    parts.forEach(([part]) => { part.inert = true; part.classList.add("bh-under-lock"); });
    doc.title = "Locked - Beforehand";
    doc.body.append(sheet);
    password.focus();
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      wrong.textContent = "";
      let answer;
      try {
        answer = await send(idle.dataset.unlock, { password: password.value });
      } catch {
        wrong.textContent = "The server did not answer. Try again.";
        return;
      }
      password.value = "";
      if (answer.status === 204) {
        sheet.remove();
        parts.forEach(([part, was]) => { part.inert = was; part.classList.remove("bh-under-lock"); });
        doc.title = title;
        last = Date.now();
        if (focused) focused.focus();
      } else if (answer.status === 403) {
        wrong.textContent = "That is not your password. Try again.";
        password.focus();
      } else if (answer.status === 429) {
        wrong.textContent = "Too many wrong passwords. Wait 15 minutes.";
      } else {
        window.location.assign("/"); // the session has ended: nothing here may stay on the screen
      }
    });
  }

  function lock() {
    cover();
    send(idle.dataset.lock, {}).catch(() => {}); // offline: the server locks by its own clock
  }

  ["pointerdown", "keydown", "scroll", "touchstart"].forEach((kind) =>
    doc.addEventListener(kind, () => { last = Date.now(); }, { passive: true, capture: true }));
  function check() {
    if (Date.now() - last > limit && !doc.querySelector(".bh-lock")) lock();
  }
  doc.addEventListener("visibilitychange", check);
  setInterval(check, 5000);
  doc.addEventListener("beforehand:lock-now", lock);
  doc.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status === 423) { event.preventDefault(); cover(); }
  });
})();
