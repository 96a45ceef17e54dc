"use strict";
/* The map and the timeline of a plan. Both show the trips of what is chosen in the grid, and choose a trip's proposals when it is clicked. */
(() => {
  const root = document.getElementById("board");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  let told = null, chosen = { trips: new Set(), day: null }, map = null, lines = null, day = null, drawn = null;
  const shown = new Map();

  root.addEventListener("board:ready", (event) => { told = event.detail; drawDays(); drawMap(); });
  root.addEventListener("board:chosen", (event) => {
    chosen = event.detail;
    if (!told) return;
    if (chosen.trips.size && !onDay(day).some((trip) => chosen.trips.has(told.trips.number[trip]))) day = chosen.day ?? day;
    drawChosen();
    drawTimeline();
  });
  root.addEventListener("board:seen", () => { if (map) { map.invalidateSize(); fit(); } drawTimeline(); });
  const choose = (trip) => root.dispatchEvent(new CustomEvent("board:choose-trip", { detail: trip }));
  const stopsOf = (trip) => {
    const flat = told.trips.stops[trip], stops = [];
    for (let n = 0; n < flat.length; n += 3) stops.push({ site: flat[n], from: flat[n + 1], stays: flat[n + 2] });
    return stops;
  };
  const placeOf = (site) => [told.sites[site][2], told.sites[site][3]];

  /* Map: places and ways from our own data over a grid of degrees; tiles where the settings name some */
  function drawMap() {
    if (!told.sites.length) { document.getElementById("map").hidden = true; return; }
    map = L.map("map", { preferCanvas: true, attributionControl: Boolean(root.dataset.tilesBy), zoomSnap: 0.25 });
    if (root.dataset.tiles) L.tileLayer(root.dataset.tiles, { attribution: root.dataset.tilesBy, maxZoom: 17 }).addTo(map);
    fit();
    graticule();
    const all = told.trips.number.map((_, trip) => stopsOf(trip).map((stop) => placeOf(stop.site)));
    L.polyline(all, { color: colour("--field"), weight: 1, opacity: 0.35, interactive: false }).addTo(map);
    lines = L.polyline([], { color: colour("--accent"), weight: 4, opacity: 0.9, interactive: false }).addTo(map);
    const kinds = { cooperative: "--accent", buyer: "--info", hub: "--warn", depot: "--muted" };
    for (const [name, kind, lat, lon] of told.sites) {
      L.circleMarker([lat, lon], { radius: 6, weight: 2, color: colour("--surface"), fillColor: colour(kinds[told.kinds[kind]]), fillOpacity: 1 }).bindTooltip(text(name)).addTo(map);
    }
    map.on("click", (event) => { const trip = nearest(event.containerPoint); if (trip !== null) choose(told.trips.number[trip]); });
    drawChosen();
  }
  /* A tooltip takes an element, so that no name is ever read as markup. */
  const text = (name) => { const made = document.createElement("span"); made.textContent = name; return made; };
  const fit = () => map.fitBounds(L.latLngBounds(told.sites.map(([, , lat, lon]) => [lat, lon])).pad(0.08), { animate: false });
  function graticule() {
    const box = L.latLngBounds(told.sites.map(([, , lat, lon]) => [lat, lon])).pad(0.5);
    const edge = L.latLngBounds(told.sites.map(([, , lat, lon]) => [lat, lon])).pad(0.07);
    const span = Math.max(box.getEast() - box.getWest(), box.getNorth() - box.getSouth());
    const step = [0.05, 0.1, 0.25, 0.5, 1, 2, 5].find((one) => span / one < 7) || 10;
    const style = { color: colour("--line"), weight: 1, interactive: false };
    const label = (at, degrees) => L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: "degrees", html: text(`${degrees.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 })}°`), iconSize: [48, 14] }) }).addTo(map);
    for (let lat = Math.ceil(box.getSouth() / step) * step; lat < box.getNorth(); lat += step) { L.polyline([[lat, box.getWest()], [lat, box.getEast()]], style).addTo(map); label([lat, edge.getWest()], lat); }
    for (let lon = Math.ceil(box.getWest() / step) * step; lon < box.getEast(); lon += step) { L.polyline([[box.getSouth(), lon], [box.getNorth(), lon]], style).addTo(map); label([edge.getSouth(), lon], lon); }
  }
  function drawChosen() {
    if (!lines) return;
    lines.setLatLngs([...chosen.trips].filter((name) => told.tripAt.has(name)).map((name) => stopsOf(told.tripAt.get(name)).map((stop) => placeOf(stop.site))));
  }
  function nearest(point) {
    let best = null, least = 12;
    told.trips.number.forEach((_, trip) => {
      const points = stopsOf(trip).map((stop) => map.latLngToContainerPoint(placeOf(stop.site)));
      for (let n = 1; n < points.length; n += 1) {
        const away = L.LineUtil.pointToSegmentDistance(point, points[n - 1], points[n]);
        if (away < least) { least = away; best = trip; }
      }
    });
    return best;
  }

  /* Timeline: one bar a trip, one lane a truck that is under way at the same time */
  const SHAPE = "http://www.w3.org/2000/svg", LANE = 18, LEFT = 76;
  const svg = (name, about = {}, text_ = "") => {
    const made = document.createElementNS(SHAPE, name);
    for (const [key, value] of Object.entries(about)) made.setAttribute(key, value);
    if (text_) made.textContent = text_;
    return made;
  };
  const timed = (trip) => told.trips.stops[trip].length > 0 && told.trips.stops[trip][1] >= 0;
  const startDay = (trip) => Math.floor(told.trips.stops[trip][1] / 1440);
  const onDay = (wanted) => told.trips.number.map((_, trip) => trip).filter((trip) => timed(trip) && startDay(trip) === wanted);

  function drawDays() {
    const counts = new Map();
    told.trips.number.forEach((_, trip) => { if (timed(trip)) counts.set(startDay(trip), (counts.get(startDay(trip)) || 0) + 1); });
    const box = document.getElementById("days");
    box.replaceChildren(...[...counts].sort((a, b) => a[0] - b[0]).map(([number, count]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "small";
      button.dataset.day = number;
      button.textContent = `${told.longDay(number)} (${count})`;
      button.addEventListener("click", () => { day = number; drawTimeline(); });
      return button;
    }));
    day = counts.size ? Math.min(...counts.keys()) : null;
  }

  function drawTimeline() {
    for (const button of document.querySelectorAll("#days button")) button.setAttribute("aria-pressed", String(Number(button.dataset.day) === day));
    const box = document.getElementById("timeline");
    if (day === null) { box.replaceChildren(); return; }
    if (drawn === `${day} ${box.clientWidth}`) { markChosen(box); return; }
    drawn = `${day} ${box.clientWidth}`;
    shown.clear();
    const bars = onDay(day).map((trip) => { const stops = stopsOf(trip), last = stops[stops.length - 1]; return { trip, from: stops[0].from - day * 1440, until: last.from + last.stays - day * 1440, truck: told.trips.truck[trip] }; });
    bars.sort((a, b) => a.truck - b.truck || a.from - b.from);
    const lanes = [];
    for (const bar of bars) {
      bar.lane = lanes.findIndex((lane) => lane.truck === bar.truck && lane.until <= bar.from);
      if (bar.lane < 0) { bar.lane = lanes.length; lanes.push({ truck: bar.truck, until: 0 }); }
      lanes[bar.lane].until = bar.until;
    }
    const first = Math.floor(Math.min(...bars.map((bar) => bar.from)) / 60), last = Math.ceil(Math.max(...bars.map((bar) => bar.until)) / 60);
    const width = Math.max(320, box.clientWidth - 4), scale = (width - LEFT - 8) / Math.max(1, (last - first) * 60), tall = lanes.length * LANE + 24;
    const x = (minute) => LEFT + (minute - first * 60) * scale;
    const picture = svg("svg", { width, height: tall, viewBox: `0 0 ${width} ${tall}`, role: "img", "aria-label": document.getElementById("days-head").textContent });
    const every = [1, 2, 3, 4, 6, 12].find((hours) => hours * 60 * scale > 34) || 12;
    for (let hour = first; hour <= last; hour += every) { picture.append(svg("line", { x1: x(hour * 60), x2: x(hour * 60), y1: 18, y2: tall, class: "hour" }), svg("text", { x: x(hour * 60), y: 12, class: "hour-text" }, `${String(hour % 24).padStart(2, "0")}h`)); }
    lanes.forEach((lane, n) => { if (!n || lanes[n - 1].truck !== lane.truck) picture.append(svg("text", { x: 2, y: 24 + n * LANE + 12, class: "truck-text" }, told.trips.trucks[lane.truck])); });
    for (const bar of bars) {
      const name = told.trips.number[bar.trip];
      const made = svg("rect", { x: x(bar.from), y: 24 + bar.lane * LANE + 2, width: Math.max(3, (bar.until - bar.from) * scale), height: LANE - 4, rx: 3, class: "bar-trip" });
      made.append(svg("title", {}, `${told.say("trip", { n: name })} · ${told.trips.trucks[bar.truck]} · ${told.trips.km[bar.trip]} km · ${told.vnd(told.trips.cost[bar.trip])}`));
      made.addEventListener("click", () => { at = name; markAt(); choose(name); });
      picture.append(made);
      shown.set(name, { made, lane: bar.lane });
    }
    box.replaceChildren(picture);
    along = bars.map((bar) => told.trips.number[bar.trip]);
    if (!along.includes(at)) at = null;
    markChosen(box);
    markAt();
    document.getElementById("trucks").textContent = told.say("trucks", { n: told.number(bars.length), most: told.number(lanes.length) });
  }
  /* The timeline's own keys: j k or arrows along the trips of the day, left and right to other days, Enter chooses the trip everywhere */
  let along = [], at = null;
  function markAt(intoView = false) {
    for (const [name, bar] of shown) bar.made.classList.toggle("at", name === at);
    const bar = shown.get(at);
    if (!bar || !intoView) return;
    const box = document.getElementById("timeline"), top = 24 + bar.lane * LANE;
    if (top < box.scrollTop + 24) box.scrollTop = top - 24;
    else if (top + LANE > box.scrollTop + box.clientHeight) box.scrollTop = top + LANE - box.clientHeight;
    document.getElementById("trucks").textContent = bar.made.textContent;
  }
  function go(place) {
    if (!along.length) return;
    at = along[Math.min(Math.max(0, place), along.length - 1)];
    markAt(true);
  }
  function otherDay(step) {
    const days = [...document.querySelectorAll("#days button")].map((button) => Number(button.dataset.day)), place = days.indexOf(day) + step;
    if (place < 0 || place >= days.length) return;
    day = days[place];
    at = null;
    drawTimeline();
    go(0);
  }
  const place = () => { const mine = along.indexOf(at); return mine >= 0 ? mine : along.findIndex((name) => chosen.trips.has(name)); };
  const keys = {
    j: () => go(place() + 1), ArrowDown: () => go(place() + 1), k: () => go(place() - 1), ArrowUp: () => go(place() - 1), Home: () => go(0), End: () => go(along.length - 1),
    ArrowLeft: () => otherDay(-1), ArrowRight: () => otherDay(1), Enter: () => { if (at !== null) choose(at); }, " ": () => { if (at !== null) choose(at); },
  };
  document.getElementById("timeline").addEventListener("keydown", (event) => {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!told || !keys[key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    keys[key]();
  });
  let marked = [];
  function markChosen(box) {
    for (const bar of marked) bar.made.classList.remove("chosen");
    marked = [...chosen.trips].map((name) => shown.get(name)).filter(Boolean);
    for (const bar of marked) bar.made.classList.add("chosen");
    if (marked.length) box.scrollTop = Math.max(0, Math.min(...marked.map((bar) => bar.lane)) * LANE - box.clientHeight / 2);
  }
  addEventListener("resize", () => { if (told) drawTimeline(); });
})();
