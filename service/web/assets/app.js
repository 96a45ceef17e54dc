"use strict";
/* Everything here only helps: every page works without it.
   1. A form with data-draft keeps what is written on this device until it has been sent, and is sent again when the line is back.
   2. A form that is being sent can't be sent twice. 3. A bar says when there is no connection. 4. Small helps: menus, echoes, copies. */
(() => {
  const words = document.body.dataset;
  const offline = document.querySelector(".offline-bar");
  const live = document.getElementById("live");

  const tell = (text) => { if (live) live.textContent = text; };
  const showLine = () => { if (offline) offline.hidden = navigator.onLine; };
  addEventListener("online", showLine);
  addEventListener("offline", showLine);
  showLine();

  const keyOf = (form) => `mca:${words.who || ""}:${form.dataset.draft}`;
  const skipped = (field) => !field.name || field.name.startsWith("_") || field.type === "file" || field.type === "password";
  const store = {
    get(key) { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* A full or closed store only means no draft. */ } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* Nothing was kept, then. */ } },
  };
  const contents = (form) => [...new FormData(form)].filter(([name, value]) => !name.startsWith("_") && typeof value === "string");

  function fill(form, pairs) {
    const values = new Map();
    for (const [name, value] of pairs) values.set(name, [...(values.get(name) || []), value]);
    for (const field of form.elements) {
      if (skipped(field)) continue;
      const given = values.get(field.name) || [];
      if (field.type === "checkbox" || field.type === "radio") field.checked = given.includes(field.value);
      else if (given.length) field.value = given.shift();
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }

  function note(form, kind, text) {
    let said = form.querySelector(".draft-said");
    if (!said) {
      said = document.createElement("p");
      said.setAttribute("role", "status");
      form.querySelector("[type=submit]:last-of-type").before(said);
    }
    said.className = `said draft-said ${kind}`;
    said.textContent = text;
  }

  /* A draft that came back says so above everything else, where it can be discarded at once. */
  function offerToDiscard(form, key) {
    const said = document.createElement("p"), button = document.createElement("button");
    said.setAttribute("role", "status");
    said.className = "said info draft-back";
    button.type = "button";
    button.className = "small";
    button.textContent = words.draftDiscard;
    button.addEventListener("click", () => { store.drop(key); location.reload(); });
    said.append(`${words.draftBack} `, button);
    form.prepend(said);
  }

  /* What was sent is forgotten once another page has come of it. */
  const pending = {
    set(key) { try { sessionStorage.setItem("mca:pending", key); } catch { /* Then the draft simply stays. */ } },
    take() { try { const key = sessionStorage.getItem("mca:pending"); sessionStorage.removeItem("mca:pending"); return key; } catch { return null; } },
  };
  const drafts = [...document.querySelectorAll("form[data-draft]")];
  const sent = words.keepDrafts === undefined ? pending.take() : null;
  if (sent && !drafts.some((form) => form.dataset.refused && keyOf(form) === sent)) store.drop(sent);

  for (const form of drafts) {
    const key = keyOf(form), kept = store.get(key);
    if (kept && !form.dataset.refused && JSON.stringify(kept) !== JSON.stringify(contents(form))) {
      fill(form, kept);
      offerToDiscard(form, key);
    }
    form.addEventListener("input", () => store.set(key, contents(form)));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      store.set(key, contents(form));
      try {
        // A form that is sent into a dead line is lost with its page: so the line is tried first.
        await fetch("/static/alive", { cache: "no-store" });
      } catch {
        release(form);
        note(form, "warn", words.notSent);
        tell(words.notSent);
        addEventListener("online", () => form.requestSubmit(event.submitter), { once: true });
        return;
      }
      if (event.submitter && event.submitter.name) {
        const chosen = document.createElement("input");
        chosen.type = "hidden"; chosen.name = event.submitter.name; chosen.value = event.submitter.value;
        form.append(chosen);
      }
      pending.set(key);
      form.submit();
    });
  }

  function release(form) {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("button.busy")) { button.classList.remove("busy"); button.removeAttribute("aria-disabled"); }
  }
  addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented && !form.dataset.draft) return;
    if (form.method !== "post") return;
    if (form.dataset.sending) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    form.dataset.sending = "1";
    if (event.submitter) { event.submitter.classList.add("busy"); event.submitter.setAttribute("aria-disabled", "true"); }
  }, true);
  /* Who logs out leaves nothing of his half-filled forms on the device. */
  document.querySelector("form[action='/sign-out']")?.addEventListener("submit", () => {
    for (const key of Object.keys(localStorage)) if (key.startsWith("mca:")) store.drop(key);
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const close = event.target.closest("[data-close]");
    if (close) close.closest(".said").remove();
    if (event.target.closest("[data-print]")) print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });

  /* Reads a number as the server does (catalog.quantities.number); NaN for what it would refuse. */
  const readNumber = (text) => {
    const plain = text.normalize("NFKC").replace(/[\s_]/g, ""), mark = document.documentElement.lang === "vi" ? "," : ".";
    if (/^[1-9]\d{0,2}[.,]\d{3}$/.test(plain)) return Number(plain.at(-4) === mark ? plain.replace(",", ".") : plain.replace(/[.,]/, ""));
    if (/^[1-9]\d{0,2}(\.\d{3})+(,\d+)?$/.test(plain)) return Number(plain.replaceAll(".", "").replace(",", "."));
    if (/^[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(plain)) return Number(plain.replaceAll(",", ""));
    return /^\d+([.,]\d+)?$/.test(plain) ? Number(plain.replace(",", ".")) : NaN;
  };
  window.readNumber = readNumber;

  /* A whole number is echoed with the marks of its thousands, so that a wrong one is seen before it is sent. */
  for (const echo of document.querySelectorAll("[data-number]")) {
    const field = document.getElementById(echo.dataset.number);
    const show = () => {
      const value = readNumber(field.value.replace(/[đ₫]/g, ""));
      echo.textContent = field.value.trim() && Number.isFinite(value) ? `= ${value.toLocaleString(document.documentElement.lang)}` : "";
    };
    field.addEventListener("input", show); show();
  }

  /* An amount in tạ or tấn is echoed in kilograms beside it, so that a wrong unit is seen before it is sent. */
  for (const echo of document.querySelectorAll("[data-echo]")) {
    const [amount, unit] = echo.dataset.echo.split(" ").map((name) => document.getElementById(name));
    const show = () => {
      const per = { kg: 1, "yến": 10, "tạ": 100, "tấn": 1000 }[unit.value];
      const kg = per * readNumber(amount.value);
      echo.textContent = amount.value.trim() && Number.isFinite(kg) ? `= ${kg.toLocaleString(document.documentElement.lang)} kg` : "";
    };
    amount.addEventListener("input", show); unit.addEventListener("input", show); show();
  }

  /* A browser writes days as its own language does; beside its field each day stands as people here write it, with its weekday. */
  for (const echo of document.querySelectorAll("[data-day]")) {
    const field = document.getElementById(echo.dataset.day);
    const show = () => {
      const [year, month, day] = field.value.split("-").map(Number);
      const written = { weekday: "long", day: "2-digit", month: "2-digit", year: "numeric" };
      echo.textContent = day ? new Date(year, month - 1, day).toLocaleDateString(document.documentElement.lang === "vi" ? "vi" : "en-GB", written) : "\u00a0";
    };
    field.addEventListener("input", show); show();
  }

  /* What is usual of one product and grade fills fields that are empty, or that held what is usual of another. */
  for (const list of document.querySelectorAll("[data-usual]")) {
    const keys = list.dataset.usual.split(" ").map((name) => document.getElementById(name)), filled = {};
    const show = () => {
      const found = [...list.children].find((one) => one.dataset.key === keys.map((field) => field.value).join(" "));
      for (const name of ["ask_vnd_per_kg", "shelf_life_days"]) {
        const field = document.getElementById(name);
        if (!field || (field.value && field.value !== filled[name])) continue;
        field.value = filled[name] = (found && found.dataset[name]) || "";
      }
      const unit = document.getElementById("unit"), amount = document.getElementById("amount");
      if (unit && found && !(amount && amount.value)) unit.value = found.dataset.unit;
    };
    for (const field of keys) if (field) field.addEventListener("input", show);
    if (keys.every(Boolean)) show();
  }

  /* Choosing what a select offers may show or hide other fields: data-shown-for="name value value". */
  for (const part of document.querySelectorAll("[data-shown-for]")) {
    const [name, ...values] = part.dataset.shownFor.split(" ");
    const field = document.getElementById(name);
    const show = () => { part.hidden = !values.includes(field.value); };
    field.addEventListener("input", show); show();
  }

  if ("serviceWorker" in navigator && words.offline) navigator.serviceWorker.register("/sw.js").catch(() => tell(""));
})();
