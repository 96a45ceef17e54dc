"use strict";
/* The board of a plan: a grid of which only the visible rows are drawn, keys for everything, decisions with what they mean shown before.
   Map and timeline are in board-views.js; both sides speak through events of #board. The words come from the server. */
(() => {
  const root = document.getElementById("board");
  const at = (id) => document.getElementById(id);
  const words = JSON.parse(root.dataset.words);
  const locale = root.dataset.language === "vi" ? "vi-VN" : "en-US";
  const decides = root.dataset.decides === "1", MOST_PARTIES = 12, AT_ONCE = 100;
  const [grid, body, scroller, decideBox] = [at("grid"), at("rows"), at("scroll"), at("decide")];
  const sizer = document.createElement("div");
  grid.before(sizer);
  sizer.append(grid);

  const say = (name, values = {}) => words[name].replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
  const number = (value) => Number(value).toLocaleString(locale);
  const kg = (value) => `${number(value)}\u00a0kg`;
  const vnd = (value) => `${number(value)}\u00a0đ`;
  const signed = (value, write) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${write(Math.abs(value))}`;
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").replace(/[đĐ]/g, "d").toLowerCase();
  const element = (name, text = "", className = "") => {
    const made = document.createElement(name);
    if (text !== "") made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  let items = null, trips = null, base = null, sites = [], stages = [], kinds = [];
  let order = [], cursor = 0, anchor = 0, busy = false, trip = null, latest = null;
  let sorted = { key: "pickup", down: false };
  const picked = new Set(), places = new Map(), ofTrip = new Map(), tripAt = new Map(), log = [];
  let search = [], rank = new Map();

  const dayOf = (offset) => { const day = new Date(base); day.setUTCDate(day.getUTCDate() + offset); return day; };
  const two = (value) => String(value).padStart(2, "0");
  const shortDay = (offset) => { if (offset < 0) return "–"; const day = dayOf(offset); return `${two(day.getUTCDate())}/${two(day.getUTCMonth() + 1)}`; };
  const longDay = (offset) => `${words.weekdays.split(" ")[dayOf(offset).getUTCDay()]} ${shortDay(offset)}`;
  const isoDay = (offset) => dayOf(offset).toISOString().slice(0, 10);
  const truckOf = (row) => (items.truck[row] < 0 ? say("carrier") : items.trucks[items.truck[row]]);
  const values = {
    stage: (row) => items.stage[row], product: (row) => `${items.products[items.product[row]]} ${items.grade[row]}`, kg: (row) => items.kg[row],
    supplier: (row) => items.names[items.supplier[row]], buyer: (row) => items.names[items.buyer[row]], pickup: (row) => items.pickup[row],
    truck: (row) => `${truckOf(row)} ${String(items.trips[row][0] ?? "").padStart(6, "0")}`, gets: (row) => items.gets[row], over: (row) => items.over[row],
  };

  /* What the server tells */
  async function load() {
    const answer = await fetch(`/plans/${root.dataset.plan}/board`, { headers: { accept: "application/json" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const told = await answer.json();
    ({ items, trips, sites, stages, kinds } = told);
    base = new Date(`${told.first}T00:00:00Z`);
    latest = items.latest;
    items.uid.forEach((uid, row) => places.set(uid, row));
    trips.number.forEach((name, index) => tripAt.set(name, index));
    index();
    search = items.uid.map((_, row) => plain([items.lot[row], items.line[row], values.supplier(row), values.buyer(row), values.product(row), truckOf(row)].join(" ")));
    options();
    restore();
    arrange();
    root.dispatchEvent(new CustomEvent("board:ready", { detail: { items, trips, sites, kinds, base, ofTrip, tripAt, longDay, say, number, kg, vnd } }));
    tellChosen();
  }

  function index() {
    ofTrip.clear();
    items.trips.forEach((names, row) => { for (const name of names) ofTrip.set(name, [...(ofTrip.get(name) || []), row]); });
  }

  /* Rows that have changed, on this desk or on another one */
  async function refresh() {
    if (!items || document.hidden) return 0;
    const answer = await fetch(`/plans/${root.dataset.plan}/board?since=${encodeURIComponent(latest || new Date(0).toISOString())}`, { headers: { accept: "application/json" } });
    if (!answer.ok) return 0;
    const fresh = await answer.json();
    const theirs = { supplier: "names", buyer: "names", product: "products", truck: "trucks" };
    let changed = 0;
    fresh.uid.forEach((uid, n) => {
      const row = places.get(uid);
      if (row === undefined) return;
      changed += items.version[row] !== fresh.version[n];
      for (const key of ["version", "stage", "kg", "pickup", "delivery", "trips", "gets", "pays", "freight", "over", "pin", "reason", "far", "again"]) items[key][row] = fresh[key][n];
      for (const [key, list] of Object.entries(theirs)) {
        const name = fresh[key][n] < 0 ? null : fresh[list][fresh[key][n]];
        if (name !== null && !items[list].includes(name)) items[list].push(name);
        items[key][row] = name === null ? -1 : items[list].indexOf(name);
      }
    });
    latest = fresh.latest || latest;
    if (fresh.uid.length) { index(); draw(); detail(); }
    return changed;
  }

  /* Which rows, in which order */
  function options() {
    const counts = new Map(), days = new Map();
    items.stage.forEach((stage) => counts.set(stage, (counts.get(stage) || 0) + 1));
    items.pickup.forEach((day) => days.set(day, (days.get(day) || 0) + 1));
    for (const [stage, count] of [...counts].sort((a, b) => a[0] - b[0])) at("stage").append(new Option(`${words.stages[stages[stage]]} (${count})`, stage));
    for (const [day, count] of [...days].sort((a, b) => a[0] - b[0])) at("day").append(new Option(`${longDay(day)} (${count})`, day));
    for (const button of grid.querySelectorAll("[data-sort]")) at("sort").append(new Option(button.textContent, button.dataset.sort));
  }

  function arrange(keep = null) {
    const wanted = plain(at("q").value).split(/\s+/).filter(Boolean);
    const [stage, day] = [at("stage").value, at("day").value];
    order = items.uid.map((_, row) => row).filter((row) =>
      (stage === "" || items.stage[row] === Number(stage)) && (day === "" || items.pickup[row] === Number(day)) &&
      (trip === null || items.trips[row].includes(trip)) && wanted.every((word) => search[row].includes(word)));
    const value = values[sorted.key], sign = sorted.down ? -1 : 1, collate = new Intl.Collator(locale, { numeric: true }).compare;
    order.sort((a, b) => sign * (typeof value(a) === "number" ? value(a) - value(b) : collate(value(a), value(b))) || a - b);
    rank = new Map(order.map((row, place) => [row, place]));
    for (const row of [...picked]) if (!rank.has(row)) picked.delete(row);
    cursor = anchor = keep === null ? 0 : rank.get(keep) ?? 0;
    at("sort").value = sorted.key;
    at("clear").hidden = !(wanted.length || stage || day || trip !== null);
    for (const head of grid.querySelectorAll("th[data-key]")) {
      if (head.dataset.key === sorted.key) head.setAttribute("aria-sort", sorted.down ? "descending" : "ascending"); else head.removeAttribute("aria-sort");
    }
    remember();
    show(keep !== null);
  }

  function remember() {
    const kept = new URLSearchParams();
    for (const id of ["q", "stage", "day"]) if (at(id).value) kept.set(id, at(id).value);
    if (trip !== null) kept.set("trip", trip);
    if (sorted.key !== "pickup" || sorted.down) kept.set("sort", (sorted.down ? "-" : "") + sorted.key);
    history.replaceState(null, "", kept.size ? `#${kept}` : location.pathname);
  }

  function restore() {
    const kept = new URLSearchParams(location.hash.slice(1));
    for (const id of ["q", "stage", "day"]) if (kept.get(id)) at(id).value = kept.get(id);
    if (kept.get("trip")) trip = Number(kept.get("trip"));
    const sort = kept.get("sort") || "";
    if (values[sort.replace("-", "")]) sorted = { key: sort.replace("-", ""), down: sort.startsWith("-") };
  }

  /* Drawing: only what can be seen, and a little more */
  const height = () => parseFloat(getComputedStyle(grid).getPropertyValue("--row")) || 40;
  function draw() {
    if (!items) return;
    const tall = height(), first = Math.max(0, Math.floor(scroller.scrollTop / tall) - 8);
    const last = Math.min(order.length, first + Math.ceil(scroller.clientHeight / tall) + 16);
    sizer.style.height = `${order.length * tall + grid.tHead.offsetHeight + 1}px`;
    sizer.style.paddingTop = `${first * tall}px`;
    grid.setAttribute("aria-rowcount", String(order.length + 1));
    body.replaceChildren(...order.slice(first, last).map((row, n) => drawRow(row, first + n)));
    const here = order[cursor];
    if (here !== undefined && cursor >= first && cursor < last) grid.setAttribute("aria-activedescendant", `row-${here}`); else grid.removeAttribute("aria-activedescendant");
  }

  const pinned = () => {
    const made = element("span", "", "pinned"), drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg"), use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    drawn.setAttribute("class", "icon");
    drawn.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `${root.dataset.icons}#pin`);
    drawn.append(use);
    made.append(drawn, element("span", say("pin"), "visually-hidden"));
    made.title = say("pin");
    return made;
  };
  const colours = { proposed: "info", approved: "warn", confirmed: "good", loaded: "info", received: "good", settled: "good", rejected: "bad" };
  function drawRow(row, place) {
    const made = element("tr"), stage = stages[items.stage[row]];
    made.id = `row-${row}`;
    made.dataset.row = row;
    made.setAttribute("aria-rowindex", String(place + 2));
    made.setAttribute("aria-selected", String(picked.has(row)));
    if (place === cursor) made.className = "at";
    const cell = (text, className = "") => { const one = element("td", text, className); if (text) one.title = text; made.append(one); return one; };
    cell(picked.has(row) ? "☑" : "☐", "pick");
    const state = cell("", "stage");
    state.append(element("span", words.stages[stage], `badge ${colours[stage] || ""}`));
    if (items.pin[row] > 0) state.append(" ", pinned());
    cell(`${items.products[items.product[row]]}, ${say("grade", { rank: items.grade[row] })}`, "product");
    cell(kg(items.kg[row]), "num kg");
    cell(values.supplier(row), "supplier");
    cell(values.buyer(row), "buyer");
    cell(shortDay(items.pickup[row]), "pickup");
    cell(`${truckOf(row)}${items.trips[row].length ? ` · ${items.trips[row].join("+")}` : ""}`, "truck");
    cell(vnd(items.gets[row]), "num gets");
    cell(number(items.over[row]), "num over");
    return made;
  }

  function count() {
    const sum = (rows) => rows.reduce((total, row) => total + items.kg[row], 0);
    at("count").textContent = order.length || !items.uid.length ? say("rows", { n: number(order.length), all: number(items.uid.length), kg: kg(sum(order)) }) : say("none");
    at("picked").textContent = picked.size ? say("chosen", { n: number(picked.size), kg: kg(sum([...picked])) }) : "";
    at("empty").hidden = items.uid.length > 0;
    root.toggleAttribute("data-nothing", items.uid.length === 0);
    scroller.hidden = items.uid.length === 0;
  }

  function show(intoView = true) {
    const tall = height(), head = grid.tHead.offsetHeight;
    if (intoView) {
      const top = cursor * tall, room = scroller.clientHeight - head;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + tall > scroller.scrollTop + room) scroller.scrollTop = top + tall - room;
    } else scroller.scrollTop = 0;
    draw();
    count();
    detail();
    tellChosen();
  }

  const targets = () => (picked.size ? [...picked].sort((a, b) => rank.get(a) - rank.get(b)) : order[cursor] === undefined ? [] : [order[cursor]]);
  function tellChosen() {
    const rows = targets(), chosen = new Set(rows.flatMap((row) => items.trips[row]));
    root.dispatchEvent(new CustomEvent("board:chosen", { detail: { rows, trips: chosen, day: rows.length ? items.pickup[order[cursor] ?? rows[0]] : null } }));
  }

  /* What is known of the proposal at the cursor */
  function detail() {
    const row = order[cursor], box = at("detail");
    if (row === undefined) return;
    const facts = element("dl", "", "facts");
    const fact = (name, value) => { const pair = element("div"); pair.append(element("dt", name), element("dd", value)); facts.append(pair); };
    const head = element("p", `${items.lot[row]} → ${items.line[row]}`, "strong");
    fact(values.supplier(row), `${say("gets")} ${vnd(items.gets[row])}`);
    fact(values.buyer(row), `${say("pays")} ${vnd(items.pays[row])}`);
    fact(say("freight"), vnd(items.freight[row]));
    fact(say("day"), items.pickup[row] === items.delivery[row] ? longDay(items.pickup[row]) : `${longDay(items.pickup[row])} → ${longDay(items.delivery[row])}`);
    const far = items.far[row];
    ["loaded", "accepted", "turned", "settled", "paid"].forEach((name, n) => { if (far.length) fact(say(name), kg(far[n])); });
    if (far.length && far[3]) fact(say("settled_vnd"), `${say("gets")} ${vnd(far[5])} · ${say("pays")} ${vnd(far[6])}`);
    box.replaceChildren(head, facts);
    const more = element("p", "", "small"), whole = element("a", say("whole"));
    whole.href = `/promises/${items.uid[row]}`;
    if (items.again[row]) more.append(`${say("again")} `);
    more.append(whole);
    box.append(more);
    for (const name of items.trips[row]) {
      const told = element("p", "", "small"), link = element("a", say("trip", { n: name }));
      link.href = `/plans/${root.dataset.plan}/trips/${name}`;
      told.append(link, ` · ${truckOf(row)} · ${stopsOf(name)}`);
      box.append(told);
    }
    if (!items.trips[row].length) box.append(element("p", say("own"), "small"));
  }

  function stopsOf(name) {
    const flat = trips.stops[tripAt.get(name)], told = [];
    for (let n = 0; n < flat.length; n += 3) told.push((flat[n + 1] < 0 ? "" : `${two(Math.floor((flat[n + 1] % 1440) / 60))}:${two(flat[n + 1] % 60)} `) + sites[flat[n]][0]);
    return told.join(" → ");
  }

  /* Deciding */
  async function ask(path, content) {
    const headers = { "content-type": "application/json", "x-csrf-token": root.dataset.token, "idempotency-key": crypto.randomUUID() };
    const answer = await fetch(`/api/v1/proposal-items/${path}`, { method: "POST", headers, body: JSON.stringify(content) });
    const told = await answer.json();
    if (!answer.ok) throw Object.assign(new Error(told.errors?.map((one) => one.message).join("; ") || told.detail || told.title), { told });
    return told;
  }
  /* Why something was refused, in the visitor's words where there are any. */
  function why(told) {
    const rules = (told.errors || []).map((one) => { const found = /^the rule (\w+) to be kept at (.+)$/.exec(one.message); return found ? say("rule", { rule: words.rules[found[1]] || found[1], where: found[2] }) : one.message; });
    return rules.join("; ") || words.codes[told.code] || told.detail || told.title || "";
  }
  const seen = (rows) => rows.map((row) => ({ uid: items.uid[row], version: items.version[row] }));
  const done = { approve: "approved", reject: "rejected", pin: "pinned", undo: "undone" };

  async function send(action, rows, more = {}) {
    if (busy || !rows.length) return;
    busy = true;
    mark(true);
    try {
      const results = [];
      for (let n = 0; n < rows.length; n += AT_ONCE) {
        if (rows.length > AT_ONCE) report(say("saving", { n: `${number(n)}/${number(rows.length)}` }), [], false);
        results.push(...(await ask("decide", { action, items: seen(rows.slice(n, n + AT_ONCE)), partial: true, ...more })).results);
      }
      const refused = results.filter((one) => one.status !== 200), good = results.filter((one) => one.status === 200);
      await refresh();
      if (action === "undo") log.pop(); else if (good.length) log.push(good.map((one) => places.get(one.uid)));
      picked.clear();
      if (action !== "undo" && good.length && rows.length === 1 && cursor < order.length - 1) cursor = anchor = cursor + 1;
      show();
      report(good.length ? say(done[action], { n: number(good.length) }) : "", refused, action !== "undo" && good.length > 0);
    } catch (error) {
      await refresh().catch(() => 0);
      report("", [{ detail: error instanceof TypeError ? say("offline") : error.message }], false);
    } finally {
      busy = false;
      mark(false);
    }
  }

  function mark(working) {
    for (const button of document.querySelectorAll("[data-act]")) button.setAttribute("aria-disabled", String(working));
    grid.setAttribute("aria-busy", String(working));
  }

  let toastEnds = 0;
  function report(text, refused, canUndo) {
    const said = [text];
    if (refused.length) {
      const names = [...new Set(refused.map((one) => (one.who ? `${say("first", { who: one.who })} ${why(one)}` : one.status === 412 ? say("stale") : why(one))))].slice(0, 3);
      said.push(say("refused", { n: number(refused.length) }), ...names);
    }
    const toast = at("toast");
    toast.firstElementChild.textContent = said.filter(Boolean).join(" ");
    toast.classList.toggle("bad", refused.length > 0);
    at("toast-undo").hidden = !canUndo;
    toast.hidden = false;
    clearTimeout(toastEnds);
    toastEnds = setTimeout(() => { toast.hidden = true; }, refused.length ? 20_000 : 10_000);
  }

  function undo() {
    if (log.length) send("undo", log[log.length - 1]); else if (targets().length && decides) report(say("nothing"), [], false);
  }

  /* The box that shows what a decision means */
  let pending = null;
  function open(action) {
    const rows = targets();
    if (!rows.length || busy || !decides) return;
    pending = { action, rows };
    const row = rows[0], one = rows.length === 1;
    const title = action === "edit" && one ? say("edit_title", { lot: items.lot[row], line: items.line[row] }) : say(`${action}${action === "edit" ? "_many" : ""}_title`, { n: number(rows.length) });
    at("decide-head").textContent = title;
    decideBox.querySelector("#decide-go span").textContent = action === "edit" ? say("save") : title;
    for (const part of decideBox.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(action);
    // Many are changed alike: their days and their trucks, not their kilograms. A field that is left empty leaves what there is.
    decideBox.querySelector("[data-one]").hidden = !one;
    at("new-kg").value = items.kg[row];
    at("new-pickup").value = !one || items.pickup[row] < 0 ? "" : isoDay(items.pickup[row]);
    at("new-delivery").value = !one || items.delivery[row] < 0 ? "" : isoDay(items.delivery[row]);
    at("new-truck").value = at("note").value = "";
    decideBox.showModal();
    (action === "edit" ? at(one ? "new-kg" : "new-pickup") : action === "reject" ? at("reason") : at("decide-go")).focus();
    preview();
  }

  function wanted() {
    const { action, rows } = pending, more = {}, row = rows[0], one = rows.length === 1;
    if (action === "reject") more.reason = at("reason").value;
    if (at("note").value.trim()) more.note = at("note").value.trim();
    if (action === "edit") {
      // What isn't a whole number goes to the server as it is, which says so.
      const written = at("new-kg").value.trim(), kilograms = window.readNumber(written);
      more.change = {};
      if (one && written && kilograms !== items.kg[row]) more.change.kg = Number.isNaN(kilograms) ? written : kilograms;
      if (at("new-pickup").value && !(one && at("new-pickup").value === isoDay(items.pickup[row]))) more.change.pickup_on = at("new-pickup").value;
      if (at("new-delivery").value && !(one && at("new-delivery").value === isoDay(items.delivery[row]))) more.change.delivery_on = at("new-delivery").value;
      if (at("new-truck").value) more.change.vehicle_class = at("new-truck").value;
    }
    return more;
  }

  /* A button that is disabled for a moment would lose the focus, and with it the next Enter. */
  let ready = false;
  const allow = (yes) => { ready = yes; at("decide-go").setAttribute("aria-disabled", String(!yes)); };
  let asked = 0;
  async function preview() {
    const mine = (asked += 1), box = at("effects"), { action, rows } = pending;
    const more = wanted();
    allow(false);
    box.replaceChildren(element("p", say("loading"), "muted"));
    try {
      const found = await ask("preview", { action, items: seen(rows), ...more, ...(more.reason === "other" && !more.note ? { note: "…" } : {}) });
      if (mine !== asked) return;
      box.replaceChildren(...effects(found, action));
      allow(!(more.reason === "other" && !more.note));
    } catch (error) {
      if (mine !== asked) return;
      const told = error.told || {};
      const said = element("p", error instanceof TypeError ? say("offline") : told.who ? `${say("first", { who: told.who })} ${why(told)}` : why(told) || error.message, "said bad");
      box.replaceChildren(said);
    }
  }

  function effects(found, action) {
    const table = element("table"), rows = element("tbody");
    const line = (name, change, wins) => {
      const made = element("tr"), value = element("td", change, `num ${wins ? "wins" : "loses"}`);
      made.append(Object.assign(element("th", name), { scope: "row" }), element("td", say(wins ? "gains" : "loses"), "small"), value);
      rows.append(made);
    };
    const shown = found.parties.filter((party) => party.kg || (party.side === "supply" && party.vnd));
    for (const party of shown.slice(0, MOST_PARTIES)) {
      const money = party.side === "supply" && party.vnd ? [signed(party.vnd, vnd)] : [];
      line(party.name, [...money, ...(party.kg ? [signed(party.kg, kg)] : [])].join(" · "), (money.length ? party.vnd : party.kg) > 0);
    }
    if (shown.length > MOST_PARTIES) { const rest = element("tr"); rest.append(element("td", `… +${number(shown.length - MOST_PARTIES)}`)); rows.append(rest); }
    if (found.fee_vnd) line(say("fee"), signed(found.fee_vnd, vnd), found.fee_vnd > 0);
    if (found.freight_vnd) line(say("freight"), signed(found.freight_vnd, vnd), found.freight_vnd < 0);
    if (found.worth_vnd) line(say("worth"), signed(found.worth_vnd, vnd), found.worth_vnd > 0);
    const said = [];
    if (action === "pin") said.push(element("p", say("pin_note")));
    if (!rows.children.length) said.push(element("p", say("unchanged"), "muted"));
    else { table.append(rows); said.push(table); }
    return said;
  }

  at("decide-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!ready || busy) return;
    const { action, rows } = pending, more = wanted();
    decideBox.close();
    grid.focus();
    if (action === "edit") await change(rows, more); else await send(action, rows, more);
  });
  decideBox.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.tagName === "SELECT") { event.preventDefault(); at("decide-form").requestSubmit(); }
  });
  let later = 0;
  decideBox.addEventListener("input", () => { clearTimeout(later); allow(false); later = setTimeout(preview, 250); });

  async function change(rows, more) {
    if (busy) return;
    busy = true;
    mark(true);
    const good = [], refused = [];
    try {
      const content = JSON.stringify({ ...more.change, ...(more.note ? { note: more.note } : {}) });
      for (const [n, row] of rows.entries()) {
        if (n) report(say("saving", { n: `${number(n + 1)}/${number(rows.length)}` }), [], false);
        const headers = { "content-type": "application/json", "x-csrf-token": root.dataset.token, "idempotency-key": crypto.randomUUID(), "if-match": `W/"${items.version[row]}"` };
        const answer = await fetch(`/api/v1/proposal-items/${items.uid[row]}`, { method: "PATCH", headers, body: content });
        if (answer.ok) good.push(row); else refused.push(await answer.json());
      }
      await refresh();
      show();
      report(good.length ? say(rows.length > 1 ? "edited_many" : "edited", { n: number(good.length) }) : "", refused, good.length > 0);
    } catch {
      await refresh().catch(() => 0);
      report("", [{ detail: say("offline") }], false);
    } finally {
      if (good.length) log.push(good);
      busy = false;
      mark(false);
    }
  }

  function act(name) {
    if (!decides || busy || !items) return;
    if (name === "approve") send("approve", targets());
    else if (name === "undo") undo();
    else open(name);
  }

  /* Moving and choosing */
  function move(to, extend) {
    cursor = Math.min(Math.max(0, to), order.length - 1);
    if (extend) for (let n = Math.min(anchor, cursor); n <= Math.max(anchor, cursor); n += 1) picked.add(order[n]);
    else anchor = cursor;
    show();
  }
  function choose(row) {
    if (picked.has(row)) picked.delete(row); else picked.add(row);
    show();
  }
  function all() {
    if (picked.size === order.length) picked.clear(); else for (const row of order) picked.add(row);
    show();
  }
  function clear() {
    for (const id of ["q", "stage", "day"]) at(id).value = "";
    trip = null;
    arrange(order[cursor] ?? null);
  }
  function onlyTrip(name) {
    trip = trip === name ? null : name;
    arrange(order[cursor] ?? null);
  }

  const keys = {
    j: (e) => move(cursor + 1, e.shiftKey), k: (e) => move(cursor - 1, e.shiftKey), ArrowDown: (e) => move(cursor + 1, e.shiftKey), ArrowUp: (e) => move(cursor - 1, e.shiftKey),
    PageDown: (e) => move(cursor + 10, e.shiftKey), PageUp: (e) => move(cursor - 10, e.shiftKey), Home: (e) => move(0, e.shiftKey), End: (e) => move(order.length - 1, e.shiftKey),
    x: () => order.length && choose(order[cursor]), " ": () => order.length && choose(order[cursor]), a: () => act("approve"), r: () => act("reject"), p: () => act("pin"), e: () => act("edit"), u: () => act("undo"),
    t: () => { const names = items.trips[order[cursor]] || []; if (names.length || trip !== null) onlyTrip(trip === null ? names[0] : trip); },
    "/": () => at("q").focus(), "?": () => at("keys").showModal(),
    Escape: () => { if (picked.size) { picked.clear(); show(); } else clear(); },
  };
  document.addEventListener("keydown", (event) => {
    if (!items || document.querySelector("dialog[open]")) return;
    const field = event.target.closest("input, select, textarea, .leaflet-container");
    if (field) {
      if (event.key === "Escape" || (event.key === "Enter" && field.id === "q")) { event.preventDefault(); field.blur(); grid.focus(); }
      return;
    }
    if (event.target.closest("button, a, summary") && [" ", "Enter"].includes(event.key)) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "a") { event.preventDefault(); all(); return; }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!keys[key]) return;
    event.preventDefault();
    keys[key](event);
  });
  body.addEventListener("click", (event) => {
    const made = event.target.closest("tr");
    if (!made) return;
    const row = Number(made.dataset.row), place = rank.get(row);
    if (event.target.closest(".pick") || event.ctrlKey || event.metaKey) { cursor = anchor = place; choose(row); } else move(place, event.shiftKey);
  });
  for (const button of document.querySelectorAll("[data-act]")) button.addEventListener("click", () => act(button.dataset.act));
  at("toast-undo").addEventListener("click", undo);
  grid.tHead.addEventListener("click", (event) => {
    const head = event.target.closest("th[data-key]");
    if (!head) return;
    sorted = { key: head.dataset.key, down: sorted.key === head.dataset.key && !sorted.down };
    arrange(order[cursor] ?? null);
  });
  at("sort").addEventListener("input", () => { sorted = { key: at("sort").value, down: false }; arrange(); });
  for (const id of ["stage", "day"]) at(id).addEventListener("input", () => arrange());
  let typed = 0;
  at("q").addEventListener("input", () => { clearTimeout(typed); typed = setTimeout(arrange, 120); });
  at("clear").addEventListener("click", clear);
  scroller.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
  addEventListener("resize", draw);
  for (const button of document.querySelectorAll("[data-view]")) button.addEventListener("click", () => {
    root.dataset.view = button.dataset.view;
    for (const other of document.querySelectorAll("[data-view][aria-pressed]")) other.setAttribute("aria-pressed", String(other === button));
    root.dispatchEvent(new CustomEvent("board:seen"));
  });
  for (const button of document.querySelectorAll("[data-open]")) button.addEventListener("click", () => at(button.dataset.open).showModal());
  for (const button of document.querySelectorAll("[data-close-dialog]")) button.addEventListener("click", () => button.closest("dialog").close());
  root.addEventListener("board:choose-trip", (event) => {
    const rows = ofTrip.get(event.detail) || [];
    if (!rows.length) return;
    if (!rows.some((row) => rank.has(row))) clear();
    picked.clear();
    for (const row of rows) if (rank.has(row)) picked.add(row);
    cursor = anchor = rank.get(rows[0]) ?? 0;
    show();
  });
  setInterval(async () => {
    if (busy || !items) return;
    const changed = await refresh().catch(() => 0);
    if (changed) { show(); report(say("changed_by", { n: number(changed) }), [], false); }
  }, 15_000);
  root.dataset.view = "list";
  load().then(() => { root.dataset.ready = "1"; grid.focus({ preventScroll: true }); }, (error) => { at("count").textContent = say("failed", { why: error.message }); });
})();
